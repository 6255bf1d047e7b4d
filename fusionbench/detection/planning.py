"""Planning detection: detectors, weights and labels, all found before anything is written.

A prepared detector has a name, weights and a record for the manifest; nothing of it is loaded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fusionbench import console
from fusionbench.boxes import Thresholds
from fusionbench.checks import Findings
from fusionbench.detection import Protocol
from fusionbench.detection.finetuning import Schedule
from fusionbench.detection.stored import DetectorRecord, ThresholdsRecord
from fusionbench.errors import FusionBenchError, UnknownNameError
from fusionbench.files import digest, sha256_of
from fusionbench.labels import LabelSet, open_labels
from fusionbench.labels.finding import NoLabelsError
from fusionbench.manifest import DataSetRecord, WeightsRecord
from fusionbench.opened import Watch
from fusionbench.pipeline import tell
from fusionbench.plugins import Detector, Setting
from fusionbench.registry import DETECTORS
from fusionbench.stages import Overwrite
from fusionbench.stages.detecting import RAW
from fusionbench.weights import WeightsFinder

DEFAULT_THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class PreparedDetector:
    """A detector ready to be loaded, what the manifest says of it, and what watches its files."""

    detector: Detector
    record: DetectorRecord
    watch: Watch | None = None


def prepare_detector(
    text: str,
    device: str = "cpu",
    finder: WeightsFinder | None = None,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
) -> PreparedDetector:
    """Make the detector that a text names; cheap, nothing is loaded.

    Args:
        text: ``NAME``, or ``NAME:WEIGHTS`` where WEIGHTS is a published name or a file:
            ``yolox-nano``, ``ultralytics:yolov8n.pt``, ``ultralytics:runs/best.pt``.
        device: A torch device name.
        finder: Where weight files are looked for.
        thresholds: Which boxes the detector will drop; part of the fingerprint.

    Raises:
        FusionBenchError: An unknown detector, or thresholds that make no sense.
        WeightsError: The weights are not there; the message says what to do.
    """
    name, colon, weights = text.strip().partition(":")
    if not name or (colon and not weights):
        raise FusionBenchError(
            f"--detector {text}: expected NAME or NAME:WEIGHTS, such as ultralytics:yolov8n.pt. "
            "`fusionbench list detectors` shows the names."
        )
    _check(thresholds)
    entry = DETECTORS[name]
    setting = Setting(device=device, weights=weights or None, finder=finder or WeightsFinder())
    detector: Detector = entry.plugin(setting)
    watch = entry.watch()
    if watch is not None:
        found = detector.weights()
        for path in (found.path, *found.more):
            watch.leave_out(path)
    return PreparedDetector(detector, _record(detector, entry.fingerprint, thresholds), watch)


def _record(detector: Detector, source: str, thresholds: Thresholds) -> DetectorRecord:
    card, weights = detector.card, detector.weights()
    shas = [weights.sha256, *map(sha256_of, weights.more)]
    kind = detector.setting.device.partition(":")[0]
    return DetectorRecord(
        name=card.name,
        label=detector.label,
        licence=card.licence,
        weights=WeightsRecord(
            origin=weights.origin,
            file=weights.path.name,
            sha256=weights.sha256,
            note=weights.note,
        ),
        thresholds=ThresholdsRecord(**asdict(thresholds)),
        fingerprint=digest([card.name, source, shas, asdict(thresholds), kind]),
    )


def _check(thresholds: Thresholds) -> None:
    shares = (thresholds.score, thresholds.overlap)
    if not all(0 <= share <= 1 for share in shares) or thresholds.most < 1:
        raise FusionBenchError(
            f"thresholds are {asdict(thresholds)}; expected score and overlap in 0..1, "
            "and one box at least"
        )


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
