"""``detection.md``: the detection tables, as GitHub renders them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fusionbench.files import write_text
from fusionbench.report.detection.collect import DetectionBoard
from fusionbench.report.detection.layout import (
    DetectionTable,
    explanation,
    heading,
    lay_out,
    provenance,
    remarks,
)
from fusionbench.report.layout import sentence
from fusionbench.report.markdown import cell, escape, row
from fusionbench.runs import Run


def write_markdown(run: Run, boards: Sequence[DetectionBoard]) -> Path:
    """Write ``detection.md``, a section for each evaluation."""
    path = run.root / "detection.md"
    sections = [_section(lay_out(board)) for board in boards]
    write_text(path, "\n".join(["# Detection on fused images", "", *sections]))
    return path


def _section(table: DetectionTable) -> str:
    board = table.board
    heads = ["Images", *map(escape, table.headers)]
    return "\n".join(
        [
            f"## {escape(heading(board))}",
            "",
            f"{escape('. '.join(explanation(table)))}. {escape(provenance(board))}.",
            "",
            row(heads),
            row([":---", *["---:"] * (len(heads) - 3), ":---", ":---"]),
            *(row([cell(e) for e in (line.label, *line.cells)]) for line in table.lines),
            "",
            *(f"<sup>{mark}</sup> {escape(sentence(text))}<br>" for mark, text in table.notes),
            *(f"{escape(sentence(text))}<br>" for text in remarks(board)),
            *([""] if table.notes or remarks(board) else []),
        ]
    )
