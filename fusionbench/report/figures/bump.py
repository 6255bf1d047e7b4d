"""Methods as lines across metrics or conventions: bump charts and parallel coordinates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fusionbench.report.figures.style import (
    COLUMN_WIDTH,
    DARK,
    DPI,
    GRAY,
    TEXT_WIDTH,
    Look,
    axes_at,
    bare,
    cut,
    headline,
    labels_of,
    legend_columns,
    looks,
    ranked_values,
    widest,
)
from fusionbench.report.leaderboard import ARROWS
from fusionbench.statistics.contests import Ranking
from fusionbench.tables.numbers import decimals, shown

if TYPE_CHECKING:
    import pandas as pd

TITLE, SIZE, MANY = 0.28, 7, 16
LONGEST_LABEL, LONGEST_IN_NARROW = 1.9, 0.95
TALL, SIDE = 1.7, 0.45


def bump_of_metrics(ranking: Ranking, highlight: Sequence[str] = ()) -> Figure:
    """Each method's place overall, then by every metric, in the order of the tables."""
    assert ranking.overall is not None
    heads = _heads(ranking)
    places = {"overall": ranking.overall.places}
    places |= {heads[contest.name]: contest.places for contest in ranking.contests}
    board = ranking.board
    title = f"{board.dataset.name}, convention {board.convention}: places by mean rank"
    return _chart(places, labels_of(ranking), looks(ranking, highlight), title)


def bump_of_conventions(rankings: Sequence[Ranking], highlight: Sequence[str] = ()) -> Figure:
    """Each method's overall place under every convention of a data set."""
    places = {r.board.convention: r.overall.places for r in rankings if r.overall}
    labels = {name: label for r in rankings for name, label in labels_of(r).items()}
    look = {**looks(rankings[0], highlight)}
    look |= {name: Look() for name in labels if name not in look}
    title = f"{rankings[0].board.dataset.name}: overall places by convention"
    return _chart(places, labels, look, title)


def _heads(ranking: Ranking) -> dict[str, str]:
    """The names of the ranked metrics with their arrows."""
    arrows = {column.metric: ARROWS[column.better] for column in ranking.board.columns}
    return {contest.name: f"{contest.name} {arrows[contest.name]}" for contest in ranking.contests}


def _chart(
    stops: Mapping[str, Mapping[str, float]],
    labels: dict[str, str],
    look: dict[str, Look],
    title: str,
) -> Figure:
    """Lines between the names at both ends; as wide as a column of two where all that fits."""
    import pandas as pd

    places = pd.DataFrame(stops).T.reindex(columns=list(look))
    most = int(places.count(axis=1).max())
    row, size = (0.17, SIZE) if most <= MANY else (0.13, 6)
    narrow = len(stops) <= 6 and widest(labels.values(), size) <= LONGEST_IN_NARROW
    width = COLUMN_WIDTH if narrow else TEXT_WIDTH
    labels = cut(labels, LONGEST_LABEL, size)
    side = widest(labels.values(), size) + 0.3
    foot = widest(stops, SIZE) + 0.12
    figure = Figure(figsize=(width, TITLE + row * most + foot), dpi=DPI)
    ax = axes_at(figure, side, TITLE, width - 2 * side, row * most)
    _lines(ax, places, look, ".")
    ax.set_ylim(most + 0.5, 0.5)
    ax.set_yticks([])
    for x, end, align, away in ((-0.35, 0, "right", -11), (len(stops) - 0.65, -1, "left", 11)):
        # one below the other: methods that share a place stand around it
        order = places.iloc[end].dropna().sort_values(kind="stable").index
        for line, name in enumerate(order, 1):
            own = look[name]
            colour = own.colour if own.stands_out else DARK if most <= MANY else GRAY
            for text, offset in ((str(line), 0), (labels[name], away)):
                said = ax.annotate(text, (x, line), (offset, 0), textcoords="offset points")
                said.set(size=size, color=colour, ha=align, va="center", annotation_clip=False)
    headline(figure, title)
    return figure


def _lines(ax: Axes, values: pd.DataFrame, look: dict[str, Look], marker: str = "") -> None:
    """A line for each column across the rows, whose names stand below."""
    for name, own in look.items():
        size = 3.5 if own.stands_out else 2
        ax.plot(
            values[name].to_numpy(), marker=own.marker or marker, ms=size, label=name, **own.of_line
        )
    ax.set_xlim(-0.3, len(values) - 0.7)
    ax.set_xticks(range(len(values)), values.index, rotation=90)
    bare(ax)


def parallel_coordinates(ranking: Ranking, highlight: Sequence[str] = ()) -> Figure:
    """Draw the table's means; the best of each metric is on top, the worst at the bottom.

    Both are written at the ends of the metric's line. A method without a mean has a gap there.
    """
    look, heads = looks(ranking, highlight), _heads(ranking)
    means = ranked_values(ranking).pivot_table("value", "metric", "method")
    means = means.reindex(index=list(heads), columns=list(look)).replace([np.inf, -np.inf], np.nan)
    better = {column.metric: column.better for column in ranking.board.columns}
    sign = means.index.map(lambda metric: 1 if better[metric] == "higher" else -1).to_numpy()
    every = cut(labels_of(ranking), 1.6, SIZE)
    labels = {name: every[name] for name, own in look.items() if own.stands_out}
    foot = 0.5 + widest(heads.values(), SIZE)
    across = legend_columns(labels.values(), TEXT_WIDTH)
    lines = math.ceil(len(labels) / across)
    size = (TEXT_WIDTH, TITLE + TALL + foot + 0.16 * lines)
    figure = Figure(figsize=size, dpi=DPI)
    ax = axes_at(figure, SIDE, TITLE + 0.1, TEXT_WIDTH - 2 * SIDE, TALL)
    _lines(ax, _scaled(means.mul(sign, axis=0)).set_axis(list(heads.values())), look)
    ax.tick_params(axis="x", pad=12)
    ax.set(ylim=(-0.04, 1.04))
    ax.set_yticks([0, 1], ["worst", "best"])
    _ends(ax, means, sign)
    handles = [line for line in ax.lines if line.get_label() in labels]
    figure.legend(handles, list(labels.values()), loc="lower center", ncols=across, borderpad=0.1)
    board = ranking.board
    headline(
        figure, f"{board.dataset.name}, convention {board.convention}: means from worst to best"
    )
    return figure


def _scaled(means: pd.DataFrame) -> pd.DataFrame:
    """Each row from 0, the lowest, to 1; where all are equal 0.5."""
    low, high = means.min(axis=1), means.max(axis=1)
    shares = means.sub(low, axis=0).div((high - low).replace(0, np.nan), axis=0)
    return shares.fillna(0.5).where(means.notna())


def _ends(ax: Axes, means: pd.DataFrame, sign: np.ndarray[tuple[int], np.dtype[np.int_]]) -> None:
    """The worst and the best mean of every metric, at the ends of its line."""
    for place, (known, s) in enumerate(zip(means.to_numpy(), sign, strict=True)):
        known = s * known[~np.isnan(known)]
        if len(known):
            digits = min(decimals(known), 4)
            for y, value, va in ((-0.06, known.min(), "top"), (1.06, known.max(), "bottom")):
                ax.text(place, y, shown(s * value, digits), size=5, ha="center", va=va)
