"""Box plots: how each metric spreads over the pairs, one figure per metric and convention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from fusionbench.manifest import ColumnRecord
from fusionbench.names import apart
from fusionbench.report.collect import Result, full_name, is_anchor
from fusionbench.report.layout import ARROWS
from fusionbench.report.style import (
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
)
from fusionbench.runs import Run

Floats = NDArray[np.float64]
_Line = list[tuple[float, float]]
ROW_HEIGHT = 0.21
FACETS_PER_LINE = 3
POINTS_SHOWN_UP_TO = 40
HALF_BOX = 0.31
LABEL_WIDTH = 1.7
TITLE, TICKS, FOOT, COUNT, MARGIN = 0.24, 0.24, 0.22, 0.34, 0.14


def write_boxes(run: Run, results: list[Result]) -> list[Path]:
    """Write ``figures/box_<metric>@<convention>.{png,pdf}`` for every column that has values.

    Methods stand below each other (source images first, in gray) and data sets side by side. The
    box holds the middle half of the pairs with the median as a line; whiskers reach to the farthest
    pair within 1.5 times the box; the diamond is the mean of the tables. Infinite and undefined
    values are not drawn: beside a row with fewer pairs than the data set stands how many it shows.
    """
    written = []
    with figure_style():
        for column in run.manifest.columns:
            facets = [_of(dataset.name, results) for dataset in run.manifest.datasets]
            if any(_finite(r, column) for facet in facets for r in facet):
                name = f"box_{full_name(column)}"
                written += save(_figure(column, facets), run.root / "figures", name)
    return written


def _of(dataset: str, results: list[Result]) -> list[Result]:
    chosen = [r for r in results if r.dataset.name == dataset]
    return sorted(chosen, key=lambda r: not is_anchor(r.method))


def _finite(result: Result, column: ColumnRecord) -> list[float]:
    if result.failed:
        return []
    return [v for v in result.cell(column).values.values() if math.isfinite(v)]


@dataclass(frozen=True)
class Box:
    """A box plot of some values: the whiskers' ends, the quartiles, and what lies beyond."""

    low: float
    quartiles: tuple[float, float, float]
    high: float
    outliers: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> Box:
        """The box of one value or more; whiskers reach at most 1.5 times the box's length."""
        given = np.sort(values)
        first, median, third = map(float, np.quantile(given, (0.25, 0.5, 0.75)))
        reach = 1.5 * (third - first)
        near = (given >= first - reach) & (given <= third + reach)
        ends = given[near][[0, -1]].tolist()
        return cls(ends[0], (first, median, third), ends[1], tuple(given[~near].tolist()))


def _figure(column: ColumnRecord, facets: list[list[Result]]) -> Figure:
    down = math.ceil(len(facets) / FACETS_PER_LINE)
    across = math.ceil(len(facets) / down)
    labels = apart([r.method.label for r in facets[0]], lambda text: fitted(text, LABEL_WIDTH, 7))
    side = 0.1 + max(text_width(line, size) for text, size in labels for line in text.split("\n"))
    tall = ROW_HEIGHT * max(map(len, facets))
    width = TEXT_WIDTH if across > 1 else TEXT_WIDTH * 0.66
    right = COUNT if any(_count(r, column) for facet in facets for r in facet) else MARGIN
    wide = (width - side) / across - right
    line = TITLE + tall + TICKS
    figure = Figure(figsize=(width, down * line + FOOT), dpi=DPI)
    for i, facet in enumerate(facets):
        row, place = divmod(i, across)
        ax = axes_at(figure, side + place * (wide + right), row * line + TITLE, wide, tall)
        _draw(ax, column, facet)
        if place == 0:
            _name_rows(ax, labels, wide)
    said = f"{column.metric} {ARROWS[column.better]}  (convention {column.convention})"
    middle = (side + width - right) / 2 / width
    figure.text(middle, 0.06 / figure.get_size_inches()[1], said, ha="center", fontsize=8)
    return figure


