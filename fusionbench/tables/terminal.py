"""Tables in the terminal: as wide as it is, and going on below themselves beyond."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from fusionbench.tables.model import DASH, Entry, Table, sentence

RANKS = {"": "", "best": "bold", "unranked": "", "second": "underline", "third": "italic"}
TONES = {"": "", "good": "bold green", "bad": "bold red", "doubtful": "yellow"}
_SUPERSCRIPTS = str.maketrans("abcdefghijklmnoprstuvwxyz,", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ,")
_GAP = 3
_WORDS = 40
"""Characters of a column of words, from which on it breaks between them."""


class Shown:
    """Renders tables one below the other."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = tables

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Every table, in parts that fit the width."""
        for table in self.tables:
            yield from render(table, options.max_width)


def render(table: Table, width: int) -> Iterator[RichTable | Text]:
    """A table with its heading, footnotes and caption."""
    yield Text(table.heading, style="bold")
    for part in _parts(table, width):
        yield _rich(part)
        yield Text("")
    for mark, text in table.notes:
        yield Text(f" {raised(mark)} {sentence(text)}")
    said = " ".join(map(sentence, [*table.caption, *table.remarks]))
    yield from [Text(said, style="dim"), Text("")] if said else []


def raised(marks: str) -> str:
    """Marks as raised letters."""
    return marks.translate(_SUPERSCRIPTS)


def one_way(text: str) -> str:
    """Text after which the line goes on from left to right, and without invisible characters."""
    shown = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf"))
    turned = any(unicodedata.bidirectional(c) in ("R", "AL") for c in shown)
    return f"{shown}\N{LEFT-TO-RIGHT MARK}" if turned else shown


def _parts(table: Table, width: int) -> list[Table]:
    """The table in parts that fit the width; one column at least in each."""
    labels = [_text(line.label).cell_len for line in table.lines]
    room = width - max([*labels, cell_len(table.stub)]) - _GAP
    cells = [
        [_text(line.cells[p]).cell_len for line in table.lines] for p in range(len(table.headers))
    ]
    widths = [
        max([cell_len(h.text), cell_len(h.over), *(min(w, _WORDS) if h.left else w for w in of)])
        + _GAP
        for h, of in zip(table.headers, cells, strict=True)
    ]
    return table.split(room, widths)


def _rich(table: Table) -> RichTable:
    rich = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
    rich.add_column(table.stub, no_wrap=True)
    for head in table.headers:
        text = Text(f"{head.over}\n{head.text}" if head.over else head.text)
        if head.left:
            rich.add_column(text, max_width=_WORDS, overflow="fold")
        else:
            rich.add_column(text, justify="right", no_wrap=True)
    for place, block in enumerate(table.blocks, 1):
        if block.over:
            rich.add_row(Text(block.over, style="bold"))
        for line in block.lines:
            last = line is block.lines[-1] and place < len(table.blocks)
            rich.add_row(*map(_text, (line.label, *line.cells)), end_section=last)
    return rich


def _text(entry: Entry) -> Text:
    style = TONES[entry.tone] or RANKS[entry.rank]
    text = Text(one_way(entry.text) or DASH, style=style)
    spread = f" ± {entry.std}" if entry.std else ""
    return Text.assemble(text, spread, (raised(entry.raised), "dim"))
