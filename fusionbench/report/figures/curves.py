"""Per-image curves: the values of all pairs for every method, sorted, a panel for each metric."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from fusionbench.manifest import ColumnRecord
from fusionbench.report.figures.looks import Look, cut, labels_of, looks, one_line
from fusionbench.report.figures.style import DPI, TEXT_WIDTH, axes_at
from fusionbench.report.layout import ARROWS
from fusionbench.report.ranking import Ranking, contenders
from fusionbench.report.ranks import decimals, shown

ACROSS, DOWN = 3, 5
TALL, TITLE, TICKS, LEFT, GAP = 1.35, 0.22, 0.2, 0.38, 0.14
LEGEND_SIZE, HEADROOM = 5.5, 0.2


def curves(ranking: Ranking, highlight: Sequence[str] = ()) -> Iterator[Figure]:
    """Draw each method's values over the pairs, from the lowest to the highest.

    A point (x, y) says that on the share x of the pairs the value is at most y. The means of the
    tables stand in the legend, best first. Infinite values are not drawn. Fifteen metrics go on a
    sheet.
    """
    look = looks(ranking, highlight)
    columns = [
        c for c in ranking.board.columns if any(c.metric == k.name for k in ranking.contests)
    ]
    for start in range(0, len(columns), ACROSS * DOWN):
        yield _sheet(ranking, columns[start : start + ACROSS * DOWN], look)


def _sheet(ranking: Ranking, columns: Sequence[ColumnRecord], look: dict[str, Look]) -> Figure:
    across = min(ACROSS, len(columns))
    down = math.ceil(len(columns) / across)
    line = TITLE + TALL + TICKS
    wide = TEXT_WIDTH / ACROSS - LEFT - GAP
    figure = Figure(figsize=(TEXT_WIDTH / ACROSS * across, 0.28 + down * line + 0.2), dpi=DPI)
    for i, column in enumerate(columns):
        row, place = divmod(i, across)
        left = place * TEXT_WIDTH / ACROSS + LEFT
        ax = axes_at(figure, left, 0.22 + row * line + TITLE, wide, TALL)
        _panel(ax, ranking, column, look)
        below = i + across >= len(columns)
        ax.set_xticks([0, 0.5, 1], ["0", "50 %", "100 %"] if below else ["", "", ""])
    height = float(figure.get_size_inches()[1])
    board = ranking.board
    title = f"{board.dataset.name}, convention {board.convention} (N = {len(board.dataset.pairs)})"
    width = float(figure.get_size_inches()[0])
    title = one_line(title, width - 0.1, 8)
    figure.text(0.5, 1 - 0.16 / height, title, ha="center", fontsize=8)
    figure.text(0.5, 0.04 / height, "share of the pairs", ha="center", fontsize=7)
    return figure


def _panel(ax: Axes, ranking: Ranking, column: ColumnRecord, look: dict[str, Look]) -> None:
    methods = {r.method.name: r for r in contenders(ranking.board, column)}
    sorted_values = {
        name: np.sort([v for v in methods[name].cell(column).values.values() if math.isfinite(v)])
        for name in look
        if name in methods
    }
    drawn = {name: values for name, values in sorted_values.items() if len(values)}
    for stands_out in (False, True):
        names = [name for name in drawn if look[name].stands_out == stands_out]
        ax.add_collection(
            LineCollection(
                [np.column_stack([_shares(len(drawn[n])), drawn[n]]) for n in names],
                colors=[look[name].colour for name in names],
                linestyles=[look[name].line for name in names],
                linewidths=1.0 if stands_out else 0.4,
                zorder=3 if stands_out else 2,
            )
        )
    _legend(ax, ranking, column, {n: r.mean(column) for n, r in methods.items()}, look)
    ax.set_title(f"{column.metric} {ARROWS[column.better]}", y=1.0, pad=3)
    ax.autoscale_view()
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + HEADROOM * (high - low))
    ax.set_xlim(0, 1)
    ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    ax.tick_params(labelsize=6, length=2)
    ax.grid(visible=True)


def _shares(count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.linspace(1 / count, 1, count)


def _legend(
    ax: Axes,
    ranking: Ranking,
    column: ColumnRecord,
    means: dict[str, float],
    look: dict[str, Look],
) -> None:
    names = [name for name in means if look[name].stands_out and not math.isnan(means[name])]
    names.sort(key=lambda name: means[name], reverse=column.better == "higher")
    labels = cut(labels_of(ranking), 0.8, LEGEND_SIZE)
    places = min(decimals(means[n] for n in names), 4) if names else 4
    handles = [Line2D([], [], color=look[n].colour, ls=look[n].line, lw=1.0) for n in names]
    texts = [f"{labels[n]} {shown(means[n], places)}" for n in names]
    ax.legend(
        handles,
        texts,
        loc="upper left",
        fontsize=LEGEND_SIZE,
        frameon=False,
        borderpad=0,
        borderaxespad=0.2,
        labelspacing=0.15,
        handlelength=1.6,
    )
