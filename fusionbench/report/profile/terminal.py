"""The profile in the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from fusionbench.profiling.records import Light
from fusionbench.report.layout import Entry, sentence
from fusionbench.report.profile.reading import Profile
from fusionbench.report.profile.table import Table, TableLine, lay_out
from fusionbench.report.terminal import fitting_ranges

DASH = "–"
_COLOURS: dict[Light | None, str] = {"green": "", "amber": "yellow", "red": "red", None: ""}
_GAP = 3


class TerminalProfile:
    """Renders a profile as wide as the terminal is; amber and red times are coloured."""

    def __init__(self, profile: Profile) -> None:
        self._tables = [lay_out(profile, block, "full") for block in profile.blocks]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One table for each device and image size, in parts that fit the width."""
        for table in self._tables:
            yield from _table(table, options.max_width)


def _table(table: Table, width: int) -> Iterator[RichTable | Text]:
    yield Text(table.heading, style="bold")
    for start, stop in _parts(table, width):
        yield _rich(table, start, stop)
        yield Text("")
    for mark, text in table.notes:
        yield Text(f" ({mark}) {sentence(text)}")
    yield Text(". ".join(table.caption) + ".", style="dim")
    yield Text("")


def _parts(table: Table, width: int) -> list[tuple[int, int]]:
    """Ranges of columns that fit beside the labels; one at least in each."""
    room = width - max((len(line.label) for line in table.lines), default=0) - _GAP
    widths = [
        max([len(header), *(len(_plain(line.cells[place])) for line in table.lines)]) + _GAP
        for place, header in enumerate(table.headers)
    ]
    return fitting_ranges(widths, room)


def _rich(table: Table, start: int, stop: int) -> RichTable:
    rich = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
    rich.add_column("Method", no_wrap=True)
    for header in table.headers[start:stop]:
        rich.add_column(Text(header), justify="right", no_wrap=True)
    for line in table.lines:
        cells = zip(table.headers[start:stop], line.cells[start:stop], strict=True)
        rich.add_row(Text(line.label), *(_cell(line, header, cell) for header, cell in cells))
    return rich


def _cell(line: TableLine, header: str, entry: Entry) -> Text:
    style = _COLOURS[line.light] if header == "Time (ms)" else ""
    return Text(_plain(entry), style=style)


def _plain(entry: Entry) -> str:
    marks = f" ({','.join(entry.marks)})" if entry.marks else ""
    return (entry.text or DASH) + marks
