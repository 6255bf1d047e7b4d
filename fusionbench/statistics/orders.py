"""How far two orders of the same methods, or two metrics, agree."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def kendall(first: Floats, second: Floats) -> float:
    """Kendall's tau-b of two orders: 1 the same, -1 reversed; NaN where one ranks nothing."""
    from scipy.stats import kendalltau

    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan
    return float(kendalltau(first, second).statistic)


def spearman(first: Floats, second: Floats) -> float:
    """Spearman's rank correlation; pairs of values with a NaN are left out.

    Returns:
        From -1 to 1; NaN where fewer than three are left or one side is constant.
    """
    from scipy.stats import rankdata

    known = ~(np.isnan(first) | np.isnan(second))
    if known.sum() < 3:
        return math.nan
    x, y = rankdata(first[known]), rankdata(second[known])
    x, y = x - x.mean(), y - y.mean()
    scale = math.sqrt(float((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 0 else math.nan


def spearman_matrix(values: Floats) -> Floats:
    """Spearman's rank correlation of every two columns.

    Args:
        values: Observations × columns, NaN where there is none.
    """
    columns = values.shape[1]
    matrix = np.eye(columns)
    for i in range(columns):
        for j in range(i):
            matrix[i, j] = matrix[j, i] = spearman(values[:, i], values[:, j])
    return matrix


def moved(first: Floats, second: Floats) -> int:
    """How many methods have another place in the second order (ties share the best place)."""
    places = [(one[:, None] > one[None]).sum(axis=1) for one in (first, second)]
    return int((places[0] != places[1]).sum())
