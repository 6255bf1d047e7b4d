"""The text of a cell in pieces of one style each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fusionbench.report.latex_checking import commands as c
from fusionbench.report.latex_checking.source import Macro, argument, option

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
        if name in c.SYMBOLS:
            self.add(c.SYMBOLS[name], marks, script)
        elif name in c.SWITCHES:
            marks |= c.SWITCHES[name]
        elif name in ("color", "cellcolor"):
            colour, place = argument(text, option(text, place))
            if name == "color":
                return place, _coloured(marks, colour)
            self.cell_marks.add(f"on {colour.strip()}")
        elif name in c.DROPPED:
            for _ in range(c.DROPPED[name]):
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
        known = name in c.MARKED or name in c.BOXES
        unknown = not known and name not in c.TRANSPARENT
        if not known and not text[option(text, place) :].lstrip().startswith("{"):
            return place, marks
        before = []
        for _ in range(c.BOXES.get(name, 0)):
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
        elif name in c.MARKED:
            style = marks | {c.MARKED[name]}
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
