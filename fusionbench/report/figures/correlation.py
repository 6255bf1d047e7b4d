"""The heat map of the metrics' correlation: which of them say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
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


def correlation(ranking: Ranking) -> Figure | None:
    """Spearman's rank correlation of every two metrics over all pairs and methods.

    Metrics of which a lower value is better count with the other sign: a positive correlation means
    that two metrics agree on what is good. Metrics that agree stand together (average linkage).

    Returns:
        The figure, or nothing where fewer than two metrics have values.
    """
    import seaborn as sns

    matrix = _matrix(ranking)
    if len(matrix) < 2:
        return None
    side = widest(matrix.index, 7) + 0.13
    cell = min(CELL, (TEXT_WIDTH - side - 0.6) / len(matrix))
    wide = cell * len(matrix)
    figure = Figure(figsize=(max(side + wide + 0.6, 3.5), 0.3 + wide + side), dpi=DPI)
    ax = axes_at(figure, side, 0.28, wide, wide)
    bar = axes_at(figure, side + wide + 0.1, 0.28, 0.1, min(wide, 1.5))
    sns.heatmap(
        matrix,
        mask=np.triu(np.ones(matrix.shape, dtype=bool), 1) | matrix.isna(),
        vmin=-1,
        vmax=1,
        cmap="RdBu",
        ax=ax,
        cbar_ax=bar,
        xticklabels=True,
        yticklabels=True,
        annot=_numbers(matrix) if cell >= SMALLEST_WITH_NUMBERS else None,
        fmt="",
        annot_kws={"size": 5},
        linewidths=0.4,
    )
    ax.set(xlabel="", ylabel="")
    ax.tick_params(axis="x", rotation=90, length=0)
    ax.tick_params(axis="y", rotation=0, length=0)
    bar.tick_params(length=0, labelsize=6)
    board = ranking.board
    headline(figure, f"{board.dataset.name}, {board.convention}: Spearman's ρ of metrics")
    return figure


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
