"""What LaTeX commands in a cell do to its text."""

from __future__ import annotations

MARKED = {
    **dict.fromkeys(("textbf", "mathbf", "bm", "boldsymbol", "pmb", "bold", "B"), "bold"),
    **dict.fromkeys(("underline", "uline", "ul", "underbar"), "underlined"),
    **dict.fromkeys(("textit", "emph", "mathit", "textsl"), "italic"),
    **{"uuline": "doubly underlined", "dashuline": "dashed", "uwave": "wavy", "fbox": "boxed"},
    **{"textcolor": "", "colorbox": ""},
}
SWITCHES: dict[str, frozenset[str]] = {
    **dict.fromkeys(("bf", "bfseries", "boldmath"), frozenset({"bold"})),
    **dict.fromkeys(("it", "itshape", "em", "sl", "slshape"), frozenset({"italic"})),
}
_SHOWN = """
text textrm mathrm mbox hbox num rlap llap clap textsf texttt textsc mathsf mathtt mathcal
operatorname ensuremath makecell shortstack thead textnormal textmd textup makebox parbox tiny
scriptsize footnotesize small normalsize large rm sf tt sc sffamily rmfamily ttfamily normalfont
centering raggedright raggedleft displaystyle left right noindent relax protect bigl bigr quad
qquad hfill hfil leavevmode strut smash mathop mathbin
"""
TRANSPARENT = frozenset(_SHOWN.split())
BOXES = {
    "multicolumn": 2, "multirow": 2, "rotatebox": 1, "scalebox": 1, "resizebox": 2, "raisebox": 1,
    "adjustbox": 1, "tabincell": 1, "textcolor": 1, "colorbox": 1, "multirowcell": 1,
}  # fmt: skip
DROPPED = {
    **dict.fromkeys(("cite", "citep", "citet", "citealp", "onlinecite", "ref", "eqref"), 1),
    **dict.fromkeys(("cref", "autoref", "label", "hspace", "vspace", "phantom", "hphantom"), 1),
    **dict.fromkeys(
        ("vphantom", "ding", "footnote", "tnote", "tablefootnote", "rowcolor", "url"), 1
    ),
    **dict.fromkeys(("caption", "fontsize", "selectfont", "footnotemark"), 0),
    **{"caption": 1, "fontsize": 2, "setlength": 2, "rule": 2, "begin": 1, "end": 1},
    **{"href": 1, "arraystretch": 0, "renewcommand": 2, "cellcolor": 1},
}
SYMBOLS = {
    **{"uparrow": "↑", "Uparrow": "↑", "textuparrow": "↑", "nearrow": "↑"},
    **{"downarrow": "↓", "Downarrow": "↓", "textdownarrow": "↓", "searrow": "↓"},
    **{"pm": "±", "textpm": "±", "times": "×", "texttimes": "×", "cdot": "·", "infty": "∞"},
    **{"dagger": "†", "dag": "†", "textdagger": "†", "ddagger": "‡", "ddag": "‡"},
    **{"textdaggerdbl": "‡", "ast": "*", "star": "*", "textasteriskcentered": "*", "S": "§"},
    **{"textendash": "–", "textemdash": "—", "textminus": "−", "sigma": "σ", "mu": "µ"},
    **{"%": "%", "&": "&", "#": "#", "_": "_", "$": "$", "{": "{", "}": "}"},
    **{"\\": " ", " ": " ", ";": " ", ":": " ", "newline": " ", "quad": " ", ",": "", "!": ""},
    **{"checkmark": "✓", "xmark": "✗", "ldots": "…", "slash": "/", "backslash": "/", "/": ""},
}
RULES = {
    **dict.fromkeys(("toprule", "midrule", "bottomrule", "hline", "hdashline", "thickhline"), 0),
    **{"Xhline": 1, "specialrule": 3, "firsthline": 0, "lasthline": 0, "dashmidrule": 0},
}
BESIDE_RULES = {
    **{"cmidrule": 1, "cline": 1, "cdashline": 1, "addlinespace": 0, "rowcolor": 1},
    **{"noalign": 1, "arrayrulecolor": 1, "morecmidrules": 0, "endhead": 0, "endfirsthead": 0},
    **{"endfoot": 0, "endlastfoot": 0, "caption": 1, "label": 1, "rowfont": 1, "renewcommand": 2},
    **{"setlength": 2, "vspace": 1, "tabularnewline": 0, "centering": 0, "small": 0},
}
