"""The leaderboard in the terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from fusionbench.report.collect import Board, boards, collect
from fusionbench.report.layout import (
    Entry,
    Table,
    explanation,
    heading,
    lay_out,
    provenance,
    remarks,
    sentence,
)
from fusionbench.runs import Run

DASH = "–"
STYLES = {"": "", "best": "bold", "unranked": "", "second": "underline"}
_SUPERSCRIPTS = str.maketrans("abcdefghijklmnoprstuvwxyz,", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ,")
_GAP = 3


class TerminalLeaderboard:
    """Renders a run's leaderboard as wide as the terminal is."""

    def __init__(self, run: Run) -> None:
        self._boards = boards(run, collect(run))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One table for each data set under each convention, in parts that fit the width."""
        for board in self._boards:
            yield from _board(board, options.max_width)


def _board(board: Board, width: int) -> Iterator[RichTable | Text]:
    whole = lay_out(board)
    yield Text(heading(board), style="bold")
    for start, stop in _parts(whole, width):
        yield _rich(whole, start, stop)
        yield Text("")
    for mark, text in whole.notes:
        yield Text(f" {mark.translate(_SUPERSCRIPTS)} {sentence(text)}")
    for text in remarks(board):
        yield Text(f" {sentence(text)}")
    yield Text(". ".join([*explanation(whole), provenance(board)]) + ".", style="dim")
    yield Text("")


def _parts(table: Table, width: int) -> list[tuple[int, int]]:
    """Ranges of columns that fit beside the labels; one at least in each."""
    fixed = max((_text(line.label).cell_len for line in table.lines), default=6)
    room = width - max(fixed, 6) - _GAP - max(_text(line.n).cell_len for line in table.lines) - _GAP
    widths = [
        max([cell_len(header), *(_text(line.cells[place]).cell_len for line in table.lines)]) + _GAP
        for place, header in enumerate(table.headers)
    ]
    return fitting_ranges(widths, room)


def fitting_ranges(widths: Sequence[int], room: int) -> list[tuple[int, int]]:
    """Neighbouring columns taken together as long as they fit; one at least in each range."""
    ranges, start, used = [], 0, 0
    for place, wide in enumerate(widths):
        if used + wide > room and place > start:
            ranges.append((start, place))
            start, used = place, 0
        used += wide
    return [*ranges, (start, len(widths))]


def _rich(table: Table, start: int, stop: int) -> RichTable:
    rich = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
    rich.add_column("Method", no_wrap=True)
    rich.add_column("N", justify="right", no_wrap=True)
    for header in table.headers[start:stop]:
        rich.add_column(Text(header), justify="right", no_wrap=True)
    lines = table.lines
    for line, after in zip(lines, [*lines[1:], None], strict=True):
        cells = [_text(entry) for entry in (line.label, line.n, *line.cells[start:stop])]
        rich.add_row(*cells, end_section=line.anchor and after is not None and not after.anchor)
    return rich


def one_way(text: str) -> str:
    """Text after which the line goes on from left to right, and without invisible characters."""
    shown = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf"))
    turned = any(unicodedata.bidirectional(c) in ("R", "AL") for c in shown)
    return f"{shown}\N{LEFT-TO-RIGHT MARK}" if turned else shown


def _text(entry: Entry) -> Text:
    text = Text(one_way(entry.text) or DASH, style=STYLES[entry.rank])
    marks = ",".join(entry.marks).translate(_SUPERSCRIPTS)
    return Text.assemble(text, (marks, "dim"))
