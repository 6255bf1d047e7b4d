"""Does a fusion metric predict detection? mAP over each metric's mean, a point for each method."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fusionbench.files import write_text
from fusionbench.manifest import ColumnRecord
from fusionbench.report.collect import Result, collect, full_name
from fusionbench.report.detection.collect import DetectionBoard
from fusionbench.report.figures.style import BLUE, DARK, DPI, TEXT_WIDTH, fitted, save
from fusionbench.report.layout import ARROWS
from fusionbench.runs import Run
from fusionbench.statistics import spearman

ACROSS, MOST_PANELS = 4, 20
LEAST = 3
ENOUGH = 10
"""Methods from which a rank correlation of 0.65 is unlikely by chance (5 %, two-sided)."""
HEADER = ("dataset", "labels", "detector", "protocol", "metric", "convention", "better", "n", "rho")


@dataclass(frozen=True)
class Predictor:
    """One metric against mAP50-95.

    Attributes:
        column: The metric under its convention.
        points: Mean of the metric over the evaluated images and mAP50-95, by method; the sources
            are not among them.
        rho: Spearman's rank correlation of mAP with the metric turned so that higher is better;
            NaN for fewer than three methods or where all are equal.
    """

    column: ColumnRecord
    points: dict[str, tuple[float, float]]
    rho: float


def predictors(
    board: DetectionBoard, results: Sequence[Result], columns: Sequence[ColumnRecord]
) -> list[Predictor]:
    """Every column of which two methods or more have a mean over all evaluated images."""
    own = {r.method.name: r for r in results if r.dataset.name == board.dataset.name}
    found = []
    for column in columns:
        points = {}
        for row in board.results:
            name, evaluation = row.contestant.name, row.evaluation
            if row.contestant.is_source or name not in own or evaluation is None:
                continue
            mean = _mean(own[name], column, list(board.labels.truths))
            if evaluation.ap is not None and math.isfinite(mean):
                points[name] = (mean, evaluation.ap)
        if len(points) > 1:
            found.append(Predictor(column, points, _rho(column, list(points.values()))))
    return found


def _mean(result: Result, column: ColumnRecord, pairs: Sequence[str]) -> float:
    values = result.cell(column).values
    if result.failed or any(pair not in values for pair in pairs):
        return math.nan
    return math.fsum(values[pair] for pair in pairs) / len(pairs)


def _rho(column: ColumnRecord, points: Sequence[tuple[float, float]]) -> float:
    sign = 1 if column.better == "higher" else -1
    if len(points) < LEAST:
        return math.nan
    x, y = np.array(points, np.float64).T
    return spearman(sign * x, y)


def write_correlations(run: Run, boards: Sequence[DetectionBoard]) -> Path:
    """Write ``detection_correlations.csv``: the rank correlation of every metric with mAP50-95."""
    results, stream = collect(run), io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    for board in boards:
        where = [board.dataset.name, board.labels.name, board.record.detector_key]
        for found in predictors(board, results, run.manifest.columns):
            column, rho = found.column, found.rho
            what = [column.metric, column.convention, column.better, len(found.points)]
            number = "" if math.isnan(rho) else repr(rho)
            writer.writerow([*where, board.record.protocol, *what, number])
    path = run.root / "detection_correlations.csv"
    write_text(path, stream.getvalue())
    return path


def write_scatters(run: Run, boards: Sequence[DetectionBoard]) -> list[Path]:
    """Write ``figures/detection_metrics_<...>.{png,pdf}``; several where there are many metrics."""
    results, written = collect(run), []
    for board in boards:
        found = predictors(board, results, run.manifest.columns)
        parts = math.ceil(len(found) / MOST_PANELS)
        for part in range(parts):
            some = found[part * MOST_PANELS : (part + 1) * MOST_PANELS]
            name = f"detection_metrics_{board.name}" + (f"_{part + 1}" if parts > 1 else "")
            written += save(_figure(board, some), run.root / "figures", name)
    return written


def _figure(board: DetectionBoard, found: Sequence[Predictor]) -> Figure:
    names = [r.contestant.name for r in board.results if not r.contestant.is_source]
    labels = [r.contestant.label for r in board.results if not r.contestant.is_source]
    across = min(ACROSS, len(found))
    down = math.ceil(len(found) / across)
    key = _key(labels)
    width = max(TEXT_WIDTH * across / ACROSS, TEXT_WIDTH * 0.6)
    height = 1.55 * down + 0.5 + 0.14 * len(key)
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    most = max(len(p.points) for p in found)
    figure.suptitle(f"{board.title}\n{_claim(most)}", fontsize=7.5)
    axes = figure.subplots(down, across, squeeze=False, sharey=True).flatten()
    for ax, predictor in zip(axes, found, strict=False):
        _draw(ax, predictor, names, TEXT_WIDTH / ACROSS - 0.3)
    for ax in axes[len(found) :]:
        ax.set_axis_off()
    figure.supylabel("mAP50-95", fontsize=8)
    figure.supxlabel("\n".join(key), fontsize=6.5, color=DARK)
    return figure


def _claim(count: int) -> str:
    few = f", too few to tell a rank correlation from chance (below {ENOUGH})"
    return f"Spearman's ρ over n = {count} methods{few if count < ENOUGH else ''}"


def _key(labels: Sequence[str]) -> list[str]:
    """What the numbers in the panels stand for, in lines of at most about 100 letters."""
    lines = [""]
    for number, label in enumerate(labels, 1):
        entry = f"{number} {label}"
        if lines[-1] and len(lines[-1]) + len(entry) > 95:
            lines.append("")
        lines[-1] += ("   " if lines[-1] else "") + entry
    return lines


def _draw(ax: Any, predictor: Predictor, names: Sequence[str], wide: float) -> None:
    column = predictor.column
    for name, (x, y) in predictor.points.items():
        ax.scatter([x], [y], s=46, c="white", ec=BLUE, lw=0.9, zorder=3)
        number = str(names.index(name) + 1)
        ax.text(x, y, number, size=5, ha="center", va="center_baseline", color=BLUE, zorder=4)
    rho = "ρ –" if math.isnan(predictor.rho) else f"ρ = {predictor.rho:+.2f}".replace("-", "−")
    name, size = fitted(f"{full_name(column)} {ARROWS[column.better]}", wide, 7)
    ax.set_title(f"{name}\n{rho}, n = {len(predictor.points)}", fontsize=size)
    ax.tick_params(labelsize=6)
    ax.margins(0.15)
    ax.grid(visible=True)
    ax.xaxis.set_major_locator(MaxNLocator(3))
