"""The heat map of the metrics' correlation: which of them say the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fusionbench.report.figures.style import (
    DPI,
    TEXT_WIDTH,
    axes_at,
    headline,
    ranked_values,
    widest,
)
from fusionbench.statistics import spearman_matrix
from fusionbench.statistics.contests import Ranking

if TYPE_CHECKING:
    import pandas as pd

CELL, SMALLEST_WITH_NUMBERS = 0.27, 0.22
MIDDLE = 0.408
"""Luminance up to which a cell's number is white."""


def correlation(ranking: Ranking) -> Figure | None:
    """Spearman's rank correlation of every two metrics over all pairs and methods.

    Metrics of which a lower value is better count with the other sign: a positive correlation means
    that two metrics agree on what is good. Metrics that agree stand together (average linkage).

    Returns:
        The figure, or nothing where fewer than two metrics have values.
    """
    matrix = _matrix(ranking)
    if len(matrix) < 2:
        return None
    side = widest(matrix.index, 7) + 0.13
    cell = min(CELL, (TEXT_WIDTH - side - 0.6) / len(matrix))
    wide = cell * len(matrix)
    figure = Figure(figsize=(max(side + wide + 0.6, 3.5), 0.3 + wide + side), dpi=DPI)
    ax = axes_at(figure, side, 0.28, wide, wide)
    bar = axes_at(figure, side + wide + 0.1, 0.28, 0.1, min(wide, 1.5))
    _heat(ax, matrix, numbers=cell >= SMALLEST_WITH_NUMBERS)
    figure.colorbar(ax.collections[0], bar).outline.set_linewidth(0)  # type: ignore[operator]
    bar.tick_params(length=0, labelsize=6)
    board = ranking.board
    headline(figure, f"{board.dataset.name}, {board.convention}: Spearman's ρ of metrics")
    return figure


def _heat(ax: Axes, matrix: pd.DataFrame, *, numbers: bool) -> None:
    """The lower half of a matrix in colours, with its numbers where they have room."""
    hidden = np.triu(np.ones(matrix.shape, np.bool_), 1) | matrix.isna().to_numpy()
    values = np.ma.masked_array(matrix.to_numpy(np.float64), hidden)  # type: ignore[no-untyped-call]
    mesh = ax.pcolormesh(values, cmap="RdBu", vmin=-1, vmax=1, linewidth=0.4, edgecolor="white")
    if numbers:
        texts = _numbers(matrix)
        for y, x in np.argwhere(~hidden):
            colour = "w" if _luminance(mesh.to_rgba(values[y, x])) <= MIDDLE else ".15"
            ax.text(x + 0.5, y + 0.5, texts[y, x], size=5, color=colour, ha="center", va="center")
    places = np.arange(len(matrix)) + 0.5
    ax.set(xlim=(0, len(matrix)), ylim=(len(matrix), 0))
    ax.set_xticks(places, list(matrix.columns), rotation=90)
    ax.set_yticks(places, list(matrix.index))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _luminance(colour: Sequence[float]) -> float:
    """How bright a colour is to the eye, from 0 to 1 (WCAG 2)."""
    parts = np.array(colour[:3])
    linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def _numbers(matrix: pd.DataFrame) -> NDArray[np.str_]:
    """Two decimals without the zero before the point, as a small cell has room for."""
    texts = (matrix.round(2) + 0.0).map(lambda v: f"{v:.2f}".replace("0.", ".").replace("-", "−"))
    return texts.to_numpy(np.str_)


def _matrix(ranking: Ranking) -> pd.DataFrame:
    """The correlation of the metrics over every pair of every method, clustered."""
    import pandas as pd
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    frame = ranked_values(ranking)
    turned = frame["value"].where(frame["better"] == "higher", -frame["value"])
    table = frame.assign(value=turned).pivot(
        index=["method", "pair"], columns="metric", values="value"
    )
    names = [contest.name for contest in ranking.contests]
    values = table.reindex(columns=names).dropna(axis=1, how="all")
    matrix = spearman_matrix(values.to_numpy(np.float64))
    distance = 1 - np.nan_to_num(np.round(matrix, 9))
    np.fill_diagonal(distance, 0)
    found = pd.DataFrame(matrix, list(values), list(values))
    if len(found) < 2:
        return found
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=True)
    order = [found.index[i] for i in leaves_list(tree)]
    return found.loc[order, order]
