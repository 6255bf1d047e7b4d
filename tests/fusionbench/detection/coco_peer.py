"""COCO's numbers from faster-coco-eval: what ours are held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fusionbench.boxes import F64, Detections
from fusionbench.labels.label_sets import LabelSet


def coco_arrays(
    label_set: LabelSet,
    detections: Mapping[str, Detections],
    numbers: Mapping[int, int],
    *,
    most: int = 100,
) -> tuple[F64, F64]:
    """Precision and recall as faster-coco-eval gives them.

    Args:
        label_set: The true boxes.
        detections: By pair id, for every pair of the label set.
        numbers: Which class of the label set each class of the detector counts as.
        most: Boxes of one class and image that are looked at.

    Returns:
        Precision T×101×K×A and recall T×K×A over overlaps, recalls, classes and sizes; NaN where
        a class has no object.
    """
    from faster_coco_eval import COCO, COCOeval_faster

    truth = COCO(coco_truths(label_set))
    judge = COCOeval_faster(
        truth, truth.loadRes(coco_results(label_set, detections, numbers)), "bbox"
    )
    judge.params.maxDets = [most]
    judge.evaluate()
    judge.accumulate()
    precision, recall = np.array(judge.eval["precision"]), np.array(judge.eval["recall"])
    return _blank(precision[..., -1]), _blank(recall[..., -1])


def coco_truths(label_set: LabelSet) -> dict[str, Any]:
    """A label set as COCO's JSON has it; images and classes are numbered from 1."""
    rows = [
        (image, box, kind, ignore)
        for image, truth in enumerate(label_set.truths.values(), 1)
        for box, kind, ignore in zip(truth.boxes, truth.classes, truth.ignore, strict=True)
    ]
    images = [
        {"id": number, "file_name": pair}
        | dict(zip(("width", "height"), label_set.sizes[pair], strict=True))
        for number, pair in enumerate(label_set.truths, 1)
    ]
    return {
        "info": {},
        "images": images,
        "categories": [{"id": k, "name": name} for k, name in enumerate(label_set.classes, 1)],
        "annotations": [
            _annotation(number, image, box, int(kind)) | {"iscrowd": int(ignore)}
            for number, (image, box, kind, ignore) in enumerate(rows, 1)
        ],
    }


def coco_results(
    label_set: LabelSet, detections: Mapping[str, Detections], numbers: Mapping[int, int]
) -> list[dict[str, Any]]:
    """Detections as COCO's result list, under the label set's classes; others are left out."""
    return [
        {"image_id": image, "category_id": numbers[int(kind)] + 1, "bbox": _corner_size(box)}
        | {"score": float(score)}
        for image, pair in enumerate(label_set.truths, 1)
        for box, score, kind in _rows(detections[pair])
        if int(kind) in numbers
    ]


def _rows(found: Detections) -> Sequence[tuple[Any, Any, Any]]:
    return list(zip(found.boxes.astype(np.float64), found.scores, found.classes, strict=True))


def _annotation(number: int, image: int, box: F64, kind: int) -> dict[str, Any]:
    corner_size = _corner_size(box)
    area = corner_size[2] * corner_size[3]
    return {
        "id": number,
        "image_id": image,
        "category_id": kind + 1,
        "bbox": corner_size,
        "area": area,
    }


def _corner_size(box: F64) -> list[float]:
    left, top, right, bottom = (float(value) for value in box)
    return [left, top, right - left, bottom - top]


def _blank(values: F64) -> F64:
    """COCO's -1, for what is not defined, as NaN."""
    result: F64 = np.where(values < 0, np.nan, values)
    return result
