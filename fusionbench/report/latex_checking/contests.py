"""Which numbers of a table compete with each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fusionbench.cards import Better
from fusionbench.report.latex_checking.cells import Cell
from fusionbench.report.latex_checking.directions import Direction, Directions, fold
from fusionbench.report.latex_checking.grid import Block, Row

SOURCE = re.compile(
    r"(source)?(ir|vi|vis|tir|rgb|infrared|visible|thermal)(image|images|only|source|light)*"
)
Grouping = Callable[[Row], object]


@dataclass(frozen=True)
class Entry:
    """A number that competes, and whose it is."""

    cell: Cell
    name: str


@dataclass(frozen=True)
class Contest:
    """Numbers of one metric that are ranked together."""

    heading: str
    better: Better
    entries: tuple[Entry, ...]

    @property
    def places(self) -> dict[float, int]:
        """The place of each different number that is ranked, from 1."""
        values = {e.cell.value for e in self.entries if e.cell.value is not None}
        ordered = sorted(values, reverse=self.better == "higher")
        return {value: place for place, value in enumerate(ordered, start=1)}


@dataclass(frozen=True)
class Lane:
    """A column (or a row, where methods stand side by side) of one metric, before it is grouped."""

    heading: str
    direction: Direction | None
    entries: tuple[tuple[Row, Entry], ...]

    @property
    def marked(self) -> bool:
        """Whether any of its numbers is marked."""
        return any(entry.cell.marks for _, entry in self.entries)

    @property
    def units(self) -> set[str]:
        """What follows its numbers."""
        return {entry.cell.unit for _, entry in self.entries}


def lanes(block: Block, directions: Directions) -> list[Lane]:
    """The columns of a block, or its rows where these are the metrics."""
    labels = block.labels
    numbers = [c for c in range(block.width) if c not in labels]
    columns = [_column(block, c, directions) for c in numbers]
    if any(lane.direction for lane in columns):
        return _without_noted_rows(block, columns)
    rows = [_row(block, row, labels, directions) for row in block.rows]
    return rows if any(lane.direction for lane in rows) else columns


def _column(block: Block, column: int, directions: Directions) -> Lane:
    levels = block.levels(column)
    entries = tuple(
        (row, Entry(row.cells[column], block.label(row)))
        for row in block.rows
        if column < len(row.cells)
        and row.cells[column].value is not None
        and (column == 0 or row.cells[column - 1] is not row.cells[column])
    )
    words = " / ".join(dict.fromkeys(c.text for c in reversed(levels) if c.text))
    return Lane(words or f"column {column + 1}", directions.of(levels), entries)


def _row(block: Block, row: Row, labels: list[int], directions: Directions) -> Lane:
    words = [row.cells[c] for c in reversed(labels) if c < len(row.cells)]
    entries = tuple(
        (row, Entry(cell, " ".join(c.text for c in reversed(block.levels(column)) if c.text)))
        for column, cell in enumerate(row.cells)
        if column not in labels and cell.value is not None
    )
    return Lane(block.label(row), directions.of(words), entries)


def _without_noted_rows(block: Block, columns: list[Lane]) -> list[Lane]:
    """Columns in which a footnote on a row's count of pairs hangs on its unmarked numbers too."""
    noted = {id(row) for c in columns if not c.direction for row, e in c.entries if e.cell.noted}
    return [
        Lane(
            lane.heading,
            lane.direction,
            tuple((r, e) for r, e in lane.entries if e.cell.marks or id(r) not in noted),
        )
        for lane in columns
    ]


def groupings(block: Block) -> Iterator[Grouping]:
    """Ways in which a table's rows may be groups that are ranked apart, the likeliest first."""
    if len({row.title for row in block.rows}) > 1:
        yield lambda row: row.title
    yield lambda row: 0
    labels = block.labels
    if len(labels) > 1:
        for column in labels:
            yield lambda row, c=column: row.cells[c].plain if c < len(row.cells) else ""  # type: ignore[misc]
    if len({row.rule for row in block.rows}) > 1:
        yield lambda row: row.rule


def contests(lane: Lane, grouping: Grouping, with_sources: bool) -> list[Contest]:
    """A lane's numbers in groups; a number with a footnote and no mark does not compete."""
    if lane.direction is None:
        return []
    groups: dict[object, list[Entry]] = {}
    for row, entry in lane.entries:
        left_out = entry.cell.noted and not entry.cell.marks
        if not left_out and (with_sources or not is_source(entry.name)):
            groups.setdefault(grouping(row), []).append(entry)
    return [Contest(lane.heading, lane.direction.better, tuple(e)) for e in groups.values()]


def is_source(name: str) -> bool:
    """Whether a row or column is a source image rather than a method."""
    return SOURCE.fullmatch(fold(name)) is not None
