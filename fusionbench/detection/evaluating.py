"""Average precision and recall as COCO defines them, with intervals by bootstrap over images.

A weighting says how often each image is counted: once each for the plain value, as often as it was
drawn for the bootstrap. Only true positives move recall, and precision is highest where one comes,
so what stands between two of them enters as a count. All weightings then cost one product of
matrices and two running sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fusionbench.boxes import F64, I64, Bools, Detections
from fusionbench.detection.matching import OVERLAPS, PER_IMAGE, RECALLS, Found, Matches, match
from fusionbench.labels.label_sets import LabelSet


def average_precisions(matches: Matches, weights: F64, *, area: int = 0) -> F64:
    """Average precision of every class at every overlap.

    The mean of the interpolated precision (the best at this recall or a higher one) at recall 0,
    0.01, ..., 1; COCO's definition.

    Args:
        matches: The matches; K classes, T overlaps, I images.
        weights: R×I, how often each weighting counts each image.
        area: Which objects: 0 all, 1 small, 2 medium, 3 large.

    Returns:
        K×T×R; NaN where a weighting holds no object of a class.
    """
    shape = (len(matches.classes), len(OVERLAPS), len(weights))
    result: F64 = np.full(shape, np.nan)
    for kind, found in enumerate(matches.found):
        objects = weights @ matches.objects[kind, area].astype(np.float64)
        if not objects.any():
            continue
        for level in range(len(OVERLAPS)):
            value = _average_precision(found, area, level, weights, objects)
            result[kind, level] = np.where(objects > 0, value, np.nan)
    return result


def average_recalls(matches: Matches, *, area: int = 0) -> F64:
    """Share of the objects that are matched, K×T; NaN where a class has no object."""
    objects = matches.objects[:, area].sum(axis=1).astype(np.float64)
    hits = np.array([found.hit[area].sum(axis=1) for found in matches.found], np.float64)
    result: F64 = np.full(hits.shape, np.nan)
    np.divide(hits, objects[:, None], out=result, where=objects[:, None] > 0)
    return result


def precision_curve(matches: Matches, kind: int, *, level: int = 0) -> F64:
    """Interpolated precision of a class at recall 0, 0.01, ..., 1; 0 beyond the highest recall."""
    found, ones = matches.found[kind], np.ones((1, len(matches.pairs)))
    best, recall = _curves(found, 0, level, ones, np.array([float(matches.objects[kind, 0].sum())]))
    place = np.searchsorted(recall[:, 0], RECALLS, side="left")
    curve: F64 = np.append(best[:, 0], 0.0)[place]
    return curve


def _average_precision(found: Found, area: int, level: int, weights: F64, objects: F64) -> F64:
    best, recall = _curves(found, area, level, weights, objects)
    # how many of the 101 recalls are reached at each true positive, and were not before
    reached = np.searchsorted(RECALLS, recall.ravel(), side="right").reshape(recall.shape)
    gained = np.diff(reached, axis=0, prepend=0)
    total: F64 = (best * gained).sum(axis=0) / len(RECALLS)
    return total


def _curves(found: Found, area: int, level: int, weights: F64, objects: F64) -> tuple[F64, F64]:
    """Interpolated precision and recall at each of P true positives, P×R each."""
    hit, skipped = found.hit[area, level], found.skipped[area, level]
    hits = np.flatnonzero(hit)
    true = np.cumsum(weights[:, found.image[hits]].T, axis=0)
    seen = np.cumsum(_between(found.image, hits, ~skipped, weights.shape[1]) @ weights.T, axis=0)
    precision = np.divide(true, seen, out=np.zeros_like(true), where=seen > 0)
    best: F64 = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    recall: F64 = np.divide(true, objects, out=np.zeros_like(true), where=objects > 0)
    return best, recall


def _between(image: I64, hits: I64, counts: Bools, images: int) -> F64:
    """P×I: detections that count, of each image, after the last true positive up to this one."""
    table = np.zeros((len(hits) + 1, images))
    step = np.searchsorted(hits, np.arange(len(image)), side="left")
    np.add.at(table, (step[counts], image[counts]), 1.0)
    return table[:-1]


@dataclass(frozen=True)
class ClassScores:
    """One class. Scores are in [0, 1].

    Attributes:
        objects: Labelled objects, regions to ignore not counted.
        known: Whether the detector has a class that counts as this one.
        ap50: Average precision at an overlap of 0.5; None where there are no objects or the class
            is not known.
        ap: The mean over overlaps 0.50, 0.55, ..., 0.95; None likewise.
        precision: 101 values at recall 0, 0.01, ..., 1, overlap 0.5; empty where ``ap50`` is None.
    """

    objects: int
    known: bool
    ap50: float | None
    ap: float | None
    precision: F64


@dataclass(frozen=True)
class Evaluation:
    """How well detections agree with labels, after COCO's protocol. Scores are in [0, 1].

    Means are over the classes that occur in the labels and that the detector knows. A score is
    None where no such class has an object (of that size). Without any detection scores are 0.

    Attributes:
        labels: Name of the label set.
        images: Number of images, those without objects included.
        ap50: Mean over classes of the average precision at an overlap of 0.5 (mAP50).
        ap75: The same at 0.75.
        ap: The same, mean over overlaps 0.50, 0.55, ..., 0.95 (mAP50-95).
        ap_small, ap_medium, ap_large: ``ap`` for objects of an area of at most 32², 32² to 96²,
            and at least 96² pixels.
        ar: Average recall with at most 100 boxes a class and image (AR@100), mean over overlaps.
        ar_small, ar_medium, ar_large: The same by size.
        classes: What holds of each class, in the label set's order.
        matches: Every box with what it was matched to: what the bootstrap and the pictures need.
    """

    labels: str
    images: int
    ap50: float | None
    ap75: float | None
    ap: float | None
    ap_small: float | None
    ap_medium: float | None
    ap_large: float | None
    ar: float | None
    ar_small: float | None
    ar_medium: float | None
    ar_large: float | None
    classes: Mapping[str, ClassScores]
    matches: Matches


def evaluate(
    label_set: LabelSet,
    detections: Mapping[str, Detections],
    detector_classes: Sequence[str],
    *,
    most: int = PER_IMAGE,
) -> Evaluation:
    """Score detections against labels: COCO's average precision and recall.

    The values are those of pycocotools (to 1e-12). Boxes are taken as they are: one that reaches
    beyond the image is compared as it is, one of no area, or outside the image, matches nothing
    and is a false positive.

    Args:
        label_set: The true boxes; every pair in ``label_set.truths`` is evaluated.
        detections: By pair id; pairs without labels are not looked at.
        detector_classes: Names of the detector's classes, in its order. Detections of classes
            that count as none of the label set's are not looked at.
        most: Boxes of one class and image that are looked at, best first (COCO: 100).

    Raises:
        FusionBenchError: A pair with labels has no entry in ``detections``, or a box or a score is
            not finite.
    """
    matches = match(label_set, detections, detector_classes, most=most)
    once = np.ones((1, len(matches.pairs)))
    by_size = [average_precisions(matches, once, area=area)[..., 0] for area in range(4)]
    values = by_size[0]  # K×T
    scored = list(matches.scored())
    ap, ap_small, ap_medium, ap_large = (_mean(sized[scored]) for sized in by_size)
    ar, ar_small, ar_medium, ar_large = (
        _mean(average_recalls(matches, area=area)[scored]) for area in range(4)
    )
    return Evaluation(
        labels=label_set.name,
        images=len(label_set.truths),
        ap50=_mean(values[scored, 0]),
        ap75=_mean(values[scored, 5]),
        ap=ap,
        ap_small=ap_small,
        ap_medium=ap_medium,
        ap_large=ap_large,
        ar=ar,
        ar_small=ar_small,
        ar_medium=ar_medium,
        ar_large=ar_large,
        classes={
            name: _class_scores(matches, kind, values[kind])
            for kind, name in enumerate(label_set.classes)
        },
        matches=matches,
    )


def _class_scores(matches: Matches, kind: int, values: F64) -> ClassScores:
    objects, known = int(matches.objects[kind, 0].sum()), matches.known[kind]
    if not (known and objects):
        return ClassScores(objects, known, None, None, np.zeros(0))
    curve = precision_curve(matches, kind)
    return ClassScores(objects, known, _mean(values[:1]), _mean(values), curve)


def _mean(values: F64) -> float | None:
    """The mean of what is defined; None where nothing is."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else None


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
    draws50, draws = _class_mean(values[:, :1]), _class_mean(values)
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


def _class_mean(values: F64) -> F64:
    """R means over K classes and T overlaps of K×T×R values, classes that are NaN left out."""
    defined = ~np.isnan(values)
    count, total = defined.sum(axis=(0, 1)), np.where(defined, values, 0.0).sum(axis=(0, 1))
    result: F64 = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return result
