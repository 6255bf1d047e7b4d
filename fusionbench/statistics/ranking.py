"""Ranks of the methods on each pair, and what is made of them.

Points for an order, how far two orders agree, groups of methods that cannot be told apart.
"""

from __future__ import annotations

import math
import string
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fusionbench.cards import Better

Floats = NDArray[np.float64]


def complete(values: Floats) -> NDArray[np.bool_]:
    """Which pairs have a value for every method (infinite counts as a value).

    Args:
        values: Pairs × methods, NaN where there is no value.

    Returns:
        One truth value for each pair.
    """
    known: NDArray[np.bool_] = np.logical_not(np.isnan(values).any(axis=1))
    return known


def rank_pairs(values: Floats, better: Better) -> Floats:
    """Rank the methods on every pair: 1 is best, tied methods share the mean of their places.

    Args:
        values: Pairs × methods without NaN; infinite values are ranked like any other.
        better: Which direction is better.

    Returns:
        Pairs × methods, from 1 to the number of methods; every row has the same sum.

    Raises:
        ValueError: A value is NaN.

    Example:
        >>> import numpy as np
        >>> rank_pairs(np.array([[5.0, 7.0, 7.0]]), "higher")
        array([[3. , 1.5, 1.5]])
    """
    if np.isnan(values).any():
        raise ValueError("NaN cannot be ranked: leave out pairs that are not complete")
    return average_ranks(-values if better == "higher" else values)


def average_ranks(values: Floats) -> Floats:
    """The rank of every value in its row, from the smallest on; equal ones share their mean.

    Args:
        values: One row or several, without NaN.

    Returns:
        Ranks from 1, in the shape of the values.
    """
    if not values.size:
        return np.ones(values.shape)
    width = values.shape[-1]
    order = np.argsort(values, axis=-1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=-1)
    first = np.ones(values.shape, np.bool_)
    first[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    starts = np.flatnonzero(first)
    lengths = np.diff(starts, append=values.size)
    shared = np.repeat(starts % width + (lengths + 1) / 2, lengths).reshape(values.shape)
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, shared, axis=-1)
    return ranks


def borda(means: Floats, better: Better) -> Floats:
    """Borda points of one vote: as many as methods are worse, ties shared.

    Args:
        means: One value for each method, without NaN.
        better: Which direction is better.

    Returns:
        Points from 0 (last) to the number of methods less one (first).

    Example:
        >>> import numpy as np
        >>> borda(np.array([0.2, 0.9, 0.5]), "higher")
        array([0., 2., 1.])
    """
    points: Floats = len(means) - rank_pairs(means[None], better)[0]
    return points


def kendall(first: Floats, second: Floats) -> float:
    """Kendall's tau-b of two orders: 1 the same, -1 reversed; NaN where one ranks nothing."""
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan
    above = np.triu_indices(len(first), 1)
    one, other = (np.sign(np.subtract.outer(x, x)[above]) for x in (first, second))
    tau = (one @ other) / math.sqrt(np.count_nonzero(one)) / math.sqrt(np.count_nonzero(other))
    return float(np.clip(tau, -1, 1))


def spearman(first: Floats, second: Floats) -> float:
    """Spearman's rank correlation; pairs of values with a NaN are left out.

    Returns:
        From -1 to 1; NaN where fewer than three are left or one side is constant.
    """
    known = ~(np.isnan(first) | np.isnan(second))
    if known.sum() < 3:
        return math.nan
    x, y = average_ranks(first[known]), average_ranks(second[known])
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


def cliques(mean_ranks: Sequence[float], difference: float) -> list[tuple[int, ...]]:
    """The largest groups whose mean ranks all lie less than a difference apart.

    Args:
        mean_ranks: One for each method, in any order.
        difference: The critical difference; infinite where no two methods can be told apart.

    Returns:
        Groups from the best on, each with the methods' places in ``mean_ranks``, best first. Every
        method is in one at least, alone if need be; groups overlap.

    Example:
        >>> cliques([3.143, 2.0, 2.893, 1.964], 1.05)
        [(3, 1, 2), (2, 0)]
    """
    order = sorted(range(len(mean_ranks)), key=lambda i: (mean_ranks[i], i))
    groups: list[tuple[int, ...]] = []
    reached = 0
    for start, first in enumerate(order):
        group = [i for i in order[start:] if mean_ranks[i] - mean_ranks[first] < difference]
        group = group or [first]
        if start + len(group) > reached:
            groups.append(tuple(group))
            reached = start + len(group)
    return groups


def letters(groups: Sequence[Sequence[int]], methods: int) -> list[str]:
    """Compact letters: methods that share one cannot be told apart.

    Args:
        groups: As `cliques` gives them.
        methods: How many methods there are.

    Returns:
        The letters of each method: ``a`` for the first group; after ``z`` follow ``A`` to ``Z``,
        then ``aa``.

    Example:
        >>> letters([(3, 1, 2), (2, 0)], 4)
        ['b', 'a', 'ab', 'a']
    """
    found = [""] * methods
    for number, group in enumerate(groups):
        for method in group:
            found[method] += _letter(number)
    return found


def _letter(number: int) -> str:
    alphabet = string.ascii_letters
    return alphabet[number % len(alphabet)] * (1 + math.floor(number / len(alphabet)))
