"""Precision over recall of every row, a panel for each class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fusionbench.report.detection.collect import DetectionBoard, DetectionResult
from fusionbench.report.figures.style import BLUE, DARK, DPI, GRAY, LIGHT, ORANGE, TEXT_WIDTH, save
from fusionbench.runs import Run

ACROSS = 3
COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#56B4E9")
SOURCE_LOOKS: dict[str, dict[str, Any]] = {
    "ir": {"color": DARK, "ls": (0, (4, 1.5))},
    "visible": {"color": GRAY, "ls": (0, (1, 1))},
}
RECALL = np.linspace(0, 1, 101)
LEGEND_LINE = 0.17


def write_curves(run: Run, boards: Sequence[DetectionBoard]) -> list[Path]:
    """Write ``figures/detection_curves_<...>.{png,pdf}`` for every evaluation.

    The sources are dashed and dotted. The five methods with the best mAP50 have a colour each;
    further ones are thin and gray.
    """
    written = []
    for board in boards:
        if any(_drawn(board)):
            name = f"detection_curves_{board.name}"
            written += save(_figure(board), run.root / "figures", name)
    return written


def _drawn(board: DetectionBoard) -> list[str]:
    """Classes of which some row has a curve."""
    return [
        name
        for name in board.shown_classes
        if any(len(_curve(result, name)) for result in board.results)
    ]


def _curve(result: DetectionResult, name: str) -> Any:
    return result.evaluation.classes[name].precision if result.evaluation else np.zeros(0)


def _figure(board: DetectionBoard) -> Figure:
    names = _drawn(board)
    looks, others = _looks(board)
    across = min(ACROSS, len(names))
    down = math.ceil(len(names) / across)
    entries = len(looks) + bool(others)
    width = max(TEXT_WIDTH * across / ACROSS, TEXT_WIDTH * 0.6)
    columns = 4 if width > 5 else 2
    foot = LEGEND_LINE * math.ceil(entries / columns) + 0.1
    figure = Figure(figsize=(width, 2.3 * down + foot + 0.3), dpi=DPI, layout="constrained")
    figure.suptitle(board.title, fontsize=8)
    axes = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).flatten()
    for ax, name in zip(axes, names, strict=False):
        for result in others:
            ax.plot(RECALL, _whole(_curve(result, name)), color=LIGHT, lw=0.7)
        for result, look in looks:
            ax.plot(RECALL, _whole(_curve(result, name)), **look)
        ax.set_title(f"{name} (n = {board.record.labels.objects[name]})")
        ax.set(xlim=(0, 1), ylim=(0, 1.02))
        ax.set_xlabel("Recall")
        ax.tick_params(labelbottom=True)
        ax.grid(visible=True)
    for ax in axes[len(names) :]:
        ax.set_axis_off()
    figure.supylabel("Precision at an overlap of 0.5", fontsize=8)
    _legend(figure, axes[0], looks, others, columns)
    return figure


def _whole(curve: Any) -> Any:
    return curve if len(curve) else np.full(len(RECALL), np.nan)


def _looks(
    board: DetectionBoard,
) -> tuple[list[tuple[DetectionResult, dict[str, Any]]], list[DetectionResult]]:
    """The rows with a look of their own, and the others."""
    scored = [r for r in board.results if r.evaluation is not None]
    sources = [r for r in scored if r.contestant.is_source]
    methods = [r for r in scored if not r.contestant.is_source]
    best = sorted(methods, key=_minus_map50)[: len(COLOURS)]
    looks = [(r, SOURCE_LOOKS[r.contestant.name] | {"lw": 1.3}) for r in sources]
    coloured = [r for r in methods if r in best]
    looks += [
        (r, {"color": colour, "lw": 1.2}) for r, colour in zip(coloured, COLOURS, strict=False)
    ]
    return looks, [r for r in methods if r not in best]


def _minus_map50(result: DetectionResult) -> float:
    value = result.evaluation.ap50 if result.evaluation else None
    return -(value or 0.0)


def _legend(
    figure: Figure,
    ax: Any,
    looks: list[tuple[DetectionResult, dict[str, Any]]],
    others: list[DetectionResult],
    columns: int,
) -> None:
    handles = [
        ax.plot([], [], label=f"{r.contestant.label} ({-_minus_map50(r):.3f})", **look)[0]
        for r, look in looks
    ]
    if others:
        word = "method" if len(others) == 1 else "methods"
        label = f"{len(others)} further {word}"
        handles.append(ax.plot([], [], label=label, color=LIGHT, lw=0.7)[0])
    figure.legend(
        handles=handles,
        title="mAP50 in brackets",
        title_fontsize=7,
        loc="outside lower center",
        ncols=columns,
        fontsize=7,
        frameon=False,
        handlelength=2.6,
    )
