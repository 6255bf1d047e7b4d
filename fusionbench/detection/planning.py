"""Planning detection: detectors, weights and labels, all found before anything is written."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fusionbench import console
from fusionbench.checks import Findings
from fusionbench.detection.boxes import Thresholds
from fusionbench.detection.finetuning import Schedule
from fusionbench.detection.preparing import PreparedDetector, prepare_detector
from fusionbench.detection.records import DetectorRecord
from fusionbench.detection.stored import Protocol
from fusionbench.errors import FusionBenchError, UnknownNameError
from fusionbench.labels import LabelSet, open_labels
from fusionbench.labels.finding import NoLabelsError
from fusionbench.manifest import DataSetRecord
from fusionbench.pipeline import tell
from fusionbench.registry import DETECTORS
from fusionbench.stages import Overwrite
from fusionbench.stages.detecting import RAW
from fusionbench.weights import WeightsFinder

CLASSES_NAMED = 8
"""Classes of a detector that a finding names."""


@dataclass(frozen=True)
class DetectionPlan:
    """What detection will do, resolved and checked before anything is written.

    Attributes:
        prepared: The detectors.
        labels: The label set of each data set that has one, by the data set's name.
        protocol: ``frozen`` tests a detector as it is, ``finetuned`` trains it on every method's
            images of one half of the pairs and tests it on the other.
        thresholds: What the evaluation drops; boxes are stored raw.
        resamples: How many times images are drawn again for the intervals.
        schedule: How a detector is trained.
        findings: What checks found; what is refused has been accepted or left out.
        configuration: The command's choices, for the manifest.
    """

    prepared: Sequence[PreparedDetector]
    labels: dict[str, LabelSet]
    protocol: Protocol = "frozen"
    thresholds: Thresholds = field(default_factory=Thresholds)
    resamples: int = 1000
    seed: int = 0
    device: str = "cpu"
    batch: int = 1
    overwrite: Overwrite = "changed"
    finder: WeightsFinder = field(default_factory=WeightsFinder)
    schedule: Schedule = field(default_factory=Schedule)
    findings: Findings = field(default_factory=Findings)
    configuration: dict[str, Any] = field(default_factory=dict)


def plan_detection(
    datasets: Sequence[DataSetRecord],
    detectors: Sequence[str],
    *,
    labels: str | Mapping[str, str] | None = None,
    data_root: Path | None = None,
    thresholds: Thresholds | None = None,
    device: str = "cpu",
    finder: WeightsFinder | None = None,
    findings: Findings | None = None,
    **choices: Any,
) -> DetectionPlan:
    """Find detectors, weights and labels.

    Args:
        datasets: Those of the run; where several are, those without labels are left out with a
            warning.
        detectors: ``NAME`` or ``NAME:WEIGHTS`` each.
        labels: The label set's name, or one for each data set by its name; where there is none,
            the first that fits.
        data_root: Where data sets are.
        thresholds: What the evaluation drops.
        device: A torch device name.
        finder: Where weight files are looked for.
        findings: Knows what the user lets through; what checks find is added to it.
        choices: Further attributes of :class:`DetectionPlan`.

    Raises:
        FusionBenchError: An unknown detector, weights or labels that are not there, or a detector
            that the protocol cannot train.
        DataError: Labels are malformed, or checks refuse them.
    """
    findings = Findings() if findings is None else findings
    used, looking = thresholds or Thresholds(), finder or WeightsFinder()
    prepared = [prepare_detector(d, device, looking, raw_thresholds(used)) for d in detectors]
    if choices.get("protocol") == "finetuned":
        for one in prepared:
            if not one.detector.trainable:
                trainable = [entry.name for entry in DETECTORS if entry.plugin.trainable]
                raise FusionBenchError(
                    f"--protocol finetuned trains {', '.join(trainable)}; {one.record.name} is "
                    "only tested as it is (--protocol frozen), or name another --detector"
                )
    opened = _labels(datasets, labels, data_root, findings)
    for one in prepared:
        one.record.classes = _known_unloaded(one)
        if one.record.classes and choices.get("protocol") != "finetuned":
            for name, found in opened.items():
                check_classes(findings, name, found, one.record)
    findings.settle()
    tell(findings.records)
    return DetectionPlan(
        prepared=prepared,
        labels=opened,
        thresholds=used,
        device=device,
        finder=looking,
        findings=findings,
        **choices,
    )


def _known_unloaded(prepared: PreparedDetector) -> list[str]:
    """The classes of a detector that knows them before it is loaded."""
    with contextlib.suppress(Exception):
        return list(prepared.detector.classes)
    return []


def check_classes(
    findings: Findings, dataset: str, labels: LabelSet, detector: DetectorRecord
) -> None:
    """Add the classes that have objects and that a detector does not know."""
    unknown = labels.unknown_to(detector.classes)
    some = [name for name, count in labels.objects.items() if count]
    check = "class-unknown" if len(unknown) < len(some) else "no-class-known"
    knows = ", ".join(detector.classes[:CLASSES_NAMED])
    if (more := len(detector.classes) - CLASSES_NAMED) > 0:
        knows += f" and {more} more"
    for place, (name, count) in enumerate(unknown.items()):
        said = f"{count} object" if count == 1 else f"{count} objects"
        said += f"; the detector knows {knows}" if place == 0 else ""
        findings.add(check, name, said, dataset=dataset, method=detector.key, of=len(some))


def _labels(
    datasets: Sequence[DataSetRecord],
    name: str | Mapping[str, str] | None,
    data_root: Path | None,
    findings: Findings,
) -> dict[str, LabelSet]:
    found: dict[str, LabelSet] = {}
    errors: list[FusionBenchError] = []
    for dataset in datasets:
        try:
            own = name.get(dataset.name) if isinstance(name, Mapping) else name
            found[dataset.name] = open_labels(dataset, own, data_root, findings)
        except (NoLabelsError, UnknownNameError) as error:
            errors.append(error)
    if not found:
        raise errors[0] if errors else FusionBenchError("the run has no data set")
    for missing in errors:
        console.warn(f"no detection: {missing}")
    for labels in found.values():
        console.note(labels.summary())
    return found


def raw_thresholds(used: Thresholds) -> Thresholds:
    """What is stored: :data:`RAW`, or more where an evaluation asks for more."""
    return replace(RAW, score=min(RAW.score, used.score), most=max(RAW.most, used.most))
