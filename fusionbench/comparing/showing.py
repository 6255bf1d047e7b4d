"""A comparison in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from fusionbench.comparing import wording
from fusionbench.comparing.testing import Verdict
from fusionbench.comparing.writing import Comparison
from fusionbench.report.collect import Board
from fusionbench.report.layout import Entry, explanation, heading, lay_out, provenance, sentence
from fusionbench.report.terminal import DASH, STYLES

OUTCOMES = {"better": "bold green", "worse": "bold red"}
SHORT = {"not significant": "n. s.", "nothing in common": "no pairs"}
MOST_WIDE = 24


class TerminalComparison:
    """Renders what changed, all methods in one table, and what is significant."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The runs, what changed, the merged tables, the verdicts."""
        shown = self._comparison
        yield from (Text(line, style="bold") for line in wording.run_lines(shown.runs))
        yield Text("\nWhat changed", style="bold")
        yield _changes(shown) if shown.changes else Text("Nothing.")
        for board in shown.boards:
            yield from _board(board)
        for group in wording.groups(shown.verdicts):
            yield from _group(group)
        if shown.verdicts:
            yield Text(f"{wording.EXPLANATION} n. s.: not significant.", style="dim")
        yield Text(" ".join(wording.summary(shown.verdicts)), style="bold")


def _empty() -> Table:
    return Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)


def _changes(shown: Comparison) -> Table:
    rich = _empty()
    letters = [run.letter for run in shown.runs]
    for name in ("", *letters):
        rich.add_column(name, overflow="fold")
    for change in shown.changes:
        rich.add_row(Text(change.what), *(Text(change.values[letter]) for letter in letters))
    return rich


def _board(board: Board) -> Iterator[Table | Text]:
    table = lay_out(board)
    yield Text(f"\n{heading(board)}", style="bold")
    rich = _empty()
    rich.add_column("Method", overflow="fold")
    for header in ("N", *table.headers):
        rich.add_column(Text(header), justify="right", overflow="fold")
    for line in table.lines:
        rich.add_row(*map(_cell, (line.label, line.n, *line.cells)))
    yield rich
    for mark, text in table.notes:
        yield Text(f" {mark}: {sentence(text)}")
    yield Text(". ".join([*explanation(table), provenance(board)]) + ".", style="dim")


def _cell(entry: Entry) -> Text:
    text = Text(entry.text or DASH, style=STYLES.get(entry.rank, ""))
    return Text.assemble(text, (f" {','.join(entry.marks)}" if entry.marks else "", "dim"))


def _group(group: Sequence[Verdict]) -> Iterator[Table | Text]:
    yield Text(f"\n{wording.group_title(group)}", style="bold")
    if lines := wording.lines(group):
        rich = _empty()
        _, *heads = wording.headers(group)
        for name in heads:
            justify: Literal["left", "right"] = "left" if name in wording.TEXT_COLUMNS else "right"
            rich.add_column(name, justify=justify, no_wrap=name != "Metric", max_width=MOST_WIDE)
        for label, of_method in groupby(lines, key=lambda line: line[0]):
            rich.add_row(Text(label, style="bold"))
            for _, *cells, change in of_method:
                shown = Text(SHORT.get(change, change), style=OUTCOMES.get(change, ""))
                rich.add_row(*map(Text, cells), shown)
        yield rich
    if same := wording.identical_methods(group):
        yield Text(f"Identical in every value: {', '.join(same)}.")
