"""Bootstrap intervals of means and of paired differences of means."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
DRAWS = 2000
LEVEL = 0.95
SEED = 0


def mean_intervals(
    values: Floats, *, level: float = LEVEL, draws: int = DRAWS, seed: int = SEED
) -> Floats:
    """Percentile bootstrap intervals of the means.

    Pairs are drawn with replacement, the same ones for all methods. With fewer than about 20 pairs
    such an interval is too narrow.

    Args:
        values: Pairs × methods, finite.
        level: Probability that an interval holds the mean.
        draws: How often pairs are drawn.
        seed: Seed of the draws.

    Returns:
        Methods × 2: lower and upper end; NaN with fewer than two pairs.

    Source: B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993, chapter 13.
    """
    return _ends(_drawn_means(values, draws, seed), level, len(values))


def difference_intervals(
    values: Floats,
    first: Places,
    second: Places,
    *,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Floats:
    """Paired percentile bootstrap intervals of ``mean(first) - mean(second)``.

    Args:
        values: Pairs × methods, finite.
        first: The first method of each comparison, as a column of ``values``.
        second: The second one.
        level: Probability that an interval holds the difference.
        draws: How often pairs are drawn.
        seed: Seed of the draws.

    Returns:
        Comparisons × 2: lower and upper end; NaN with fewer than two pairs.
    """
    means = _drawn_means(values, draws, seed)
    return _ends(means[:, first] - means[:, second], level, len(values))


def _drawn_means(values: Floats, draws: int, seed: int) -> Floats:
    pairs = len(values)
    if pairs == 0:
        return np.full((draws, values.shape[1]), np.nan)
    means: Floats = _shares(pairs, draws, seed) @ values
    return means


@functools.lru_cache(maxsize=4)
def _shares(pairs: int, draws: int, seed: int) -> Floats:
    """Draws × pairs: the share of each pair in each draw."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(pairs, np.full(pairs, 1 / pairs), size=draws) / pairs


def _ends(drawn: Floats, level: float, pairs: int) -> Floats:
    if pairs < 2:
        return np.full((drawn.shape[1], 2), np.nan)
    outside = (1 - level) / 2
    ends: Floats = np.quantile(drawn, [outside, 1 - outside], axis=0).T
    return ends
