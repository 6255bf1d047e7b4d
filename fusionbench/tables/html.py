"""Tables as HTML that stands by itself: what a notebook shows."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from fusionbench.tables.model import DASH, Entry, Header, Table, sentence

RANKS = {"best": "<b>{}</b>", "second": "<u>{}</u>", "third": "<i>{}</i>"}
_LEFT, _RIGHT = ' style="text-align:left"', ' style="text-align:right"'


def page_part(tables: Iterable[Table]) -> str:
    """Tables one below the other."""
    return "\n".join(map(section, tables))


def section(table: Table) -> str:
    """A table with its heading, caption and footnotes."""
    caption = " ".join(escape(sentence(text)) for text in table.caption)
    notes = [
        f"<sup>{escape(mark)}</sup> {escape(text)}" if mark else escape(text)
        for mark, text in table.footnotes
    ]
    return "\n".join(
        [
            '<table style="border-collapse:collapse">',
            f"<caption{_LEFT}><b>{escape(table.heading)}</b><br>{caption}</caption>",
            f"<thead>{_heads(table)}</thead>",
            *_bodies(table),
            "</table>",
            f"<p><small>{'<br>'.join(notes)}</small></p>" if notes else "",
        ]
    )


def _heads(table: Table) -> str:
    cells = [f"<th{_LEFT}>{escape(table.stub)}</th>", *map(_head, table.headers)]
    return f"<tr>{''.join(cells)}</tr>"


def _head(header: Header) -> str:
    over = f"{escape(header.over)}<br>" if header.over else ""
    return f"<th{_LEFT if header.left else _RIGHT}>{over}{escape(header.text)}</th>"


def _bodies(table: Table) -> list[str]:
    width = len(table.headers) + 1
    rows = []
    for block in table.blocks:
        rows.append("<tbody>")
        rows += [_across(f"<b>{escape(block.over)}</b>", width)] if block.over else []
        rows += [_across(f"<i>{escape(block.title)}</i>", width)] if block.title else []
        for line in block.lines:
            places = [_LEFT if head.left else _RIGHT for head in table.headers]
            cells = [
                f"<td{place}>{cell(entry)}</td>"
                for place, entry in zip(places, line.cells, strict=True)
            ]
            rows.append(f"<tr><th{_LEFT}>{cell(line.label)}</th>{''.join(cells)}</tr>")
        rows.append("</tbody>")
    return rows


def _across(text: str, width: int) -> str:
    return f'<tr><td colspan="{width}"{_LEFT}>{text}</td></tr>'


def cell(entry: Entry) -> str:
    """An entry with its rank, deviation and footnote marks."""
    text = RANKS.get(entry.rank, "{}").format(escape(entry.text) or DASH)
    text += f" ± {escape(entry.std)}" if entry.std else ""
    return f"{text}<sup>{escape(entry.raised)}</sup>" if entry.raised else text
