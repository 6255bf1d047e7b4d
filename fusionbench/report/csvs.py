"""The machine-readable tables: means in ``leaderboard.csv``, every value in ``scores.csv``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from fusionbench.files import csv_text, write_text
from fusionbench.report.collect import Result, boards, full_name
from fusionbench.report.notes import finding_note
from fusionbench.runs import Run

SCORES_HEADER = ("dataset", "pair", "method", "metric", "convention", "value")


def write_csvs(run: Run, results: list[Result]) -> list[Path]:
    """Write ``leaderboard.csv`` and ``scores.csv``; numbers are in full precision."""
    files = {"leaderboard.csv": _leaderboard(run, results), "scores.csv": _scores(run, results)}
    for name, rows in files.items():
        write_text(run.root / name, csv_text(rows))
    return [run.root / name for name in files]


def _leaderboard(run: Run, results: list[Result]) -> Iterator[Sequence[object]]:
    metrics = list(dict.fromkeys(column.metric for column in run.manifest.columns))
    shown = boards(run, results)
    noted = any(b.findings for b in shown) or any(r.findings for r in results)
    yield ["dataset", "convention", "method", "label", "n", *metrics, *(["notes"] if noted else [])]
    for board in shown:
        of = {column.metric: column for column in board.columns}
        for result in board.results:
            found = [*result.findings, *board.findings]
            means = [result.mean(of[m]) if m in of else math.nan for m in metrics]
            yield [
                board.dataset.name,
                board.convention,
                result.method.name,
                result.method.label,
                result.scored(board.columns),
                *("" if math.isnan(mean) else repr(mean) for mean in means),
                *(["; ".join(map(finding_note, found))] if noted else []),
            ]


def _scores(run: Run, results: list[Result]) -> Iterator[Sequence[object]]:
    yield SCORES_HEADER
    for result in results:
        for pair, row in result.rows.items():
            values = row.get("values", {})
            for column in run.manifest.columns:
                if full_name(column) in values:
                    yield [
                        result.dataset.name,
                        pair,
                        result.method.name,
                        column.metric,
                        column.convention,
                        repr(float(values[full_name(column)])),
                    ]
