"""``comparison.csv`` and ``comparison.md``."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fusionbench.comparing import wording
from fusionbench.comparing.agreeing import Agreed
from fusionbench.comparing.changes import Change
from fusionbench.comparing.reading import Loaded
from fusionbench.comparing.testing import Verdict
from fusionbench.files import write_text
from fusionbench.report.collect import Board
from fusionbench.report.layout import lay_out
from fusionbench.report.markdown import escape, row, section

HEADER = (
    *("dataset", "convention", "metric", "method", "run_a", "run_b", "pairs", "mean_a", "mean_b"),
    *("difference", "low", "high", "p", "p_holm", "outcome"),
)


@dataclass(frozen=True)
class Comparison:
    """All that is shown of a comparison."""

    runs: Sequence[Loaded]
    agreed: Agreed
    changes: Sequence[Change]
    boards: Sequence[Board]
    verdicts: Sequence[Verdict]


def write_comparison(comparison: Comparison, folder: Path) -> list[Path]:
    """Write ``comparison.csv`` (full precision) and ``comparison.md`` into a folder."""
    files = {"comparison.csv": _csv(comparison), "comparison.md": _markdown(comparison)}
    for name, text in files.items():
        write_text(folder / name, text)
    return [folder / name for name in files]


def _csv(comparison: Comparison) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    for v in comparison.verdicts:
        numbers = (v.mean_first, v.mean_second, v.difference, v.low, v.high, v.p, v.p_holm)
        texts = ("" if math.isnan(number) else repr(number) for number in numbers)
        names = (v.dataset, v.column.convention, v.column.metric, v.method.name)
        writer.writerow([*names, v.first, v.second, v.pairs, *texts, v.outcome])
    return stream.getvalue()


def _markdown(comparison: Comparison) -> str:
    parts = ["# Comparison", ""]
    parts += [f"- {escape(line)}" for line in wording.run_lines(comparison.runs)]
    if comparison.agreed.left_out:
        parts += ["", "Not compared:", ""]
        parts += [f"- {escape(line)}" for line in comparison.agreed.left_out]
    parts += ["", "## Is the change significant?", ""]
    parts += [" ".join(wording.summary(comparison.verdicts)), ""]
    parts += [wording.EXPLANATION, ""] if comparison.verdicts else []
    for group in wording.groups(comparison.verdicts):
        parts += _group(group)
    parts += ["## What changed", "", *_changes(comparison), ""]
    for board in comparison.boards:
        parts.append(section(lay_out(board)))
    return "\n".join(parts).rstrip("\n") + "\n"


def _group(group: Sequence[Verdict]) -> list[str]:
    parts = [f"### {escape(wording.group_title(group))}", ""]
    if lines := wording.lines(group):
        parts += _table(wording.headers(group), lines)
    if same := wording.identical_methods(group):
        parts += ["", escape(f"Identical in every value: {', '.join(same)}.")]
    return [*parts, ""]


def _changes(comparison: Comparison) -> list[str]:
    letters = [run.letter for run in comparison.runs]
    rows = [(c.what, *(c.values[letter] for letter in letters)) for c in comparison.changes]
    return _table(["", *letters], rows, all_left=True) if rows else ["Nothing."]


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, all_left: bool = False
) -> list[str]:
    rule = [":---" if all_left or name in wording.TEXT_COLUMNS else "---:" for name in heads]
    cells = [[escape(cell) for cell in row] for row in (heads, *rows)]
    return [row(cells[0]), row(rule), *map(row, cells[1:])]
