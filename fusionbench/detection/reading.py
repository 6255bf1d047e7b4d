"""Stored boxes read back: an evaluation's thresholds applied to what was stored raw."""

from __future__ import annotations

import cv2
import numpy as np

from fusionbench.detection.boxes import F64, I64, Detections, Thresholds
from fusionbench.rows import Row


def detections(row: Row, thresholds: Thresholds) -> Detections:
    """A stored row after an evaluation's thresholds: score, suppression, number.

    Suppression is greedy, within each class: of two boxes whose intersection over union is greater
    than ``thresholds.overlap`` the one with the lower score is dropped.
    """
    scores = np.array(row["scores"], np.float64)
    boxes = np.array(row["boxes"], np.float64).reshape(-1, 4)
    classes = np.array(row["classes"], np.int64)
    good = np.flatnonzero(scores >= thresholds.score)
    order = good[np.argsort(-scores[good], kind="stable")]
    kept = order[_suppress(boxes[order], scores[order], classes[order], thresholds.overlap)]
    kept = kept[: thresholds.most]
    return Detections(
        boxes[kept].astype(np.float32), scores[kept].astype(np.float32), classes[kept]
    )


def _suppress(
    boxes: F64,
    scores: F64,
    classes: I64,
    overlap: float,
) -> I64:
    """Positions that stay, of boxes in falling order of score."""
    if len(scores) == 0 or overlap >= 1:
        return np.arange(len(scores))
    sides = np.column_stack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])
    kept: list[int] = []
    for number in np.unique(classes):
        own = np.flatnonzero(classes == number)
        stay = cv2.dnn.NMSBoxes(sides[own].tolist(), scores[own].tolist(), 0.0, overlap)
        kept += own[np.asarray(stay, np.int64).reshape(-1)].tolist()
    return np.array(sorted(kept), np.int64)
