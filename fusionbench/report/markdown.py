"""``leaderboard.md``: tables that GitHub and most Markdown viewers render."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fusionbench.files import write_text
from fusionbench.report.collect import Result, boards
from fusionbench.report.layout import (
    Entry,
    Line,
    Table,
    explanation,
    heading,
    lay_out,
    provenance,
    remarks,
    sentence,
)
from fusionbench.report.options import PLAIN, Marks, TableStyle
from fusionbench.runs import Run

DASH = "–"
RANKS = {"best": "**{}**", "second": "<ins>{}</ins>", "third": "*{}*"}


def write_markdown(run: Run, results: list[Result], style: TableStyle = PLAIN) -> Path:
    """Write ``leaderboard.md``, a section for each data set under each convention.

    Of the style, the layout and colours have no meaning here.

    Raises:
        UnknownNameError: ``style.ours`` is no method of the run.
    """
    marks: Marks = "top3" if style.marks == "top3" else "bold-underline"
    style = replace(style, layout="single", marks=marks)
    sections = [section(lay_out(board, style=style)) for board in boards(run, results)]
    path = run.root / "leaderboard.md"
    write_text(path, "\n".join(["# Leaderboard", "", *sections]))
    return path


def escape(text: str) -> str:
    """Text that Markdown shows as it is, in a table cell too."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", " ".join(text.split()))


def section(table: Table) -> str:
    """A table with its heading, caption and notes."""
    caption = ". ".join(explanation(table, table.style.marks))
    return "\n".join(
        [
            f"## {escape(heading(table.board))}",
            "",
            f"{escape(caption)}. {escape(provenance(table.board))}.",
            "",
            *_table(table),
            "",
            *(f"<sup>{mark}</sup> {escape(sentence(text))}<br>" for mark, text in table.notes),
            *(f"{escape(sentence(text))}<br>" for text in remarks(table.board)),
            *([""] if table.notes or table.board.findings else []),
        ]
    )


def _table(table: Table) -> list[str]:
    heads = ["Method", "N", *map(escape, table.headers)]
    rows = [row(heads), row([":---", *["---:"] * (len(heads) - 1)])]
    blank = [""] * (len(heads) - 1)
    titled = table.has_anchors or any(line.ours for line in table.lines)
    for block in table.blocks:
        rows += [row([_title(block[0]), *blank])] if titled else []
        rows += [_line(line) for line in block]
    return rows


def _title(line: Line) -> str:
    if line.anchor:
        return "*Source images, not ranked*"
    return "*Ours*" if line.ours else "*Fusion methods*"


def _line(line: Line) -> str:
    return row([cell(line.label), cell(line.n), *map(cell, line.cells)])


def cell(entry: Entry) -> str:
    """An entry with its rank, deviation and footnote marks."""
    text = RANKS.get(entry.rank, "{}").format(escape(entry.text) or DASH)
    text += f" ± {escape(entry.std)}" if entry.std else ""
    return f"{text}<sup>{','.join(entry.marks)}</sup>" if entry.marks else text


def row(cells: Sequence[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"
