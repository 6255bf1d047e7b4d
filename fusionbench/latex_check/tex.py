r"""LaTeX source: groups and arguments, macros and tables, and what commands do to text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fusionbench.errors import FusionBenchError

ARGUMENTS = {
    "tabular": 1, "tabular*": 2, "tabularx": 2, "tabulary": 2, "longtable": 1, "array": 1,
    "supertabular": 1, "tblr": 1, "NiceTabular": 1, "tabu": 1,
}  # fmt: skip
FLOATS = ("table", "table*", "sidewaystable", "sidewaystable*", "wraptable")
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
_VERBATIM = re.compile(r"\\begin\{(verbatim\*?|lstlisting|comment)\}.*?\\end\{\1\}", re.S)
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([A-Za-z]+\*?)\}")
_INPUT = re.compile(r"\\(?:input|include|subfile)\s*\{([^}]+)\}")
_DEFINITION = re.compile(
    r"\\(?:re|provide)?newcommand\*?\s*\{?\s*\\([A-Za-z]+)\s*\}?\s*(?:\[(\d)\])?\s*(?=\{)"
    r"|\\DeclareRobustCommand\*?\s*\{?\s*\\([A-Za-z]+)\s*\}?\s*(?:\[(\d)\])?\s*(?=\{)"
    r"|\\def\s*\\([A-Za-z]+)\s*((?:#\d)*)\s*(?=\{)"
)


@dataclass(frozen=True)
class Macro:
    """A user's command: how many arguments it takes, and its body with ``#1``, ``#2``, ..."""

    arguments: int
    body: str


@dataclass(frozen=True)
class Tabular:
    """One table's source: the text between ``begin`` (and its arguments) and ``end``."""

    start: int
    body_start: int
    body_end: int
    label: str


@dataclass
class Source:
    """One file: its text with comments blanked (offsets unchanged)."""

    path: Path
    text: str
    _starts: list[int] = field(default_factory=list, repr=False)

    def line(self, offset: int) -> int:
        """The line number, from 1, of an offset."""
        if not self._starts:
            self._starts = [0, *(m.end() for m in re.finditer("\n", self.text))]
        return bisect_right(self._starts, offset)

    def tabulars(self) -> Iterator[Tabular]:
        """Every table-like environment, inner ones too, in the order of their ends.

        Raises:
            FusionBenchError: One is not closed.
        """
        opened: list[tuple[str, int, int]] = []
        for found in _ENVIRONMENT.finditer(self.text):
            word, name = found.groups()
            if name not in ARGUMENTS and name not in FLOATS:
                continue
            if word == "begin":
                opened.append((name, found.start(), found.end()))
            elif opened and opened[-1][0] == name:
                _, start, after = opened.pop()
                if name in ARGUMENTS:
                    body = _skip_arguments(self.text, after, ARGUMENTS[name])
                    label = self._label(opened, found.end())
                    yield Tabular(start, body, found.start(), label)
            else:
                self._unbalanced(found.start(), rf"\end{{{name}}} without its \begin")
        if opened:
            self._unbalanced(opened[-1][1], rf"\begin{{{opened[-1][0]}}} is not closed")

    def _label(self, opened: list[tuple[str, int, int]], end: int) -> str:
        outer = next((start for name, start, _ in reversed(opened) if name in FLOATS), None)
        if outer is None:
            return ""
        close = re.compile(r"\\end\s*\{(?:sideways|wrap)?table\*?\}").search(self.text, end)
        found = re.search(
            r"\\label\s*\{([^}]*)\}", self.text[outer : close.start() if close else end]
        )
        return found[1] if found else ""

    def _unbalanced(self, offset: int, what: str) -> None:
        raise FusionBenchError(f"{self.path}:{self.line(offset)}: {what}; check that it compiles")


