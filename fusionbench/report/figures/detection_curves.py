"""Precision over recall of every row, and mAP over each fusion metric's mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from fusionbench.files import csv_text, write_text
from fusionbench.manifest import ColumnRecord
from fusionbench.names import apart
from fusionbench.report.figures.style import (
    BLUE,
    COLOURS,
    DARK,
    DPI,
    GRAY,
    LIGHT,
    TEXT_WIDTH,
    fitted,
    legend_columns,
    one_line,
    save,
    text_width,
    whole_scores,
)
from fusionbench.report.leaderboard import ARROWS
from fusionbench.results import Results, full_name
from fusionbench.runs import Run
from fusionbench.statistics import spearman

if TYPE_CHECKING:
    from fusionbench.detection.results import DetectionBoard, DetectionResult

ACROSS = 3
COLOURED = 5
SOURCE_LOOKS: dict[str, dict[str, Any]] = {
    "ir": {"color": DARK, "ls": (0, (4, 1.5)), "lw": 1.3},
    "visible": {"color": GRAY, "ls": (0, (1, 1)), "lw": 1.3},
}
OTHERS: dict[str, Any] = {"color": LIGHT, "lw": 0.7, "zorder": 1}
RECALL = np.linspace(0, 1, 101)
LEGEND_LINE, LONGEST = 0.17, 2.0
PANELS_ACROSS, MOST_PANELS = 4, 20
LEAST = 3
ENOUGH = 10
"""Methods from which a rank correlation of 0.65 is unlikely by chance (5 %, two-sided)."""
HEADER = ("dataset", "labels", "detector", "protocol", "metric", "convention", "better", "n", "rho")


def write_curves(run: Run, boards: Sequence[DetectionBoard]) -> list[Path]:
    """Write ``figures/detection_curves_<...>.{png,pdf}`` for every evaluation.

    The sources are dashed and dotted. The five methods with the best mAP50 have a colour each;
    further ones are thin and gray.
    """
    written = []
    for board in boards:
        classes = [c for c in board.shown_classes if any(len(_curve(r, c)) for r in board.results)]
        if classes:
            figure = _curves(board, classes)
            written += save(figure, run.root / "figures", f"detection_curves_{board.name}")
    return written


def _curve(result: DetectionResult, name: str) -> Any:
    return result.evaluation.classes[name].precision if result.evaluation else np.zeros(0)


def _map50(result: DetectionResult) -> float:
    return (result.evaluation.ap50 if result.evaluation else None) or 0.0


def _curves(board: DetectionBoard, names: Sequence[str]) -> Figure:
    looks = _looks(board)
    across = min(ACROSS, len(names))
    down = math.ceil(len(names) / across)
    width = max(TEXT_WIDTH * across / ACROSS, TEXT_WIDTH * 0.6)
    lines = {label: Line2D([], [], **look) for label, _, look in looks}
    columns = min(4, legend_columns(lines, width))
    size = (width, 2.3 * down + LEGEND_LINE * math.ceil(len(lines) / columns) + 0.55)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    figure.suptitle(one_line(board.title, width - 0.1, 8), fontsize=8)
    axes = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).flatten()
    for ax, name in zip(axes, names, strict=False):
        for label, result, look in looks:
            if len(curve := _curve(result, name)):
                ax.plot(RECALL, curve, label=label, **look)
        ax.set_title(f"{name} (n = {board.record.labels.objects[name]})")
        ax.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="Recall")
        ax.tick_params(labelbottom=True)
        ax.grid(visible=True)
    for ax in axes[len(names) :]:
        ax.set_axis_off()
    figure.supylabel("Precision at an overlap of 0.5", fontsize=8)
    figure.legend(
        list(lines.values()),
        list(lines),
        title="mAP50 in brackets",
        title_fontsize=7,
        loc="outside lower center",
        ncols=columns,
        handlelength=2.6,
    )
    return figure


def _looks(board: DetectionBoard) -> list[tuple[str, DetectionResult, dict[str, Any]]]:
    """What the legend says of each row that has a result, and its look."""
    scored = [r for r in board.results if r.evaluation is not None]
    methods = [r for r in scored if not r.contestant.is_source]
    best = sorted(methods, key=_map50, reverse=True)[:COLOURED]
    coloured = [r for r in methods if r in best]
    others = len(methods) - len(best)
    further = f"{others} further method{'s' if others > 1 else ''}"
    looks = {id(r): {"color": c, "lw": 1.2} for r, c in zip(coloured, COLOURS, strict=False)}
    labels = apart([r.contestant.label for r in scored], lambda text: one_line(text, LONGEST, 7))
    found = []
    for result, label in zip(scored, labels, strict=True):
        look = SOURCE_LOOKS.get(result.contestant.name) if result.contestant.is_source else None
        look = look or looks.get(id(result))
        said = f"{label} ({_map50(result):.3f})" if look else further
        found.append((said, result, look or OTHERS))
    return sorted(found, key=lambda entry: entry[0] == further)


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


def predictors(board: DetectionBoard, results: Results) -> list[Predictor]:
    """Every column of which two methods or more have a mean over all evaluated images."""
    precision = {
        row.contestant.name: row.evaluation.ap
        for row in board.results
        if not row.contestant.is_source and row.evaluation and row.evaluation.ap is not None
    }
    scores = whole_scores(results).dropna(subset="value")
    of_board = scores["pair"].isin(list(board.labels.truths))
    scores = scores[of_board & (scores["dataset"] == board.dataset.name)]
    lists = scores.groupby(["metric", "convention", "method"])["value"].agg(list).to_dict()
    whole = len(board.labels.truths)
    means = {key: math.fsum(v) / whole for key, v in lists.items() if len(v) == whole}
    found = []
    for column in results.manifest.columns:
        here = {
            name: means.get((column.metric, column.convention, name), np.nan) for name in precision
        }
        points = {n: (mean, precision[n]) for n, mean in here.items() if math.isfinite(mean)}
        if len(points) > 1:
            x, y = np.array(list(points.values()), np.float64).T
            sign = 1 if column.better == "higher" else -1
            rho = spearman(sign * x, y) if len(points) >= LEAST else math.nan
            found.append(Predictor(column, points, rho))
    return found


def write_correlations(results: Results, boards: Sequence[DetectionBoard]) -> Path:
    """Write ``detection_correlations.csv``: the rank correlation of every metric with mAP50-95."""
    run, rows = results.run, list[tuple[object, ...]]([HEADER])
    for board in boards:
        where = (board.dataset.name, board.labels.name, board.record.detector_key)
        for found in predictors(board, results):
            column, rho = found.column, found.rho
            what = (column.metric, column.convention, column.better, len(found.points))
            number = "" if math.isnan(rho) else repr(rho)
            rows.append((*where, board.record.protocol, *what, number))
    path = run.root / "detection_correlations.csv"
    write_text(path, csv_text(rows))
    return path


def write_scatters(results: Results, boards: Sequence[DetectionBoard]) -> list[Path]:
    """Write ``figures/detection_metrics_<...>.{png,pdf}``; several where there are many metrics."""
    run, written = results.run, list[Path]()
    for board in boards:
        found = predictors(board, results)
        parts = math.ceil(len(found) / MOST_PANELS)
        for part in range(parts):
            some = found[part * MOST_PANELS : (part + 1) * MOST_PANELS]
            name = f"detection_metrics_{board.name}" + (f"_{part + 1}" if parts > 1 else "")
            written += save(_scatter(board, some), run.root / "figures", name)
    return written


def _scatter(board: DetectionBoard, found: Sequence[Predictor]) -> Figure:
    methods = [r.contestant for r in board.results if not r.contestant.is_source]
    numbers = {method.name: str(i) for i, method in enumerate(methods, 1)}
    across = min(PANELS_ACROSS, len(found))
    down = math.ceil(len(found) / across)
    width = max(TEXT_WIDTH * across / PANELS_ACROSS, TEXT_WIDTH * 0.6)
    key = _key([method.label for method in methods], width - 0.2)
    height = 1.55 * down + 0.5 + 0.14 * len(key)
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    most = max(len(p.points) for p in found)
    few = f", too few to tell a rank correlation from chance (below {ENOUGH})"
    claim = f"Spearman's ρ over n = {most} methods{few if most < ENOUGH else ''}"
    title = [one_line(text, width - 0.1, 7.5) for text in (board.title, claim)]
    figure.suptitle("\n".join(title), fontsize=7.5)
    axes = figure.subplots(down, across, squeeze=False, sharey=True).flatten()
    for ax, predictor in zip(axes, found, strict=False):
        _draw(ax, predictor, numbers, width / across - 0.3)
    for ax in axes[len(found) :]:
        ax.set_axis_off()
    figure.supylabel("mAP50-95", fontsize=8)
    figure.supxlabel("\n".join(key), fontsize=6.5, color=DARK)
    return figure


def _key(labels: Sequence[str], width: float) -> list[str]:
    """What the numbers in the panels stand for, in lines of at most a width in inches."""
    lines = [""]
    for number, label in enumerate(labels, 1):
        entry = f"{number} {one_line(label, width - 0.3, 6.5)}"
        longer = f"{lines[-1]}   {entry}" if lines[-1] else entry
        if lines[-1] and text_width(longer, 6.5) > width:
            lines.append(entry)
        else:
            lines[-1] = longer
    return lines


def _draw(ax: Any, predictor: Predictor, numbers: dict[str, str], wide: float) -> None:
    column = predictor.column
    ax.scatter(*zip(*predictor.points.values(), strict=True), s=46, c="white", ec=BLUE, lw=0.9)
    for name, (x, y) in predictor.points.items():
        look = {"size": 5, "ha": "center", "va": "center_baseline", "color": BLUE}
        ax.text(x, y, numbers[name], **look)
    rho = "ρ –" if math.isnan(predictor.rho) else f"ρ = {predictor.rho:+.2f}".replace("-", "−")
    name, size = fitted(f"{full_name(column)} {ARROWS[column.better]}", wide, 7)
    ax.set_title(f"{name}\n{rho}, n = {len(predictor.points)}", fontsize=size)
    ax.tick_params(labelsize=6)
    ax.margins(0.15)
    ax.grid(visible=True)
    ax.xaxis.set_major_locator(MaxNLocator(3))
