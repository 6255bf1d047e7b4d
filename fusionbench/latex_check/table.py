"""A table: its cells with their numbers and marks, its headers, rows and groups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from fusionbench.latex_check.styled import BESIDE_RULES, RULES, Piece, read_text
from fusionbench.latex_check.tex import Macro, Source, Tabular, argument, option

DASHES = {
    *(
        "-",
        "–",
        "—",
        "−",
        "--",
        "---",
        "/",
        "\\",
        "n/a",
        "n.a.",
        "n.a",
        "na",
        "nan",
        "oom",
        "×",
        "x",
    ),
    *("fail", "failed", "…", "...", "✗", "none", "null", "?"),
}
_NUMBER = re.compile(
    r"^[\s*†‡§]*([+\-−–]?)\s*(\d[\d.,\s]*\d|\d|\.\d+|∞)([eE][+\-−]?\d+(?![\d.]))?(.*)$", re.S
)
_REST = re.compile(r"±.*|\([^)]*\)|\[[^\]]*\]|[↑↓].*|[*†‡§¶#]+", re.S)
_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "B": 1e9, "T": 1e12}
_TIMES = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0}
_BYTES = {"KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1024.0, "MiB": 1024.0**2, "GiB": 1024.0**3}
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
        span, rows: How many columns and rows it covers; ``over`` where empty cells follow.
        where: Its file and line.
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
    where: str = ""
    over: int = 1

    @property
    def dash(self) -> bool:
        """Whether it says that there is no number."""
        return self.plain.casefold() in DASHES

    @property
    def blank(self) -> bool:
        """Whether it is empty."""
        return not self.text


def read_cell(source: str, macros: Mapping[str, Macro], where: str) -> Cell:
    """Read the source of one cell."""
    reader = read_text(source, macros)
    pieces = reader.pieces
    text = " ".join("".join(p.text for p in pieces).split())
    body = "".join(p.text for p in pieces if not p.script)
    plain = " ".join(body.split())
    cell = Cell(text, plain, span=reader.span, rows=reader.rows, where=where, over=reader.over)
    found = _NUMBER.match(body)
    if found is None:
        return cell
    number = _number(found[1], found[2])
    power = _POWER.match(found[4])
    scripts = "".join(p.text for p in pieces if p.script == "^")
    if number is not None and power and re.fullmatch(r"\s*[-−+]?\d+\s*", scripts):
        number *= 10.0 ** int(scripts.replace("−", "-"))
        scripts = ""
    elif number is not None and found[3]:
        number *= 10.0 ** int(found[3][1:].replace("−", "-"))
    rest = "" if power else _REST.sub("", found[4]).strip()
    if number is None or not re.fullmatch(r"[A-Za-z%µ°/]{0,6}", rest):
        return cell
    marks = _common_marks(pieces, found.start(2), found.end(2)) | reader.cell_marks
    noted = bool(re.search(r"[*†‡§¶#A-Za-z]", scripts)) or bool(re.search(r"[*†‡§¶#]", body))
    shown = (found[1] + found[2] + (found[3] or "")).strip()
    return replace(cell, value=number, shown=shown, unit=rest, marks=frozenset(marks), noted=noted)


def _common_marks(pieces: list[Piece], start: int, end: int) -> frozenset[str]:
    """The marks that all characters of the unscripted text from start to end share."""
    styles = [piece.marks for piece in pieces if not piece.script for _ in piece.text]
    return frozenset.intersection(*styles[start:end])


def _decimal_commas(rows: Lines) -> None:
    """Read every comma as a decimal one where the table has such numbers and no decimal points."""
    numbers = [c.shown for cells, _ in rows for c in cells if c.value is not None]
    if any("." in shown for shown in numbers):
        return
    if any(re.fullmatch(r"\D?(0,\d+|\d+,\d{1,2}|\d+,\d{4,})", shown) for shown in numbers):
        for cells, _ in rows:
            for place, cell in enumerate(cells):
                if cell.value is not None and cell.shown.count(",") == 1:
                    sign = -1.0 if cell.value < 0 else 1.0
                    plain = re.sub(r"[^\d,]", "", cell.shown).replace(",", ".")
                    cells[place] = replace(cell, value=sign * float(plain))


def in_one_unit(cells: list[Cell]) -> list[Cell]:
    """Numbers in thousands and millions, milliseconds and seconds, or MB and GB made comparable."""
    units = {cell.unit for cell in cells}
    for known in (_TIMES, _BYTES, _SCALES | {"": 1.0}):
        if len(units) > 1 and units <= known.keys():
            return [
                replace(c, value=(c.value or 0.0) * known[c.unit], unit="", shown=c.shown + c.unit)
                for c in cells
            ]
    return cells


def _number(sign: str, digits: str) -> float | None:
    text = re.sub(r"\s", "", digits)
    if text == "∞":
        return float("-inf" if sign in ("-", "−", "–") and sign else "inf")
    if "." in text or re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+", text):
        text = text.replace(",", "")
    text = text.replace(",", ".")
    try:
        return float(text) * (-1.0 if sign in ("-", "−", "–") and sign else 1.0)
    except ValueError:
        return None


_TOKEN = re.compile(r"\\(?:begin|end)\s*\{[^}]*\}|\\tabularnewline\b|\\\\\*?|\\.|[{}&]", re.S)
_WORD = re.compile(r"\\([A-Za-z]+)")


@dataclass
class Row:
    """One row of numbers: its cells, and where in the table's order of groups it stands.

    ``title`` counts the headings above it, ``rule`` the full rules.
    """

    cells: list[Cell]
    title: int
    rule: int


@dataclass
class Block:
    """Rows under one header; ``header[level][column]``, the last level closest to the rows."""

    header: list[list[Cell]]
    rows: list[Row] = field(default_factory=list)

    @property
    def width(self) -> int:
        """The number of columns."""
        return max((len(row.cells) for row in self.rows), default=0)

    @property
    def labels(self) -> list[int]:
        """Columns that hold words: the first, and those with less than half numbers."""
        found = [0]
        for column in range(1, self.width):
            cells = [r.cells[column] for r in self.rows if column < len(r.cells)]
            numbers = sum(c.value is not None or c.dash for c in cells)
            if 2 * numbers < len([c for c in cells if not c.blank]) or not numbers:
                found.append(column)
        return found

    def levels(self, column: int) -> list[Cell]:
        """The header cells above a column, the closest first."""
        return [row[column] for row in reversed(self.header) if column < len(row)]

    def label(self, row: Row) -> str:
        """What a row is called."""
        words = (row.cells[c].plain for c in self.labels if c < len(row.cells))
        return " ".join(dict.fromkeys(w for w in words if w))


Lines = list[tuple[list[Cell], int]]
"""Rows of cells, each with the number of full rules above it."""


def blocks(source: Source, table: Tabular, macros: Mapping[str, Macro]) -> list[Block]:
    """The table's rows under their headers; parts with equal headers are one block."""
    found: dict[tuple[tuple[str, ...], ...], Block] = {(): Block([])}
    block = found[()]
    waiting: list[list[Cell]] = []
    title = rule = 0
    rows = list(_rows(source, table, macros))
    _decimal_commas(rows)
    for cells, ruled in _fill(rows):
        rule += ruled
        if any(c.value is not None or (c.dash and i) for i, c in enumerate(cells)):
            if waiting:
                title += 1
                if header := _header(waiting):
                    key = tuple(tuple(c.text for c in level) for level in header)
                    block = found.setdefault(key, Block(header))
                waiting = []
            block.rows.append(Row(cells, title, rule))
        elif any(not c.blank for c in cells):
            waiting.append(cells)
    return [b for b in found.values() if b.rows]


