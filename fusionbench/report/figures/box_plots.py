"""Box plots: how each metric spreads over the pairs, one figure per metric and convention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cbook import boxplot_stats
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from fusionbench.manifest import ColumnRecord, MethodRecord
from fusionbench.names import apart
from fusionbench.report.figures.style import (
    BLUE,
    DARK,
    DPI,
    GRAY,
    ORANGE,
    TEXT_WIDTH,
    axes_at,
    figure_style,
    fitted,
    save,
    text_width,
    whole_scores,
)
from fusionbench.report.leaderboard import ARROWS
from fusionbench.results import Result, Results, full_name, sources_first

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
ROW_HEIGHT = 0.21
HALF_BOX = 0.31
FACETS_PER_LINE = 3
POINTS_SHOWN_UP_TO = 40
LABEL_WIDTH = 1.7
TITLE, TICKS, FOOT, COUNT, MARGIN = 0.24, 0.24, 0.22, 0.34, 0.14


def write_boxes(results: Results) -> list[Path]:
    """Write ``figures/box_<metric>@<convention>.{png,pdf}`` for every column that has values.

    Methods stand below each other (source images first, in gray) and data sets side by side. The
    box holds the middle half of the pairs with the median as a line; whiskers reach to the farthest
    pair within 1.5 times the box; the diamond is the mean. Infinite and undefined
    values are not drawn: beside a row with fewer pairs than the data set stands how many it shows.
    """
    scores = whole_scores(results)
    scores = scores[np.isfinite(scores["value"])]
    written = []
    with figure_style():
        for column in results.manifest.columns:
            of = (scores["metric"] == column.metric) & (scores["convention"] == column.convention)
            if of.any():
                figure = _figure(results, column, scores[of])
                written += save(figure, results.run.root / "figures", f"box_{full_name(column)}")
    return written


def _figure(results: Results, column: ColumnRecord, scores: pd.DataFrame) -> Figure:
    manifest = results.manifest
    datasets, methods = manifest.datasets, sources_first(manifest.methods)
    down = math.ceil(len(datasets) / FACETS_PER_LINE)
    across = math.ceil(len(datasets) / down)
    labels = apart([m.label for m in methods], lambda text: fitted(text, LABEL_WIDTH, 7))
    side = 0.1 + max(text_width(line, size) for text, size in labels for line in text.split("\n"))
    tall = ROW_HEIGHT * len(methods)
    width = TEXT_WIDTH if across > 1 else TEXT_WIDTH * 0.66
    counts = _counts(results.every, scores)
    right = COUNT if counts else MARGIN
    wide = (width - side) / across - right
    figure = Figure(figsize=(width, down * (TITLE + tall + TICKS) + FOOT), dpi=DPI)
    for i, dataset in enumerate(datasets):
        row, place = divmod(i, across)
        top = row * (TITLE + tall + TICKS) + TITLE
        ax = axes_at(figure, side + place * (wide + right), top, wide, tall)
        _draw(ax, scores[scores["dataset"] == dataset.name], methods, len(dataset.pairs))
        ax.set_title(f"{dataset.name} (N = {len(dataset.pairs)})", y=1.0, pad=4)
        beside = ax.get_yaxis_transform()
        for line, (method, (text, size)) in enumerate(zip(methods, labels, strict=True)):
            if place == 0:
                name = ax.text(-0.06 / wide, line, text, size=size, transform=beside)
                name.set(ha="right", va="center", linespacing=0.9)
            if count := counts.get((dataset.name, method.name)):
                ax.text(1.01, line, count, transform=beside, va="center", fontsize=6, color=DARK)
    said = f"{column.metric} {ARROWS[column.better]}  (convention {column.convention})"
    middle = (side + width - right) / 2 / width
    figure.text(middle, 0.06 / figure.get_size_inches()[1], said, ha="center", fontsize=8)
    return figure


def _counts(results: Sequence[Result], scores: pd.DataFrame) -> dict[tuple[str, str], str]:
    """How many pairs a row shows, by data set and method, where it does not show them all."""
    drawn = scores.groupby(["dataset", "method"]).size().to_dict()
    said = {}
    for r in results:
        key, total = (r.dataset.name, r.method.name), len(r.dataset.pairs)
        if drawn.get(key, 0) < total:
            said[key] = "failed" if r.failed else f"{drawn.get(key, 0)}/{total}"
    return said


def _draw(ax: Axes, frame: pd.DataFrame, methods: Sequence[MethodRecord], pairs: int) -> None:
    """Boxes and points of one data set; with few pairs every pair is a point.

    What looks alike is one artist: drawing a box line by line takes many times as long.
    """
    few = pairs <= POINTS_SHOWN_UP_TO
    values = {name: part.to_numpy() for name, part in frame.groupby("method")["value"]}
    places = [place for place, method in enumerate(methods) if method.name in values]
    for of_sources, colour in ((True, GRAY), (False, BLUE)):
        own = [place for place in places if methods[place].is_source is of_sources]
        _boxes(ax, own, [values[methods[place].name] for place in own], colour, few=few)
    means = [values[methods[place].name].mean() for place in places]
    ax.scatter(means, places, s=16, marker="D", c=ORANGE, ec="white", lw=0.5, zorder=4)
    anchors = sum(method.is_source for method in methods)
    if 0 < anchors < len(methods):
        ax.axhline(anchors - 0.5, color=GRAY, linewidth=0.6)
    ax.set(yticks=[], ylim=(len(methods) - 0.5, -0.5))
    ax.grid(visible=True, axis="x")
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))


def _boxes(
    ax: Axes, places: Sequence[int], values: Sequence[Floats], colour: str, *, few: bool
) -> None:
    """Boxes of one colour with their whiskers and medians, and every pair or those beyond."""
    if not places:
        return
    lines, medians = [], []
    points = list(values)
    for i, (y, box) in enumerate(zip(places, boxplot_stats(values), strict=True)):
        above, below, q1, q3 = y - HALF_BOX, y + HALF_BOX, box["q1"], box["q3"]
        lines.append([(q1, above), (q3, above), (q3, below), (q1, below), (q1, above)])
        lines += [[(box["whislo"], y), (q1, y)], [(q3, y), (box["whishi"], y)]]
        medians.append([(box["med"], above), (box["med"], below)])
        points[i] = values[i] if few else box["fliers"]
    for found, width in ((lines, 0.7), (medians, 1.4)):
        drawn = LineCollection(found, colors=colour, linewidths=width, zorder=2)
        drawn.set_capstyle("projecting" if found is lines else "butt")
        ax.add_collection(drawn)
    heights = np.repeat(places, [len(found) for found in points])
    shown = np.concatenate(points)
    how = {"ms": 2.2, "mec": "none", "alpha": 0.6} if few else {"ms": 2.2, "mew": 0.5, "alpha": 0.7}
    ax.plot(shown, heights, "o", color=colour, **how, mfc=colour if few else "none")
