"""How far mAP depends on which images happened to be in the data set: bootstrap over images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusionbench.detection.averaging import average_precisions
from fusionbench.detection.boxes import F64
from fusionbench.detection.matching import Matches


@dataclass(frozen=True)
class Interval:
    """A value with its percentile interval; scores are in [0, 1], differences in [-1, 1]."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Bootstrap:
    """mAP over resampled images.

    Attributes:
        images: How many images there are.
        resamples: How many times they were drawn again.
        seed: Seed of the draws.
        ap50, ap: mAP50 and mAP50-95 with their 95 % intervals; None where they are not defined.
        draws50, draws: The resampled values, for :func:`paired_difference`; NaN where a resample
            holds no object.
    """

    images: int
    resamples: int
    seed: int
    ap50: Interval | None
    ap: Interval | None
    draws50: F64
    draws: F64


@dataclass(frozen=True)
class Difference:
    """mAP of one kind of image minus that of another, on the same resamples; None as above."""

    ap50: Interval | None
    ap: Interval | None


def bootstrap_map(
    matches: Matches, *, seed: int = 0, resamples: int = 1000, level: float = 0.95
) -> Bootstrap:
    """Draw the images again with replacement and score every draw.

    Boxes are matched once; a draw weights each image by how often it was drawn (Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, percentile interval). A class that a draw
    holds no object of is left out of that draw's mean.

    Args:
        matches: ``Evaluation.matches``.
        seed: The same seed and number of images give the same draws.
        resamples: How many draws.
        level: Share of the draws inside the interval.
    """
    images = len(matches.pairs)
    weights = np.vstack([np.ones((1, images)), _draws(images, resamples, seed)])
    scored = list(matches.scored())
    values = average_precisions(matches, weights)[scored]
    draws50, draws = _mean(values[:, :1]), _mean(values)
    return Bootstrap(
        images,
        resamples,
        seed,
        _interval(draws50[0], draws50[1:], level),
        _interval(draws[0], draws[1:], level),
        draws50[1:],
        draws[1:],
    )


def _draws(images: int, resamples: int, seed: int) -> F64:
    """R×I: how often each of I images is drawn in each of R draws."""
    if images == 0:
        return np.zeros((resamples, 0))
    shares = np.full(images, 1 / images)
    return np.random.default_rng(seed).multinomial(images, shares, resamples).astype(np.float64)


def paired_difference(first: Bootstrap, second: Bootstrap, *, level: float = 0.95) -> Difference:
    """The mAP of ``first`` minus that of ``second``, with its interval over the same draws.

    An interval that excludes 0 is evidence that the two differ on this data set.

    Raises:
        ValueError: The two were not made from the same number of images, draws and seed.
    """
    settings = [(b.images, b.resamples, b.seed) for b in (first, second)]
    if settings[0] != settings[1]:
        raise ValueError(f"images, draws and seed differ: {settings[0]} and {settings[1]}")
    return Difference(
        _difference(first.ap50, second.ap50, first.draws50 - second.draws50, level),
        _difference(first.ap, second.ap, first.draws - second.draws, level),
    )


def _difference(
    first: Interval | None, second: Interval | None, draws: F64, level: float
) -> Interval | None:
    if first is None or second is None:
        return None
    return _interval(first.value - second.value, draws, level)


def _interval(value: float, draws: F64, level: float) -> Interval | None:
    """The value with the interval that holds the share ``level`` of the draws; None for NaN."""
    draws = draws[~np.isnan(draws)]
    if np.isnan(value) or not draws.size:
        return None
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(value), float(low), float(high))


def _mean(values: F64) -> F64:
    """R means over K classes and T overlaps of K×T×R values, classes that are NaN left out."""
    defined = ~np.isnan(values)
    count, total = defined.sum(axis=(0, 1)), np.where(defined, values, 0.0).sum(axis=(0, 1))
    result: F64 = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return result
