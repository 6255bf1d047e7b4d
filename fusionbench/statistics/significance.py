r"""Friedman's test and Nemenyi's critical difference; Wilcoxon's test and Holm's correction.

With ranks \(r_{ij}\) of \(k\) methods on \(n\) pairs and their means \(R_j\),

.. math:: \chi^2 = \frac{n}{s^2} \sum_j (R_j - \bar R)^2, \qquad
          s^2 = \frac{1}{n (k - 1)} \sum_{ij} (r_{ij} - \bar r_i)^2

has \(k - 1\) degrees of freedom if the methods do not differ. Without ties
\(s^2 = k (k + 1) / 12\) and this is Friedman's statistic; with ties it is Friedman's statistic
corrected for ties; and it holds as well for ranks averaged over several metrics, whose spread
within a pair is smaller. Two mean ranks differ if they are at least

.. math:: \mathrm{CD} = q_\alpha \sqrt{s^2 / n}

apart, with the studentized range \(q_\alpha\) for \(k\) groups and infinite degrees of freedom:
without ties, Nemenyi's \((q_\alpha / \sqrt 2) \sqrt{k (k + 1) / 6n}\).

Sources: J. Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006;
W. J. Conover, "Practical nonparametric statistics", 1999, section 5.8.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusionbench.statistics.ranking import average_ranks

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Friedman:
    """Friedman's test; NaN where there is no test (fewer than two pairs or methods).

    Attributes:
        statistic, p: The chi-square statistic and its p value.
        f, f_p: Iman and Davenport's F, which is less conservative, and its p value.
    """

    statistic: float
    p: float
    f: float
    f_p: float


def untied_variance(methods: int) -> float:
    """The variance of one rank within a pair where nothing is tied: k (k + 1) / 12."""
    return methods * (methods + 1) / 12


def variance_of_ranks(ranks: Floats) -> float:
    """The variance of a rank within its pair, as it is: ties and averaged ranks make it smaller.

    Args:
        ranks: Pairs × methods.
    """
    pairs, methods = ranks.shape
    if pairs == 0 or methods < 2:
        return math.nan
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    return float((centred**2).sum() / (pairs * (methods - 1)))


def friedman(mean_ranks: Floats, pairs: int, variance: float | None = None) -> Friedman:
    """Test whether the methods differ at all.

    Args:
        mean_ranks: One for each method.
        pairs: Over how many pairs they are.
        variance: See `variance_of_ranks`; that of untied ranks where it is not given.
    """
    from scipy.special import chdtrc, fdtrc

    methods = len(mean_ranks)
    if pairs < 2 or methods < 2:
        return Friedman(math.nan, math.nan, math.nan, math.nan)
    within = untied_variance(methods) if variance is None else variance
    between = pairs * float(((mean_ranks - mean_ranks.mean()) ** 2).sum())
    statistic = between / within if within > 0 else 0.0
    rest = pairs * (methods - 1) - statistic
    f = (pairs - 1) * statistic / rest if rest > 1e-9 else math.inf
    degrees = methods - 1
    f_p = float(fdtrc(degrees, degrees * (pairs - 1), f)) if f < math.inf else 0.0
    return Friedman(statistic, float(chdtrc(degrees, statistic)), f, f_p)


def critical_difference(
    methods: int, pairs: int, variance: float | None = None, alpha: float = 0.05
) -> float:
    """Nemenyi's critical difference of two mean ranks.

    Args:
        methods: How many methods are compared; all pairs of them are.
        pairs: Over how many pairs the mean ranks are.
        variance: See `variance_of_ranks`; that of untied ranks where it is not given.
        alpha: The probability of finding any difference where there is none.

    Returns:
        The difference from which on two methods differ; NaN with fewer than two pairs or methods.
    """
    if pairs < 2 or methods < 2:
        return math.nan
    within = untied_variance(methods) if variance is None else variance
    return _studentized_range(methods, alpha) * math.sqrt(within / pairs)


@functools.lru_cache
def _studentized_range(groups: int, alpha: float) -> float:
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(1 - alpha, groups, np.inf))


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
    # zeros come first in the order of sizes: ranks without them are smaller by their number
    ranks = average_ranks(np.abs(differences).T).T - (differences == 0).sum(axis=0)
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
    from scipy.special import ndtr

    ranks = _ranked(differences)
    above = (ranks * (differences > 0)).sum(axis=0)
    # the squares of the ranks carry the correction for ties
    deviation = np.sqrt((ranks**2).sum(axis=0)) / 2
    p: Floats = 2 * ndtr(-np.abs(above - ranks.sum(axis=0) / 2) / deviation)
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
