"""Wilcoxon's signed-rank test for many comparisons at once, and Holm's correction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
EXACT_UP_TO, ENUMERATED_UP_TO = 50, 13


def wilcoxon(differences: Floats) -> Floats:
    """Two-sided p values of Wilcoxon's signed-rank test.

    Zero differences are left out, as Wilcoxon did. The distribution is exact where there are up to
    13 pairs, or where up to 50 differences remain and no two are tied; otherwise it is normal,
    corrected for ties and without correction for continuity.

    Args:
        differences: Pairs × comparisons, finite.

    Returns:
        One p value for each comparison: 1 where every difference is zero, NaN where there is none.

    Source: F. Wilcoxon, "Individual comparisons by ranking methods", Biometrics 1, 1945.
    """
    pairs, comparisons = differences.shape
    if pairs == 0:
        return np.full(comparisons, np.nan)
    size = np.sort(np.where(differences == 0, np.nan, np.abs(differences)), axis=0)
    tied = (np.diff(size, axis=0) == 0).any(axis=0)
    count = (differences != 0).sum(axis=0)
    exact = ~tied & (count <= EXACT_UP_TO) & (count > 0)
    p = np.ones(comparisons)
    if exact.any():
        p[exact] = _exact(differences[:, exact])
    rest = ~exact & (count > 0)
    if rest.any():
        few = pairs <= ENUMERATED_UP_TO
        p[rest] = (_enumerated if few else _normal)(differences[:, rest])
    return p


def _exact(differences: Floats) -> Floats:
    from scipy.stats import wilcoxon as test

    p = test(differences, axis=0, zero_method="wilcox", method="exact").pvalue
    return np.atleast_1d(np.asarray(p, np.float64))


def _ranked(differences: Floats) -> Floats:
    """Ranks of the sizes of the differences that are not zero; zeros have rank 0."""
    from scipy.stats import rankdata

    # zeros come first in the order of sizes: ranks without them are smaller by their number
    ranks = rankdata(np.abs(differences), axis=0) - (differences == 0).sum(axis=0)
    ranked: Floats = np.where(differences == 0, 0, ranks)
    return ranked


def _enumerated(differences: Floats) -> Floats:
    """Over all assignments of signs."""
    ranks = _ranked(differences)
    middle = ranks.sum(axis=0) / 2
    found = np.abs((ranks * (differences > 0)).sum(axis=0) - middle)
    pairs = len(differences)
    signs = (np.arange(2**pairs)[:, None] >> np.arange(pairs)) & 1
    p: Floats = (np.abs(signs @ ranks - middle) >= found - 1e-9).mean(axis=0)
    return p


def _normal(differences: Floats) -> Floats:
    from scipy.stats import norm

    ranks = _ranked(differences)
    above = (ranks * (differences > 0)).sum(axis=0)
    # the squares of the ranks carry the correction for ties
    deviation = np.sqrt((ranks**2).sum(axis=0)) / 2
    p: Floats = 2 * norm.sf(np.abs(above - ranks.sum(axis=0) / 2) / deviation)
    return p


def holm(p: Floats) -> Floats:
    """P values corrected for their number, so that any false finding among them is as rare as one.

    The smallest is multiplied by their number, the next by one less, and so on; none is smaller
    than the one before it, none is above 1. NaN stays NaN and does not count.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", 1979.

    Example:
        >>> import numpy as np
        >>> holm(np.array([0.01, 0.04, 0.03, 0.005])).round(3)
        array([0.03, 0.06, 0.06, 0.02])
    """
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected = np.full(p.shape, np.nan)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1)
    return corrected
