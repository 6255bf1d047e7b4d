"""The heat map of the metrics' correlation: which of them say the same."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fusionbench.report.figures.looks import widest
from fusionbench.report.figures.style import DARK, DPI, TEXT_WIDTH, axes_at
from fusionbench.report.ranking import Ranking, contenders
from fusionbench.statistics import spearman_matrix

Floats = NDArray[np.float64]
CELL, SMALLEST_WITH_NUMBERS = 0.27, 0.22


def correlation(ranking: Ranking) -> Figure | None:
    """Spearman's rank correlation of every two metrics over all pairs and methods.

    Metrics of which a lower value is better count with the other sign: a positive correlation means
    that two metrics agree on what is good. Metrics that agree stand together (average linkage).

    Returns:
        The figure, or nothing where fewer than two metrics have values.
    """
    import seaborn as sns

    names, values = _values(ranking)
    if len(names) < 2:
        return None
    matrix = spearman_matrix(values)
    order = _clustered(matrix)
    matrix, names = matrix[np.ix_(order, order)], [names[i] for i in order]
    side, foot = widest(names, 7) + 0.12, widest(names, 7) + 0.14
    cell = min(CELL, (TEXT_WIDTH - side - 0.6) / len(names))
    wide = cell * len(names)
    figure = Figure(figsize=(max(side + wide + 0.6, 3.5), 0.3 + wide + foot), dpi=DPI)
    ax = axes_at(figure, side, 0.28, wide, wide)
    bar = axes_at(figure, side + wide + 0.1, 0.28, 0.1, min(wide, 1.5))
    above = np.triu(np.ones_like(matrix, dtype=bool), 1)
    sns.heatmap(
        matrix,
        mask=above | np.isnan(matrix),
        vmin=-1,
        vmax=1,
        cmap="RdBu",
        ax=ax,
        cbar_ax=bar,
        xticklabels=names,
        yticklabels=names,
        annot=_numbers(matrix) if cell >= SMALLEST_WITH_NUMBERS else None,
        fmt="",
        annot_kws={"size": 5},
        linewidths=0.4,
    )
    ax.set_xticklabels(names, rotation=90)
    ax.set_yticklabels(names, rotation=0)
    for axes in (ax, bar):
        axes.tick_params(length=0, labelsize=7 if axes is ax else 6)
    board = ranking.board
    title = f"{board.dataset.name}, {board.convention}: Spearman's ρ of metrics"
    figure.text(0.02, 1 - 0.17 / figure.get_size_inches()[1], title, fontsize=8, color=DARK)
    return figure


def _numbers(matrix: Floats) -> NDArray[np.str_]:
    """Two decimals without the zero before the point, as a small cell has room for."""
    texts = [[f"{v:.2f}".replace("0.", ".").replace("-", "−") for v in row] for row in matrix]
    return np.array(texts)


def _values(ranking: Ranking) -> tuple[list[str], Floats]:
    """Metrics with values, and observations (every pair of every method) × metrics."""
    names, columns = [], []
    every = ranking.board.results
    for column in ranking.board.columns:
        able = contenders(ranking.board, column)
        cells = [r.cell(column).values if r in able else {} for r in every]
        ids = [pair.id for pair in ranking.board.dataset.pairs]
        values = np.array([[cell.get(i, math.nan) for i in ids] for cell in cells]).ravel()
        if not np.isnan(values).all():
            names.append(column.metric)
            columns.append(values if column.better == "higher" else -values)
    return names, np.array(columns, np.float64).T


def _clustered(matrix: Floats) -> list[int]:
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distance = 1 - np.nan_to_num(np.round(matrix, 9))
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=True)
    return [int(i) for i in leaves_list(tree)]
