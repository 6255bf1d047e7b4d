"""Tables that GitHub and most Markdown viewers render."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from fusionbench.tables.model import DASH, Entry, Table, sentence

RANKS = {"best": "**{}**", "second": "<ins>{}</ins>", "third": "*{}*"}
WIDEST = 16.0
"""Widths of numbers in one table; the columns beyond go on below."""


def escape(text: str) -> str:
    """Text that Markdown shows as it is, in a table cell too."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", " ".join(text.split()))


def document(title: str, tables: Iterable[Table]) -> str:
    """A page: its title and a section for each table."""
    return "\n".join([f"# {escape(title)}", "", *map(section, tables)])


def section(table: Table, level: int = 2) -> str:
    """A table with its heading, caption and footnotes."""
    caption = " ".join(escape(sentence(text)) for text in table.caption)
    notes = [
        f"<sup>{m}</sup> {escape(text)}<br>" if m else f"{escape(text)}<br>"
        for m, text in table.footnotes
    ]
    parts = table.split(WIDEST)
    rows = [line for part in parts for line in [*table_rows(part), ""]]
    lines = [
        f"{'#' * level} {escape(table.heading)}",
        "",
        *([caption, ""] if caption else []),
        *rows,
    ]
    return "\n".join([*lines, *([*notes, ""] if notes else [])])


def table_rows(table: Table) -> list[str]:
    """The table alone."""
    heads = [escape(table.stub), *(_head(h.over, h.text) for h in table.headers)]
    rows = [row(heads), row([":---", *(":---" if h.left else "---:" for h in table.headers)])]
    blank = [""] * len(table.headers)
    for block in table.blocks:
        rows += [row([f"**{escape(block.over)}**", *blank])] if block.over else []
        rows += [row([f"*{escape(block.title)}*", *blank])] if block.title else []
        rows += [row(map(cell, (line.label, *line.cells))) for line in block.lines]
    return rows


def _head(over: str, text: str) -> str:
    return f"{escape(over)}<br>{escape(text)}" if over else escape(text)


def cell(entry: Entry) -> str:
    """An entry with its rank, deviation and footnote marks; no line breaks within a number."""
    text = RANKS.get(entry.rank, "{}").format(escape(entry.text) or DASH)
    text += f"&nbsp;±&nbsp;{escape(entry.std)}" if entry.std else ""
    return f"{text}<sup>{entry.raised}</sup>" if entry.raised else text


def row(cells: Iterable[str] | Sequence[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"
