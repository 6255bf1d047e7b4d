"""Preparing a detector: its name, its weights, and what the manifest says of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from fusionbench.detection.boxes import Thresholds
from fusionbench.detection.records import DetectorRecord, ThresholdsRecord
from fusionbench.errors import FusionBenchError
from fusionbench.files import digest, sha256_of
from fusionbench.manifest import WeightsRecord
from fusionbench.opened import Watch
from fusionbench.plugins import Detector, Setting
from fusionbench.registry import DETECTORS
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
