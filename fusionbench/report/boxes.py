"""Box plots: how each metric spreads over the pairs, one figure per metric and convention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fusionbench.manifest import ColumnRecord
from fusionbench.report.collect import Result, full_name, is_anchor
from fusionbench.report.layout import ARROWS
from fusionbench.report.style import BLUE, DARK, DPI, GRAY, ORANGE, TEXT_WIDTH, figure_style, save
from fusionbench.runs import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_HEIGHT = 0.21
FACETS_PER_LINE = 3
POINTS_SHOWN_UP_TO = 40


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


def _figure(column: ColumnRecord, facets: list[list[Result]]) -> Figure:
    down = math.ceil(len(facets) / FACETS_PER_LINE)
    across = math.ceil(len(facets) / down)
    height = down * (0.75 + ROW_HEIGHT * max(map(len, facets)))
    width = TEXT_WIDTH if across > 1 else TEXT_WIDTH * 0.66
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    axes = figure.subplots(down, across, sharey=True, squeeze=False).flatten().tolist()
    for ax, facet in zip(axes, facets, strict=False):
        _draw(ax, column, facet)
    for ax in axes[len(facets) :]:
        ax.set_axis_off()
    figure.supxlabel(
        f"{column.metric} {ARROWS[column.better]}  (convention {column.convention})",
        fontsize=8,
    )
    return figure


def _draw(ax: Axes, column: ColumnRecord, facet: list[Result]) -> None:
    places = range(len(facet))
    frame = pd.DataFrame(
        [(place, v) for place in places for v in _finite(facet[place], column)],
        columns=["row", "value"],
    )
    if not frame.empty:
        _boxes(ax, frame, facet)
    dataset = facet[0].dataset
    ax.set_title(f"{dataset.name} (N = {len(dataset.pairs)})")
    ax.set(xlabel="", ylabel="", ylim=(len(facet) - 0.5, -0.5))
    ax.set_yticks(list(places), [result.method.label for result in facet])
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=True, axis="x")
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    anchors = sum(is_anchor(result.method) for result in facet)
    if 0 < anchors < len(facet):
        ax.axhline(anchors - 0.5, color=GRAY, linewidth=0.6)
    _note_counts(ax, column, facet)


def _boxes(ax: Axes, frame: pd.DataFrame, facet: Sequence[Result]) -> None:
    sns.boxplot(
        frame,
        x="value",
        y="row",
        orient="h",
        native_scale=True,
        ax=ax,
        width=0.62,
        color="white",
        linecolor=DARK,
        linewidth=0.7,
        fliersize=0,
        medianprops={"linewidth": 1.4},
    )
    few = max(len(r.dataset.pairs) for r in facet) <= POINTS_SHOWN_UP_TO
    outliers = frame if few else _outliers(frame)
    colours = [GRAY if is_anchor(facet[row].method) else BLUE for row in outliers["row"]]
    ax.scatter(outliers["value"], outliers["row"], s=5, c=colours, alpha=0.6, lw=0, zorder=3)
    means = frame.groupby("row")["value"].mean()
    ax.scatter(means, means.index, s=16, marker="D", c=ORANGE, ec="white", lw=0.5, zorder=4)


def _outliers(frame: pd.DataFrame) -> pd.DataFrame:
    """The values beyond the whiskers."""
    grouped = frame.groupby("row")["value"]
    low, high = grouped.transform("quantile", 0.25), grouped.transform("quantile", 0.75)
    reach = 1.5 * (high - low)
    return frame[(frame["value"] < low - reach) | (frame["value"] > high + reach)]


def _note_counts(ax: Axes, column: ColumnRecord, facet: Sequence[Result]) -> None:
    for place, result in enumerate(facet):
        count, total = len(_finite(result, column)), len(result.dataset.pairs)
        if count < total:
            said = "failed" if result.failed else f"{count}/{total}"
            ax.annotate(
                said,
                (1, place),
                xycoords=ax.get_yaxis_transform(),
                xytext=(2, 0),
                textcoords="offset points",
                va="center",
                fontsize=6,
                color=DARK,
            )
