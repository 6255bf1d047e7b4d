r"""What a reader sees of a cell's or a caption's source: its text in pieces of one style each."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fusionbench.latex_check.tex import ARGUMENTS, Macro, argument, option

MARKED = {
    **dict.fromkeys(("textbf", "mathbf", "bm", "boldsymbol", "pmb", "bold", "B"), "bold"),
    **dict.fromkeys(("underline", "uline", "ul", "underbar"), "underlined"),
    **dict.fromkeys(("textit", "emph", "mathit", "textsl"), "italic"),
    **{"uuline": "doubly underlined", "dashuline": "dashed", "uwave": "wavy", "fbox": "boxed"},
    **{"textcolor": "", "colorbox": "", "hl": "highlighted", "texthl": "highlighted"},
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
    "fcolorbox": 2, "href": 1, "SI": 0, "qty": 0, "hyperref": 0, "parbox": 1, "makebox": 0,
}  # fmt: skip
DROPPED = {
    **dict.fromkeys(("cite", "citep", "citet", "citealp", "onlinecite", "ref", "eqref"), 1),
    **dict.fromkeys(("cref", "autoref", "label", "hspace", "vspace", "phantom", "hphantom"), 1),
    **dict.fromkeys(
        ("vphantom", "ding", "footnote", "tnote", "tablefootnote", "rowcolor", "url"), 1
    ),
    **dict.fromkeys(("caption", "fontsize", "selectfont", "footnotemark"), 0),
    **dict.fromkeys(("fontshape", "fontfamily", "fontencoding", "usefont", "input", "bibitem"), 1),
    **{"caption": 1, "fontsize": 2, "setlength": 2, "rule": 2, "begin": 1, "end": 1},
    **{"arraystretch": 0, "renewcommand": 2, "cellcolor": 1, "SetRow": 1, "SetRows": 1},
    **{"rule": 2, "kern": 0, "index": 1, "mask": 0, "rowfont": 1, "columncolor": 1},
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
    **{"up": "↑", "down": "↓", "faArrowUp": "↑", "faArrowDown": "↓", "uparrows": "↑"},
    **{"blacktriangle": "↑", "blacktriangledown": "↓", "bigtriangleup": "↑"},
    **{"bigtriangledown": "↓", "leq": "≤", "geq": "≥", "le": "≤", "ge": "≥", "approx": "≈"},
    **{"alpha": "α", "beta": "β", "delta": "δ", "Delta": "Δ", "lambda": "λ", "textmu": "µ"},
    **{"degree": "°", "textpercent": "%", "textless": "<", "textgreater": ">"},
    **{"textasciitilde": "~", "textunderscore": "_", "mid": "|", "vert": "|", "sim": "~"},
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
    **{
        "setlength": 2,
        "vspace": 1,
        "tabularnewline": 0,
        "centering": 0,
        "small": 0,
        "pagebreak": 0,
    },
    **{"nopagebreak": 0, "defaultaddspace": 0, "belowrulesepcolor": 1, "aboverulesepcolor": 1},
    **{"hhline": 1, "tabucline": 1, "rowcolors": 3, "showrowcolors": 0, "hiderowcolors": 0},
    **{"global": 0, "input": 1, "hskip": 0, "SetRow": 1, "SetHline": 2, "footnotesize": 0},
}


DEEPEST = 20
MOST_EXPANSIONS = 50
_COMMAND = re.compile(r"\\([A-Za-z]+\*?|.)", re.S)


@dataclass(frozen=True)
class Piece:
    """A run of text in one style; ``script`` is ``^``, ``_`` or empty."""

    text: str
    marks: frozenset[str]
    script: str = ""


@dataclass
class Reader:
    """Reads the source of one cell; knows afterwards how many columns and rows it covers.

    ``over`` columns are covered by a cell that is followed by empty ones (tabularray's way).
    """

    pieces: list[Piece] = field(default_factory=list)
    span: int = 1
    rows: int = 1
    over: int = 1
    cell_marks: set[str] = field(default_factory=set)

    def read(self, text: str, marks: frozenset[str], script: str = "", depth: int = 0) -> None:
        """Add the pieces of some source; switches in it hold until its end."""
        place = 0
        while place < len(text) and depth < DEEPEST:
            char = text[place]
            if char == "\\":
                place, marks = self._command(text, place, marks, script, depth)
            elif char == "{":
                inner, place = argument(text, place)
                self.read(inner, marks, script, depth + 1)
            elif char in "^_":
                inner, place = argument(text, place + 1)
                self.read(inner, marks, char, depth + 1)
            else:
                place += 1
                if char not in "$}":
                    self.add(" " if char in "~&\n\t" else char, marks, script)

    def add(self, text: str, marks: frozenset[str], script: str) -> None:
        """Add a piece."""
        self.pieces.append(Piece(text, marks, script))

    def _command(
        self, text: str, place: int, marks: frozenset[str], script: str, depth: int
    ) -> tuple[int, frozenset[str]]:
        found = _COMMAND.match(text, place)
        if found is None:
            return place + 1, marks
        name, place = found[1], found.end()
        name = name.rstrip("*")
        if name in SYMBOLS:
            self.add(SYMBOLS[name], marks, script)
        elif name in SWITCHES:
            marks |= SWITCHES[name]
        elif name == "fontseries":
            series, place = argument(text, place)
            return place, marks | {"bold"} if "b" in series else marks - {"bold"}
        elif name in ("color", "cellcolor"):
            colour, place = argument(text, option(text, place))
            if name == "color":
                return place, _coloured(marks, colour)
            self.cell_marks.add(f"on {colour.strip()}")
        elif name == "SetCell":
            place = self._set_cell(text, place)
        elif name in DROPPED:
            given = ""
            for _ in range(DROPPED[name]):
                given, place = argument(text, option(text, place))
            if name == "begin":
                for _ in range(ARGUMENTS.get(given, 0)):
                    place = argument(text, option(text, place))[1]
            if name in ("footnotemark", "footnote", "tnote", "tablefootnote"):
                place = option(text, place)
                self.add("*", marks, "^")
        elif name in ("textsuperscript", "textsubscript"):
            inner, place = argument(text, place)
            self.read(inner, marks, "^" if name == "textsuperscript" else "_", depth + 1)
        else:
            return self._styled(name, text, place, marks, script, depth)
        return place, marks

    def _set_cell(self, text: str, place: int) -> int:
        """Tabularray's command: how far the cell reaches, its font and its colours."""
        after = option(text, place)
        reach, (look, end) = text[place:after], argument(text, after)
        self.rows = _whole(_given(reach, "r"), 1)
        self.over = _whole(_given(reach, "c"), 1)
        if re.search(r"\\(?:bfseries|bf)\b", look):
            self.cell_marks.add("bold")
        if colour := _given(look, "fg"):
            self.cell_marks |= _coloured(frozenset(), colour)
        if colour := _given(look, "bg"):
            self.cell_marks.add(f"on {colour}")
        return end

    def _styled(
        self, name: str, text: str, place: int, marks: frozenset[str], script: str, depth: int
    ) -> tuple[int, frozenset[str]]:
        """A command that shows its last argument: in some style, in a box, or unknown here."""
        known = name in MARKED or name in BOXES
        unknown = not known and name not in TRANSPARENT
        if not known and not text[option(text, place) :].lstrip().startswith("{"):
            return place, marks
        before = []
        for _ in range(BOXES.get(name, 0)):
            given, place = argument(text, option(text, place))
            before.append(given)
        while (after := option(text, place)) != place:
            place = after
        inner, place = argument(text, place)
        if name == "multicolumn":
            self.span = _whole(before[0], 1)
        elif name == "multirow":
            self.rows = _whole(before[0], 1)
        style = marks
        if name in ("textcolor", "colorbox"):
            colour = before[0].strip()
            style = _coloured(marks, colour) if name == "textcolor" else marks | {f"on {colour}"}
        elif name in MARKED:
            style = marks | {MARKED[name]}
        several = unknown and text[place : place + 1] == "{"
        if unknown and not several:
            style = marks | {f"\\{name}"}
        self.read(inner, style, script, depth + 1)
        if several:
            # what an unknown command's further arguments are is unknown: they are no part of it
            inner, place = argument(text, place)
            self.add(" ± ", marks, script)
            self.read(inner, marks, script, depth + 1)
        return place, marks


def read_text(source: str, macros: Mapping[str, Macro]) -> Reader:
    """Read a cell's or a caption's source."""
    reader = Reader()
    reader.read(expand(source, macros), frozenset())
    return reader


def expand(text: str, macros: Mapping[str, Macro]) -> str:
    """The text with the user's commands replaced by what they stand for."""
    place = 0
    for _ in range(MOST_EXPANSIONS):
        found = next((m for m in _COMMAND.finditer(text, place) if m[1] in macros), None)
        if found is None:
            break
        macro, place, after = macros[found[1]], found.start(), found.end()
        body = macro.body
        for number in range(1, macro.arguments + 1):
            if number == 1 and macro.default is not None:
                end = option(text, after)
                given = text[after:end].strip()[1:-1] if end != after else macro.default
                after = end
            else:
                given, after = argument(text, after)
            body = body.replace(f"#{number}", given)
        text = f"{text[:place]}{body} {text[after:].lstrip()}"
    return text


def _coloured(marks: frozenset[str], colour: str) -> frozenset[str]:
    name = colour.strip()
    return marks if hue(name) == "black" else marks | {name}


HUES = ("red", "blue", "green", "orange", "yellow", "cyan", "purple", "magenta", "pink", "brown")
_SHADES = {
    **{"crimson": "red", "maroon": "red", "navy": "blue", "teal": "cyan", "violet": "purple"},
    **{"lime": "green", "olive": "green", "gray": "gray", "grey": "gray", "black": "black"},
}
_WHEEL = ((20, "red"), (45, "orange"), (70, "yellow"), (165, "green"), (195, "cyan"))
_WHEEL_ON = ((265, "blue"), (335, "purple"), (361, "red"))


def hue(colour: str) -> str:
    """A colour's family in one word, whether it is named or given in numbers; else nothing."""
    name = colour.casefold().removeprefix("on ").strip()
    numbers = _rgb(name)
    if numbers is None:
        words = [w for part in name.split("!") for w in (*HUES, *_SHADES) if w in part]
        return _SHADES.get(words[0], words[0]) if words else ""
    turn, light, strong = colorsys.rgb_to_hls(*numbers)
    if strong < 0.15 or not 0.02 < light < 0.98:
        return "black" if light < 0.2 else "gray"
    return next(word for limit, word in (*_WHEEL, *_WHEEL_ON) if turn * 360 < limit)


def _rgb(name: str) -> tuple[float, float, float] | None:
    if re.fullmatch(r"#?[0-9a-f]{6}", name):
        name = ",".join(str(int(name[-6:][i : i + 2], 16)) for i in (0, 2, 4))
    parts = [part.strip() for part in name.split(",")]
    if len(parts) != 3 or not all(re.fullmatch(r"\d*\.?\d+", part) for part in parts):
        return None
    red, green, blue = (float(part) for part in parts)
    most = 255.0 if max(red, green, blue) > 1 else 1.0
    return red / most, green / most, blue / most


def _given(text: str, key: str) -> str:
    """The value of a key in tabularray's options."""
    found = re.search(rf"(?:^|[\[,{{\s]){key}\s*=\s*([^,\]}}]+)", text)
    return found[1].strip() if found else ""


def _whole(text: str, default: int) -> int:
    try:
        return int(text)
    except ValueError:
        return default
