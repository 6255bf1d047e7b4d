"""What a run holds of detection: how it was made, the labels, and the boxes, read back.

``detection/manifest.json``
    One entry for each evaluation: data set, labels, detector, protocol, thresholds, versions.
``detection/<data set>/<detector>/<method>.jsonl``
    The boxes of every image, raw (see :mod:`fusionbench.stages.detecting`).
``detection/<data set>/labels_<label set>.json``
    The labelled objects of every pair as they were used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from fusionbench.boxes import F64, I64, Detections, Thresholds, Truths
from fusionbench.checks import FindingRecord
from fusionbench.detection import Protocol
from fusionbench.detection.finetuning import FinetuningRecord, Schedule, Split
from fusionbench.errors import FusionBenchError
from fusionbench.files import write_json
from fusionbench.labels import LabelSet
from fusionbench.manifest import Invocation, WeightsRecord
from fusionbench.runs import Row, Run


class ThresholdsRecord(BaseModel):
    """What the detector drops; see :class:`fusionbench.boxes.Thresholds`."""

    model_config = ConfigDict(extra="forbid")

    score: float
    overlap: float
    most: int


class DetectorRecord(BaseModel):
    """One detector as it was used.

    ``classes`` is empty until the detector has been loaded. ``fingerprint`` covers the detector's
    source code, its weights, the thresholds and the kind of device.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    label: str
    licence: str
    weights: WeightsRecord
    classes: list[str] = Field(default_factory=list)
    thresholds: ThresholdsRecord
    fingerprint: str

    @property
    def key(self) -> str:
        """The detector with its weights, as folders and tables name it."""
        label = re.sub(r"[^A-Za-z0-9]+", "-", self.label).strip("-").lower()
        return f"{label}-{self.weights.sha256[:8]}" if self.weights.origin == "file" else label


class LabelsRecord(BaseModel):
    """The labels that an evaluation compared with; ``images`` counts those without objects too."""

    model_config = ConfigDict(extra="forbid")

    name: str
    fingerprint: str
    classes: list[str]
    images: int
    objects: dict[str, int]


class DetectionRecord(Invocation):
    """One evaluation: a detector on a data set, against a label set, under a protocol.

    ``detector.thresholds`` is what was applied when boxes were found and stored; ``thresholds`` is
    what the evaluation applies. ``schedule``, ``split`` and ``finetuned`` (by method) belong to the
    protocol ``finetuned``, where ``detector`` is what training started from. ``findings`` is what
    checks found in the labels, and in what the detector knows of their classes.
    """

    dataset: str
    protocol: Protocol
    detector: DetectorRecord
    labels: LabelsRecord
    thresholds: ThresholdsRecord
    resamples: int
    seed: int
    schedule: Schedule | None = None
    split: Split | None = None
    finetuned: dict[str, FinetuningRecord] = Field(default_factory=dict)
    findings: list[FindingRecord] = Field(default_factory=list)

    @property
    def detector_key(self) -> str:
        """The detector with its weights, as folders and tables name it."""
        return self.detector.key

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What a later evaluation of the same kind replaces."""
        return self.dataset, self.detector_key, self.protocol, self.labels.name


class _DetectionManifest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = 1
    evaluations: list[DetectionRecord] = Field(default_factory=list)


def read_records(run: Run) -> list[DetectionRecord]:
    """Every evaluation of a run, in the order of its first time; none where there is none.

    Raises:
        FusionBenchError: The manifest is not valid.
    """
    path = _manifest(run)
    if not path.is_file():
        return []
    try:
        return _DetectionManifest.model_validate_json(path.read_bytes()).evaluations
    except ValueError as error:
        raise FusionBenchError(f"{path} cannot be read: {error}") from error


def write_record(run: Run, record: DetectionRecord) -> None:
    """Add an evaluation to the manifest, in the place of the one with the same key if any."""
    by_key = {known.key: known for known in read_records(run)}
    by_key[record.key] = record
    manifest = _DetectionManifest(evaluations=list(by_key.values()))
    write_json(_manifest(run), manifest.model_dump(mode="json"))


def detection_rows(run: Run, record: DetectionRecord, method: str) -> Path:
    """The file of a method's rows."""
    return detector_folder(run, record) / f"{method}.jsonl"


def detector_folder(run: Run, record: DetectionRecord) -> Path:
    """The folder of a detector's rows on a data set under a protocol."""
    tuned = "" if record.protocol == "frozen" else f"-finetuned-{_safe(record.labels.name)}"
    return run.root / "detection" / record.dataset / f"{record.detector_key}{tuned}"


def write_labels(run: Run, dataset: str, labels: LabelSet) -> None:
    """Keep the labels in the run, so that its report needs nothing else."""
    facts = asdict(labels)
    facts["truths"] = {pair: _plain_truths(truths) for pair, truths in labels.truths.items()}
    write_json(_labels(run, dataset, labels.name), facts)


def read_labels(run: Run, record: DetectionRecord) -> LabelSet:
    """The labels of an evaluation, as they were kept.

    Raises:
        FusionBenchError: They are not there any more, or are other ones.
    """
    path = _labels(run, record.dataset, record.labels.name)
    if not path.is_file():
        raise FusionBenchError(f"{path} is missing: run `fusionbench detect` again")
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    facts["truths"] = {pair: _truths(truths) for pair, truths in facts["truths"].items()}
    facts["sizes"] = {pair: tuple(size) for pair, size in facts["sizes"].items()}
    facts["detector_classes"] = {k: tuple(v) for k, v in facts["detector_classes"].items()}
    for name in ("classes", "without", "odd"):
        facts[name] = tuple(facts[name])
    labels = LabelSet(**facts)
    if labels.fingerprint != record.labels.fingerprint:
        raise FusionBenchError(
            f"{path} holds other labels than those that the evaluation with "
            f"{record.detector_key} was made with: run `fusionbench detect` again"
        )
    return labels


def evaluated_pairs(record: DetectionRecord, labels: LabelSet) -> list[str]:
    """The pairs on which a detector is compared with labels."""
    tested = set(labels.truths if record.split is None else record.split.test)
    return [pair for pair in labels.truths if pair in tested]


def labels_record(labels: LabelSet, images: Sequence[str]) -> LabelsRecord:
    """A label set as the manifest keeps it, counted over the images that are evaluated."""
    some = {pair: labels.truths[pair] for pair in images}
    counts = dict.fromkeys(labels.classes, 0)
    for truths in some.values():
        for number in truths.classes[~truths.ignore].tolist():
            counts[labels.classes[number]] += 1
    return LabelsRecord(
        name=labels.name,
        fingerprint=labels.fingerprint,
        classes=list(labels.classes),
        images=len(some),
        objects=counts,
    )


def _plain_truths(truths: Truths) -> dict[str, Any]:
    return {
        "boxes": truths.boxes.tolist(),
        "classes": truths.classes.tolist(),
        "ignore": truths.ignore.tolist(),
    }


def _truths(facts: dict[str, Any]) -> Truths:
    return Truths(
        np.array(facts["boxes"], np.float64).reshape(-1, 4),
        np.array(facts["classes"], np.int64),
        np.array(facts["ignore"], np.bool_),
    )


def _manifest(run: Run) -> Path:
    return run.root / "detection" / "manifest.json"


def _labels(run: Run, dataset: str, name: str) -> Path:
    return run.root / "detection" / dataset / f"labels_{_safe(name)}.json"


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)


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