def _name_rows(ax: Axes, labels: Sequence[tuple[str, float]], wide: float) -> None:
    across = ax.get_yaxis_transform()
    for place, (text, size) in enumerate(labels):
        said = ax.text(-0.06 / wide, place, text, size=size, transform=across, linespacing=0.9)
        said.set(ha="right", va="center")


def _draw(ax: Axes, column: ColumnRecord, facet: list[Result]) -> None:
    values = {place: _finite(result, column) for place, result in enumerate(facet)}
    _boxes(ax, {place: found for place, found in values.items() if found}, facet)
    dataset = facet[0].dataset
    ax.set_title(f"{dataset.name} (N = {len(dataset.pairs)})", y=1.0, pad=4)
    ax.set_ylim(len(facet) - 0.5, -0.5)
    ax.set_yticks([])
    ax.grid(visible=True, axis="x")
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    anchors = sum(is_anchor(result.method) for result in facet)
    if 0 < anchors < len(facet):
        ax.axhline(anchors - 0.5, color=GRAY, linewidth=0.6)
    _note_counts(ax, column, facet)


def _boxes(ax: Axes, values: dict[int, list[float]], facet: Sequence[Result]) -> None:
    if not values:
        return
    boxes = {place: Box.of(found) for place, found in values.items()}
    frames: list[_Line] = []
    medians: list[_Line] = []
    whiskers: list[_Line] = []
    for place, box in boxes.items():
        left, middle, right = box.quartiles
        top, bottom = place - HALF_BOX, place + HALF_BOX
        frames.append([(left, top), (right, top), (right, bottom), (left, bottom)])
        medians.append([(middle, top), (middle, bottom)])
        whiskers += [[(box.low, place), (left, place)], [(right, place), (box.high, place)]]
        caps = (place - HALF_BOX / 2, place + HALF_BOX / 2)
        whiskers += [[(end, caps[0]), (end, caps[1])] for end in (box.low, box.high)]
    ax.add_collection(LineCollection(whiskers, colors=DARK, linewidths=0.7))
    ax.add_collection(PolyCollection(frames, fc="white", ec=DARK, linewidths=0.7))
    ax.add_collection(LineCollection(medians, colors=DARK, linewidths=1.4, capstyle="butt"))
    _points(ax, values, boxes, facet)


def _points(
    ax: Axes, values: dict[int, list[float]], boxes: dict[int, Box], facet: Sequence[Result]
) -> None:
    few = max(len(r.dataset.pairs) for r in facet) <= POINTS_SHOWN_UP_TO
    shown = values if few else {place: box.outliers for place, box in boxes.items()}
    points = [(v, place) for place, found in shown.items() for v in found]
    for colour, anchor in ((GRAY, True), (BLUE, False)):
        of_colour = [point for point in points if is_anchor(facet[point[1]].method) == anchor]
        if of_colour:
            across, down = zip(*of_colour, strict=True)
            ax.scatter(across, down, s=5, c=colour, alpha=0.6, lw=0, zorder=3)
    means = [math.fsum(found) / len(found) for found in values.values()]
    ax.scatter(means, list(values), s=16, marker="D", c=ORANGE, ec="white", lw=0.5, zorder=4)


def _note_counts(ax: Axes, column: ColumnRecord, facet: Sequence[Result]) -> None:
    across = ax.get_yaxis_transform()
    for place, result in enumerate(facet):
        if said := _count(result, column):
            ax.text(1.01, place, said, transform=across, va="center", fontsize=6, color=DARK)


def _count(result: Result, column: ColumnRecord) -> str:
    """How many pairs a row shows, where it does not show them all."""
    count, total = len(_finite(result, column)), len(result.dataset.pairs)
    if count == total:
        return ""
    return "failed" if result.failed else f"{count}/{total}"