def _header(rows: list[list[Cell]]) -> list[list[Cell]]:
    """The rows up to the last with two headings; what follows is the title of a group."""
    several = [i for i, row in enumerate(rows) if _headings(row) >= 2]
    return rows[: several[-1] + 1] if several else []


def _headings(row: list[Cell]) -> int:
    return len({id(c) for c in row if not c.blank})


def _fill(rows: Lines) -> Lines:
    """Rows in which words that cover several rows or columns stand in each of them."""
    for place, (cells, _) in enumerate(rows):
        for column, cell in enumerate(cells):
            if cell.value is not None or (cell.over < 2 and abs(cell.rows) < 2):
                continue
            single = replace(cell, rows=1, over=1)
            first, last = sorted((place, place + cell.rows - (1 if cell.rows > 0 else -1)))
            for other, _ in rows[max(0, first) : last + 1]:
                for covered in range(column, min(column + cell.over, len(other))):
                    if other[covered].blank or other[covered] is cell:
                        other[covered] = single
    return rows


def _rows(
    source: Source, table: Tabular, macros: Mapping[str, Macro]
) -> Iterator[tuple[list[Cell], int]]:
    """The cells of each row, one for each column, and how many full rules stand above it."""
    for parts in _split(source.text, table.body_start, table.body_end):
        (start, end), *others = parts
        after, ruled = _skip_rules(source.text, start, end)
        cells: list[Cell] = []
        for begin, stop in [(after, end), *others]:
            text = source.text[begin:stop]
            where = source.where(begin + len(text) - len(text.lstrip()))
            cell = read_cell(text, macros, where)
            cells += [cell] * max(1, cell.span)
        yield cells, ruled


def _split(text: str, start: int, end: int) -> Iterator[list[tuple[int, int]]]:
    r"""Where cells are, row by row: cut at ``&`` and ``\\`` outside braces and environments."""
    row, begin, depth = [], start, 0
    for token in _TOKEN.finditer(text, start, end):
        word = token[0]
        if word == "{" or word.startswith(r"\begin"):
            depth += 1
        elif word == "}" or word.startswith(r"\end"):
            depth -= 1
        elif depth == 0 and word == "&":
            row.append((begin, token.start()))
            begin = token.end()
        elif depth == 0 and (word.startswith("\\\\") or word == r"\tabularnewline"):
            yield [*row, (begin, token.start())]
            row, begin = [], option(text, token.end())
    if row or text[begin:end].strip():
        yield [*row, (begin, end)]


def _skip_rules(text: str, start: int, end: int) -> tuple[int, int]:
    """The offset after the rules and settings that start a row; 1 if a full rule is among them."""
    ruled = 0
    while True:
        while start < end and text[start].isspace():
            start += 1
        found = _WORD.match(text, start, end)
        if found is None or (found[1] not in RULES and found[1] not in BESIDE_RULES):
            return start, ruled
        ruled |= int(found[1] in RULES and found[1] not in ("toprule", "bottomrule"))
        start = option(text, option(text, found.end(), "()"))
        for _ in range(RULES.get(found[1], BESIDE_RULES.get(found[1], 0))):
            start = argument(text, option(text, start))[1]
        start = option(text, start, "[]")
