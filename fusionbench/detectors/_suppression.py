"""Non-maximum suppression, in NumPy, class by class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusionbench import Detections, Thresholds

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
CANDIDATES = 30_000


def suppress(boxes: F32, scores: F32, classes: I64, thresholds: Thresholds) -> Detections:
    """Keep the best boxes: greedy non-maximum suppression among the boxes of each class.

    Going down the scores, a box is kept unless its intersection over union with a kept box of its
    class is greater than ``thresholds.overlap``; it ends at ``thresholds.most`` kept boxes. Equal
    scores keep their order, so the result is the same every time, however long it takes.

    Args:
        boxes: N×4, left, top, right, bottom.
        scores: N. Boxes below ``thresholds.score`` are dropped, and so is what is not among the
            30,000 best.
        classes: N.
        thresholds: What is dropped.
    """
    if thresholds.overlap >= 1:
        return without_suppression(boxes, scores, classes, thresholds)
    order = _best(scores, thresholds.score, CANDIDATES)
    corners, labels = boxes[order].astype(np.float64), classes[order]
    areas = np.prod(np.maximum(corners[:, 2:] - corners[:, :2], 0), axis=1)
    alive = np.arange(len(order))
    kept: list[np.int64] = []
    while len(alive) and len(kept) < thresholds.most:
        first, alive = alive[0], alive[1:]
        kept.append(first)
        low = np.maximum(corners[first, :2], corners[alive, :2])
        high = np.minimum(corners[first, 2:], corners[alive, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        covered = shared > thresholds.overlap * (areas[first] + areas[alive] - shared)
        alive = alive[~(covered & (labels[alive] == labels[first]))]
    chosen = order[np.array(kept, dtype=np.int64)]
    return Detections(boxes[chosen], scores[chosen], classes[chosen])


def without_suppression(
    boxes: F32, scores: F32, classes: I64, thresholds: Thresholds
) -> Detections:
    """As :func:`suppress`, for detectors that give an object one box: overlap does not matter."""
    order = _best(scores, thresholds.score, thresholds.most)
    return Detections(boxes[order], scores[order], classes[order])


def _best(scores: F32, least: float, most: int) -> I64:
    able = np.flatnonzero(scores >= least)
    return able[np.argsort(-scores[able], kind="stable")[:most]]
