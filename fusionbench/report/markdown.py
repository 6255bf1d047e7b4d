"""``leaderboard.md``: tables that GitHub and most Markdown viewers render."""

from __future__ import annotations

import re
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
    sentence,
)
from fusionbench.runs import Run

DASH = "–"
RANKS = {"": "{}", "best": "**{}**", "unranked": "{}", "second": "<ins>{}</ins>"}


def write_markdown(run: Run, results: list[Result]) -> Path:
    """Write ``leaderboard.md``, a section for each data set under each convention."""
    sections = [_section(lay_out(board)) for board in boards(run, results)]
    path = run.root / "leaderboard.md"
    write_text(path, "\n".join(["# Leaderboard", "", *sections]))
    return path


def escape(text: str) -> str:
    """Text that Markdown shows as it is, in a table cell too."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", " ".join(text.split()))


def _section(table: Table) -> str:
    caption = ". ".join(explanation(table))
    return "\n".join(
        [
            f"## {escape(heading(table.board))}",
            "",
            f"{escape(caption)}. {escape(provenance(table.board))}.",
            "",
            *_table(table),
            "",
            *(f"<sup>{mark}</sup> {escape(sentence(text))}<br>" for mark, text in table.notes),
            *([""] if table.notes else []),
        ]
    )


def _table(table: Table) -> list[str]:
    heads = ["Method", "N", *map(escape, table.headers)]
    rows = [_row(heads), _row([":---", *["---:"] * (len(heads) - 1)])]
    anchors = [line for line in table.lines if line.anchor]
    methods = [line for line in table.lines if not line.anchor]
    blank = [""] * (len(heads) - 1)
    if anchors:
        rows += [_row(["*Source images, not ranked*", *blank]), *map(_line, anchors)]
        rows += [_row(["*Fusion methods*", *blank])] if methods else []
    return rows + [_line(line) for line in methods]


def _line(line: Line) -> str:
    return _row([_entry(line.label), _entry(line.n), *map(_entry, line.cells)])


def _entry(entry: Entry) -> str:
    text = RANKS[entry.rank].format(escape(entry.text) or DASH)
    return f"{text}<sup>{','.join(entry.marks)}</sup>" if entry.marks else text


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
