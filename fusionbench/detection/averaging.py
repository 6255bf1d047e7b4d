"""Average precision and recall from matches, for any number of weightings of the images at once.

A weighting says how often each image is counted: once each for the plain value, as often as it was
drawn for the bootstrap. Only true positives move recall, and precision is highest where one comes,
so what stands between two of them enters as a count. All weightings then cost one product of
matrices and two running sums.
"""

from __future__ import annotations

import numpy as np

from fusionbench.detection.boxes import F64, I64, Bools
from fusionbench.detection.matching import OVERLAPS, RECALLS, Found, Matches


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
