"""Average precision of a detector on one kind of image, as COCO defines it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fusionbench.detection.boxes import F64, Detections
from fusionbench.detection.coco import coco_arrays
from fusionbench.detection.matching import PER_IMAGE, Matches, match
from fusionbench.labels.label_sets import LabelSet


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

    Computed by faster-coco-eval (its values are those of pycocotools). Boxes are taken as they
    are: one that reaches beyond the image is compared as it is, one of no area, or outside the
    image, matches nothing and is a false positive.

    Args:
        label_set: The true boxes; every pair in ``label_set.truths`` is evaluated.
        detections: By pair id; pairs without labels are not looked at.
        detector_classes: Names of the detector's classes, in its order. Detections of classes
            that count as none of the label set's are not looked at.
        most: Boxes of one class and image that are looked at, best first (COCO: 100).

    Raises:
        FusionBenchError: A pair with labels has no entry in ``detections``; a box or a score is
            not finite; or faster-coco-eval is not installed.
    """
    matches = match(label_set, detections, detector_classes, most=most)
    numbers = label_set.numbers(detector_classes)
    precision, recall = coco_arrays(label_set, detections, numbers, most=most)
    values = precision.mean(axis=1)  # T×K×A
    scored = list(matches.scored())
    ap, ap_small, ap_medium, ap_large = (_mean(values[:, scored, area]) for area in range(4))
    ar, ar_small, ar_medium, ar_large = (_mean(recall[:, scored, area]) for area in range(4))
    return Evaluation(
        labels=label_set.name,
        images=len(label_set.truths),
        ap50=_mean(values[0, scored, 0]),
        ap75=_mean(values[5, scored, 0]),
        ap=ap,
        ap_small=ap_small,
        ap_medium=ap_medium,
        ap_large=ap_large,
        ar=ar,
        ar_small=ar_small,
        ar_medium=ar_medium,
        ar_large=ar_large,
        classes={
            name: _class_scores(matches, kind, values[:, kind, 0], precision[0, :, kind, 0])
            for kind, name in enumerate(label_set.classes)
        },
        matches=matches,
    )


def _class_scores(matches: Matches, kind: int, values: F64, curve: F64) -> ClassScores:
    objects, known = int(matches.objects[kind, 0].sum()), matches.known[kind]
    if not (known and objects):
        return ClassScores(objects, known, None, None, np.zeros(0))
    return ClassScores(objects, known, _mean(values[:1]), _mean(values), curve)


def _mean(values: F64) -> float | None:
    """The mean of what is defined; None where nothing is."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else None
