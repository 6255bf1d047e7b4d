"""The detection tables in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from fusionbench.report.detection.collect import DetectionBoard
from fusionbench.report.detection.layout import (
    DetectionTable,
    explanation,
    heading,
    lay_out,
    provenance,
    remarks,
)
from fusionbench.report.layout import Entry, sentence
from fusionbench.report.terminal import DASH, STYLES

GAP = 3


class TerminalDetection:
    """Renders the detection tables of a run."""

    def __init__(self, boards: Sequence[DetectionBoard]) -> None:
        self._boards = boards

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One table for each evaluation."""
        for board in self._boards:
            yield from _board(board, options.max_width)


def _board(board: DetectionBoard, width: int) -> Iterator[RichTable | Text]:
    table = lay_out(board)
    yield Text(heading(board), style="bold")
    yield _rich(table, _shown(table, width))
    for mark, text in table.notes:
        yield Text(f" {mark} {sentence(text)}")
    for text in remarks(board):
        yield Text(sentence(text))
    yield Text(". ".join([*explanation(table), provenance(board)]) + ".", style="dim")
    yield Text("")


def _shown(table: DetectionTable, width: int) -> list[int]:
    """The columns that are shown: without those of the classes where they do not fit."""
    wide = [
        GAP + max(len(part) for part in [*header.split(), *cells])
        for header, cells in zip(
            table.headers,
            zip(*([_short(c) for c in line.cells] for line in table.lines), strict=True),
            strict=True,
        )
    ]
    label = max(len(line.label.text) + 2 * len(line.label.marks) for line in table.lines)
    every = list(range(len(wide)))
    return every if label + sum(wide) <= width else every[len(table.board.shown_classes) :]


def _rich(table: DetectionTable, shown: Sequence[int]) -> RichTable:
    rich = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
    rich.add_column("Images", no_wrap=True)
    for place in shown:
        header = "\n".join(table.headers[place].rsplit(" ", 1))
        rich.add_column(Text(header), justify="right", no_wrap=True)
    for line, after in zip(table.lines, [*table.lines[1:], None], strict=True):
        last = line.is_source and after is not None and not after.is_source
        cells = [line.label, *(line.cells[place] for place in shown)]
        rich.add_row(*map(_text, cells), end_section=last)
    return rich


def _short(entry: Entry) -> str:
    """A difference without its interval, which the files hold."""
    return entry.text.partition(" [")[0]


def _text(entry: Entry) -> Text:
    marks = f" {','.join(entry.marks)}" if entry.marks else ""
    return Text.assemble(Text(_short(entry) or DASH, style=STYLES[entry.rank]), (marks, "dim"))
