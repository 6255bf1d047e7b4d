r"""Friedman's test and Nemenyi's critical difference, from mean ranks.

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
    from scipy.stats import chi2
    from scipy.stats import f as f_distribution

    methods = len(mean_ranks)
    if pairs < 2 or methods < 2:
        return Friedman(math.nan, math.nan, math.nan, math.nan)
    within = untied_variance(methods) if variance is None else variance
    between = pairs * float(((mean_ranks - mean_ranks.mean()) ** 2).sum())
    statistic = between / within if within > 0 else 0.0
    rest = pairs * (methods - 1) - statistic
    f = (pairs - 1) * statistic / rest if rest > 1e-9 else math.inf
    degrees = methods - 1
    f_p = float(f_distribution.sf(f, degrees, degrees * (pairs - 1)))
    return Friedman(statistic, float(chi2.sf(statistic, degrees)), f, f_p)


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
