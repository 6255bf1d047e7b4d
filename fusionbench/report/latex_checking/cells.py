r"""One cell of a table: what it says, its number, and how the number is marked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fusionbench.report.latex_checking.source import Macro
from fusionbench.report.latex_checking.styling import Piece, Reader, expand

DASHES = {"-", "–", "—", "−", "--", "---", "/", "n/a", "na", "nan", "oom", "×", "x", "fail"}
_NUMBER = re.compile(r"^[\s*†‡§]*([+\-−–]?)\s*(\d[\d.,\s]*\d|\d|\.\d+|∞)(.*)$", re.S)
_REST = re.compile(r"±.*|\([^)]*\)|\[[^\]]*\]|[↑↓].*|[*†‡§¶#]+", re.S)
_POWER = re.compile(r"^\s*[×·]\s*10\s*$")


@dataclass(frozen=True)
class Cell:
    """A cell as a reader sees it.

    Attributes:
        text: All of its text.
        plain: The text without sub- and superscripts.
        value: Its number (without standard deviation, footnote and unit), if it is one.
        shown: That number as it is written.
        unit: What follows the number directly, such as ``M`` or ``%``.
        marks: What all digits of the number have in common: ``bold``, ``underlined``, ``red`` ...
        noted: Whether a footnote mark hangs on the number.
        span, rows: How many columns and rows it covers.
        line: Where it stands in its file.
    """

    text: str = ""
    plain: str = ""
    value: float | None = None
    shown: str = ""
    unit: str = ""
    marks: frozenset[str] = frozenset()
    noted: bool = False
    span: int = 1
    rows: int = 1
    line: int = 0

    @property
    def dash(self) -> bool:
        """Whether it says that there is no number."""
        return self.plain.casefold() in DASHES

    @property
    def blank(self) -> bool:
        """Whether it is empty."""
        return not self.text


def read_cell(source: str, macros: Mapping[str, Macro], line: int) -> Cell:
    """Read the source of one cell."""
    reader = Reader()
    reader.read(expand(source, macros), frozenset())
    pieces = reader.pieces
    text = " ".join("".join(p.text for p in pieces).split())
    body = "".join(p.text for p in pieces if not p.script)
    plain = " ".join(body.split())
    cell = Cell(text, plain, span=reader.span, rows=reader.rows, line=line)
    found = _NUMBER.match(body)
    if found is None:
        return cell
    number = _number(found[1], found[2])
    power = _POWER.match(found[3])
    scripts = "".join(p.text for p in pieces if p.script == "^")
    if number is not None and power and re.fullmatch(r"\s*[-−+]?\d+\s*", scripts):
        number *= 10.0 ** int(scripts.replace("−", "-"))
        scripts = ""
    rest = "" if power else _REST.sub("", found[3]).strip()
    if number is None or not re.fullmatch(r"[A-Za-z%µ°/]{0,6}", rest):
        return cell
    marks = _common_marks(pieces, found.start(2), found.end(2)) | reader.cell_marks
    noted = bool(re.search(r"[*†‡§¶#A-Za-z]", scripts)) or bool(re.search(r"[*†‡§¶#]", body))
    shown = (found[1] + found[2]).strip()
    return Cell(
        text, plain, number, shown, rest, frozenset(marks), noted, reader.span, reader.rows, line
    )


def _common_marks(pieces: list[Piece], start: int, end: int) -> frozenset[str]:
    """The marks that all characters of the unscripted text from start to end share."""
    styles = [piece.marks for piece in pieces if not piece.script for _ in piece.text]
    return frozenset.intersection(*styles[start:end])


def _number(sign: str, digits: str) -> float | None:
    text = re.sub(r"\s", "", digits)
    if text == "∞":
        return float("-inf" if sign in ("-", "−", "–") and sign else "inf")
    if "." in text or re.fullmatch(r"\d{1,3}(,\d{3})+", text):
        text = text.replace(",", "")
    text = text.replace(",", ".")
    try:
        return float(text) * (-1.0 if sign in ("-", "−", "–") and sign else 1.0)
    except ValueError:
        return None
