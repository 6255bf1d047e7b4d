"""Ranks of the methods on each pair, and points for an order."""

from __future__ import annotations

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
    from scipy.stats import rankdata

    if np.isnan(values).any():
        raise ValueError("NaN cannot be ranked: leave out pairs that are not complete")
    ranks: Floats = rankdata(-values if better == "higher" else values, axis=1)
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
