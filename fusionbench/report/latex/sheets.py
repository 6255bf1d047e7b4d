"""Which data sets and columns stand in which LaTeX table."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fusionbench.report.collect import Board
from fusionbench.report.layout import Table, dataset_heading, lay_out
from fusionbench.report.notes import Notes
from fusionbench.report.options import TableStyle

MOST_COLUMNS = {"single": 10, "stacked": 10, "wide": 12}
MOST_COLUMNS_WITH_STD = {"single": 6, "stacked": 6, "wide": 8}
MOST_SHORT_COLUMNS = 16
SHORT_DECIMALS = 2
MOST_ROWS = 48


@dataclass(frozen=True)
class Sheet:
    """One float: tables that share a header (stacked) or rows (wide), or a single one.

    Attributes:
        tables: A table for each data set; the footnotes of all are those of the last.
        part, parts: Which of how many floats show the same boards.
    """

    tables: tuple[Table, ...]
    part: int = 1
    parts: int = 1

    @property
    def style(self) -> TableStyle:
        """How it is to look."""
        return self.tables[0].style

    @property
    def boards(self) -> list[Board]:
        """The data sets under their convention."""
        return [table.board for table in self.tables]

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """The footnotes of all tables."""
        return self.tables[-1].notes

    @property
    def heading(self) -> str:
        """Data sets, convention, and which part of the whole this is."""
        *first, last = [dataset_heading(board) for board in self.boards]
        named = f"{', '.join(first)} and {last}" if first else last
        part = f" (part {self.part} of {self.parts})" if self.parts > 1 else ""
        return f"{named}, convention {self.boards[0].convention}{part}"

    @property
    def label(self) -> str:
        r"""What ``\ref`` names it by."""
        names = [] if self.style.layout != "single" else [self.boards[0].dataset.name]
        name = "-".join([*names, self.boards[0].convention])
        part = f"-{self.part}" if self.parts > 1 else ""
        shown = re.sub(r"[^A-Za-z0-9]+", "-", name).lower()
        other = f"-{zlib.crc32(name.encode()):08x}" if max(name) > "\u00ff" else ""
        return f"tab:{shown}{other}{part}"


def sheets(boards: Sequence[Board], style: TableStyle) -> Iterator[Sheet]:
    """The floats of a run: as few as can be read."""
    if style.layout == "single":
        groups = [[board] for board in boards]
    else:
        conventions = dict.fromkeys(board.convention for board in boards)
        groups = [[b for b in boards if b.convention == name] for name in conventions]
    for group in groups:
        yield from _sheets(group, style)


def _sheets(group: list[Board], style: TableStyle) -> Iterator[Sheet]:
    columns, beside = group[0].columns, len(group) if style.layout == "wide" else 1
    limit = _most_columns(style)
    count = max(1, math.ceil(len(columns) / max(1, limit // beside)))
    size = math.ceil(len(columns) / count)
    cuts = [columns[size * part : size * (part + 1)] for part in range(count)]
    stacks = _stacks(group) if style.layout == "stacked" else [group]
    parts = [(cut, stack) for cut in cuts for stack in stacks]
    for number, (cut, stack) in enumerate(parts, start=1):
        notes = Notes()
        tables = [lay_out(board, cut, style, group, notes) for board in stack]
        yield Sheet(tuple(tables), number, len(parts))


def _most_columns(style: TableStyle) -> int:
    """How many numbers beside each other stay readable on the width of a page."""
    if style.std:
        return MOST_COLUMNS_WITH_STD[style.layout]
    short = style.decimals is not None and style.decimals <= SHORT_DECIMALS
    return MOST_SHORT_COLUMNS if short and style.layout == "wide" else MOST_COLUMNS[style.layout]


def _stacks(group: list[Board]) -> list[list[Board]]:
    """Boards that fit on one page above each other; one at least on each."""
    stacks: list[list[Board]] = []
    rows = MOST_ROWS
    for board in group:
        needed = len(board.results) + 1
        if rows + needed > MOST_ROWS:
            stacks.append([])
            rows = 0
        stacks[-1].append(board)
        rows += needed
    return stacks
