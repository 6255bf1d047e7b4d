"""A table as every format shows it: rounded, ranked, footnoted and captioned."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from fusionbench.tables.numbers import Rank
from fusionbench.tables.style import Marks

Tone = Literal["", "good", "bad", "doubtful"]
DASH = "–"
WIDEST = 10.0
"""Widths of numbers that stand beside each other on a page and stay readable."""


@dataclass(frozen=True)
class Entry:
    """One cell: its text (empty where there is no value), rank, footnote marks and spread.

    ``tone`` colours it where colours can be: a result that is good or bad news, or in doubt.
    ``letters`` stand raised behind it and belong to the value: groups that cannot be told apart.
    """

    text: str
    rank: Rank = ""
    marks: tuple[str, ...] = ()
    std: str = ""
    tone: Tone = ""
    letters: str = ""

    @property
    def raised(self) -> str:
        """What stands raised behind it: letters and footnote marks."""
        return ",".join(filter(None, (self.letters, *self.marks)))


@dataclass(frozen=True)
class Header:
    """The head of a column.

    Attributes:
        text: Its name, with the arrow of the better direction.
        over: What stands above it and its neighbours of the same kind.
        left: Whether its cells are words, which stand to the left.
        width: How much room a cell takes; that of a plain number is 1.
        kept: Whether it stands in every part of a table that is too wide.
        tex: The name as LaTeX, where that is more than the text.
    """

    text: str
    over: str = ""
    left: bool = False
    width: float = 1.0
    tex: str = ""
    kept: bool = False


@dataclass(frozen=True)
class Line:
    """One row: its name, its cells, and the key of what it cites."""

    label: Entry
    cells: tuple[Entry, ...]
    cite: str = ""


@dataclass(frozen=True)
class Block:
    """Rows that stand together.

    ``title`` says what they are; ``over`` is the heading of the part of the table that begins here.
    """

    lines: tuple[Line, ...]
    title: str = ""
    over: str = ""


@dataclass(frozen=True)
class Table:
    r"""One table, ready to be written.

    Attributes:
        name: What tells it apart from the other tables of its run.
        heading: What it is of.
        stub: The head of the first column.
        headers, blocks: The other heads, and the rows.
        caption: Sentences that a reader needs at once.
        notes: Footnotes with their marks.
        remarks: Footnotes of the whole: how it was made, and from what.
        marks: How ranks are shown where the format has a choice.
        part, parts: Which of how many tables that show the same rows.
    """

    name: str
    heading: str
    headers: tuple[Header, ...]
    blocks: tuple[Block, ...]
    stub: str = "Method"
    caption: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    marks: Marks = "bold-underline"
    part: int = field(default=1)
    parts: int = field(default=1)

    @property
    def lines(self) -> list[Line]:
        """The rows of all blocks."""
        return [line for block in self.blocks for line in block.lines]

    @property
    def title(self) -> str:
        """The heading, and which part this is."""
        part = f" (part {self.part} of {self.parts})" if self.parts > 1 else ""
        return f"{self.heading}{part}"

    @property
    def footnotes(self) -> list[tuple[str, str]]:
        """Every footnote as a sentence with its mark, which remarks have not."""
        return [
            (mark, sentence(text)) for mark, text in [*self.notes, *(("", r) for r in self.remarks)]
        ]

    def columns(self, places: Sequence[int]) -> Table:
        """The table with some of its columns."""
        blocks = tuple(
            replace(
                block,
                lines=tuple(
                    replace(line, cells=tuple(line.cells[place] for place in places))
                    for line in block.lines
                ),
            )
            for block in self.blocks
        )
        headers = tuple(self.headers[place] for place in places)
        return replace(self, headers=headers, blocks=blocks)

    def split(self, room: float = WIDEST, widths: Sequence[float] | None = None) -> list[Table]:
        """The table in parts that are no wider, each with every row; as few as can be.

        Args:
            room: How wide a part may be.
            widths: Of the columns, where they are not those of their heads.
        """
        wide = [header.width for header in self.headers] if widths is None else widths
        kept = [place for place, header in enumerate(self.headers) if header.kept]
        rest = [place for place, header in enumerate(self.headers) if not header.kept]
        left = room - sum(wide[place] for place in kept)
        ranges = fitting([wide[place] for place in rest], left)
        if len(ranges) == 1:
            return [self]
        return [
            replace(self.columns([*kept, *rest[start:stop]]), part=part, parts=len(ranges))
            for part, (start, stop) in enumerate(ranges, 1)
        ]

    def label(self, run: str = "") -> str:
        r"""What ``\ref`` names it by: unique to the run and the table."""
        name = "-".join(filter(None, (run, self.name)))
        shown = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()
        other = f"-{zlib.crc32(name.encode()):08x}" if max(name) > "\u00ff" else ""
        return f"tab:{shown}{other}" + (f"-{self.part}" if self.parts > 1 else "")

    def as_json(self) -> dict[str, Any]:
        """What a page needs to show it; ``null`` stands for no value."""
        return {
            "name": self.name,
            "heading": self.heading,
            "stub": self.stub,
            "caption": [sentence(text) for text in self.caption],
            "headers": [[h.text, h.over, h.left] for h in self.headers],
            "blocks": [
                {
                    "title": block.title,
                    "over": block.over,
                    "lines": [[_json(cell) for cell in (x.label, *x.cells)] for x in block.lines],
                }
                for block in self.blocks
            ],
            "notes": self.footnotes,
        }


def _json(entry: Entry) -> list[Any]:
    return [entry.text or None, entry.rank, entry.raised, entry.std, entry.tone]


def sentence(text: str) -> str:
    """The text with one full stop at its end."""
    return f"{text.rstrip('.')}."


def fitting(widths: Sequence[float], room: float) -> list[tuple[int, int]]:
    """Neighbouring columns taken together as long as they fit; one at least in each range.

    Where as many columns fit into each of the ranges, they are shared out evenly.
    """
    if not widths:
        return [(0, 0)]
    ranges, start, used = [], 0, 0.0
    for place, wide in enumerate(widths):
        if used + wide > room and place > start:
            ranges.append((start, place))
            start, used = place, 0
        used += wide
    ranges.append((start, len(widths)))
    size = math.ceil(len(widths) / len(ranges))
    even = [(i, min(i + size, len(widths))) for i in range(0, len(widths), size)]
    fits = all(sum(widths[i:j]) <= room for i, j in even)
    return even if fits and len(even) == len(ranges) else ranges
