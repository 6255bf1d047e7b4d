"""Per-image curves: the values of all pairs for every method, sorted, a panel for each metric."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from fusionbench.report.figures.style import (
    DPI,
    TEXT_WIDTH,
    Look,
    axes_at,
    cut,
    headline,
    labels_of,
    looks,
    ranked_values,
    widest,
)
from fusionbench.report.leaderboard import ARROWS
from fusionbench.statistics.contests import Ranking
from fusionbench.tables.numbers import decimals, shown

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Corner = Literal["upper left", "lower right"]
ACROSS, DOWN = 3, 5
TALL, TITLE, TICKS, LEFT, GAP = 1.35, 0.22, 0.2, 0.38, 0.14
WIDE = TEXT_WIDTH / ACROSS - LEFT - GAP
LEGEND_SIZE, LEGEND_LINE, HANDLE, LONGEST_LABEL = 5.5, 0.1, 0.25, 1.2


def curves(ranking: Ranking, highlight: Sequence[str] = ()) -> Iterator[Figure]:
    """Draw each method's values over the pairs, from the lowest to the highest.

    A point (x, y) says that on the share x of the pairs the value is at most y. The means of the
    tables stand in the legend, best first. Infinite values are not drawn. Fifteen metrics go on a
    sheet.
    """
    look = looks(ranking, highlight)
    panels = list(ranked_values(ranking).groupby(["metric", "better"], sort=False))
    for start in range(0, len(panels), ACROSS * DOWN):
        yield _sheet(ranking, panels[start : start + ACROSS * DOWN], look)


def _sheet(
    ranking: Ranking, panels: Sequence[tuple[Any, pd.DataFrame]], look: dict[str, Look]
) -> Figure:
    across = min(ACROSS, len(panels))
    down = math.ceil(len(panels) / across)
    line = TITLE + TALL + TICKS
    figure = Figure(figsize=(TEXT_WIDTH / ACROSS * across, 0.28 + down * line + 0.2), dpi=DPI)
    labels = cut(labels_of(ranking), LONGEST_LABEL, LEGEND_SIZE)
    for i, ((metric, better), frame) in enumerate(panels):
        row, place = divmod(i, across)
        left = place * TEXT_WIDTH / ACROSS + LEFT
        ax = axes_at(figure, left, 0.22 + row * line + TITLE, WIDE, TALL)
        lines = _panel(ax, frame, look)
        means = frame.groupby("method")["value"].mean().dropna()
        means = means.sort_values(ascending=better == "lower", kind="stable")
        standing = {str(n): float(m) for n, m in means.items() if look[str(n)].stands_out}
        _legend(ax, lines, standing, labels, look)
        ax.set_title(f"{metric} {ARROWS[better]}", y=1.0, pad=3)
        below = i + across >= len(panels)
        ax.set_xticks([0, 0.5, 1], ["0", "50 %", "100 %"] if below else ["", "", ""])
    data = ranking.board.dataset
    headline(figure, f"{data.name}, convention {ranking.board.convention} (N = {len(data.pairs)})")
    foot = 0.04 / figure.get_size_inches()[1]
    figure.text(0.5, foot, "share of the pairs", ha="center", fontsize=7)
    return figure


def _panel(ax: Axes, frame: pd.DataFrame, look: dict[str, Look]) -> list[Floats]:
    """Draw the lines of a metric: shares and values, from the lowest."""
    finite = frame[np.isfinite(frame["value"])].sort_values("value")
    lines = {str(name): _line(own.to_numpy()) for name, own in finite.groupby("method")["value"]}
    for stands_out in (False, True):
        names = [name for name in look if name in lines and look[name].stands_out == stands_out]
        ax.add_collection(
            LineCollection(
                [lines[name] for name in names],
                colors=[look[name].colour for name in names],
                linestyles=[look[name].line for name in names],
                linewidths=1.0 if stands_out else 0.4,
                zorder=3 if stands_out else 2,
            )
        )
    ax.autoscale_view()
    ax.set_xlim(0, 1)
    ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    ax.tick_params(labelsize=6, length=2)
    ax.grid(visible=True)
    return list(lines.values())


def _line(values: Floats) -> Floats:
    """Shares and values; of a single pair a level line."""
    shares = np.linspace(1 / len(values), 1, len(values)) if len(values) > 1 else np.arange(2.0)
    return np.column_stack([shares, np.resize(values, len(shares))])


def _legend(
    ax: Axes,
    lines: Sequence[Floats],
    means: Mapping[str, float],
    labels: Mapping[str, str],
    look: Mapping[str, Look],
) -> None:
    """Name the lines that stand out, with their means, in a corner that no line enters."""
    places = min(decimals(means.values()), 4)
    texts = [f"{labels[name]} {shown(mean, places)}" for name, mean in means.items()]
    handles = [Line2D([], [], color=look[n].colour, ls=look[n].line, lw=1.0) for n in means]
    corner: Corner = "upper left"
    if lines:
        wide = (widest(texts, LEGEND_SIZE) + HANDLE) / WIDE
        limits, corner = _corner(
            lines, ax.get_ylim(), min(wide, 1), LEGEND_LINE * len(texts) / TALL
        )
        ax.set_ylim(limits)
    ax.legend(
        handles,
        texts,
        loc=corner,
        fontsize=LEGEND_SIZE,
        borderpad=0,
        borderaxespad=0.2,
        labelspacing=0.15,
        handlelength=1.6,
    )


def _corner(
    lines: Sequence[Floats], limits: tuple[float, float], wide: float, tall: float
) -> tuple[tuple[float, float], Corner]:
    """Where a legend goes that takes these shares of a panel, and limits that give it room there.

    The lines rise, so there is room above them on the left or below them on the right.
    """
    low, high = limits
    left = max(float(np.interp(wide, *line.T)) for line in lines)
    right = min(float(np.interp(1 - wide, *line.T)) for line in lines)
    above = max(high, (left - tall * low) / (1 - tall))
    below = min(low, (right - tall * high) / (1 - tall))
    if above - high <= low - below:
        return (low, above), "upper left"
    return (below, high), "lower right"