def read(path: Path) -> Source:
    """Read a file, its comments and verbatim parts blanked.

    Raises:
        FusionBenchError: There is no such file.
    """
    if not path.is_file():
        raise FusionBenchError(f"{path}: there is no such file; expected a paper's .tex file")
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    text = text.replace("\r\n", "\n")
    text = _COMMENT.sub(lambda m: m[1] + " " * (len(m[0]) - len(m[1])), text)
    return Source(path, _VERBATIM.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text))


def read_all(path: Path) -> tuple[list[Source], list[str]]:
    r"""A paper and what it takes in with ``\input`` and ``\include``; and what was not found.

    Raises:
        FusionBenchError: The paper itself is not there.
    """
    sources, missing, waiting, seen = [read(path)], [], [path], {path.resolve()}
    while waiting:
        current = next(s for s in sources if s.path == waiting[0])
        waiting.pop(0)
        for found in _INPUT.finditer(current.text):
            name = path.parent / found[1].strip()
            file = name if name.is_file() else name.with_name(name.name + ".tex")
            if not file.is_file():
                missing.append(f"{current.path}:{current.line(found.start())}: no file {name}")
            elif file.resolve() not in seen:
                seen.add(file.resolve())
                sources.append(read(file))
                waiting.append(file)
    return sources, missing


def macros(sources: list[Source]) -> dict[str, Macro]:
    r"""Commands defined with ``\newcommand``, its relatives, or ``\def``."""
    found = {}
    for source in sources:
        for match in _DEFINITION.finditer(source.text):
            name = match[1] or match[3] or match[5]
            count = int(match[2] or match[4] or 0) or (match[6] or "").count("#")
            found[name] = Macro(count, group(source.text, match.end())[0])
    return found


def group(text: str, start: int) -> tuple[str, int]:
    """The content of the braces that open at ``start``, and the offset after them."""
    depth, place = 0, start
    while place < len(text):
        if text[place] == "\\":
            place += 2
            continue
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        place += 1
        if depth == 0:
            return text[start + 1 : place - 1], place
    return text[start + 1 :], len(text)


def argument(text: str, start: int) -> tuple[str, int]:
    """The next argument, braced or a single token, and the offset after it."""
    while start < len(text) and text[start].isspace():
        start += 1
    if start < len(text) and text[start] == "{":
        return group(text, start)
    found = re.compile(r"\\[A-Za-z]+|\\.|.", re.S).match(text, start)
    return (found[0], found.end()) if found else ("", start)


def option(text: str, start: int, brackets: str = "[]") -> int:
    """The offset after an optional argument, or ``start`` where there is none."""
    place = start
    while place < len(text) and text[place] in " \t":
        place += 1
    if place < len(text) and text[place] == brackets[0]:
        end = text.find(brackets[1], place)
        return end + 1 if end >= 0 else start
    return start


def _skip_arguments(text: str, start: int, count: int) -> int:
    for _ in range(count):
        start = argument(text, option(text, start))[1]
    return start


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
    """Reads the source of one cell; knows afterwards how many columns and rows it covers."""

    pieces: list[Piece] = field(default_factory=list)
    span: int = 1
    rows: int = 1
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
        elif name in ("color", "cellcolor"):
            colour, place = argument(text, option(text, place))
            if name == "color":
                return place, _coloured(marks, colour)
            self.cell_marks.add(f"on {colour.strip()}")
        elif name in DROPPED:
            for _ in range(DROPPED[name]):
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
        elif unknown:
            style = marks | {f"\\{name}"}
        self.read(inner, style, script, depth + 1)
        return place, marks


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
            given, after = argument(text, after)
            body = body.replace(f"#{number}", given)
        text = f"{text[:place]}{body} {text[after:].lstrip()}"
    return text


def _coloured(marks: frozenset[str], colour: str) -> frozenset[str]:
    name = colour.strip()
    return marks if name.casefold() == "black" else marks | {name}


def _whole(text: str, default: int) -> int:
    try:
        return int(text)
    except ValueError:
        return default
