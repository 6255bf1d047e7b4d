"""``detection.csv``: every number of detection, tidy, in full precision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fusionbench.detection.evaluating import Difference, Interval
from fusionbench.files import csv_text, write_text
from fusionbench.report.detection.collect import DetectionBoard, DetectionResult
from fusionbench.report.detection.layout import remarks
from fusionbench.runs import Run

ALL = "all"
SCORES = {
    "AP50": "ap50",
    "AP75": "ap75",
    "AP50-95": "ap",
    "AP_small": "ap_small",
    "AP_medium": "ap_medium",
    "AP_large": "ap_large",
    "AR": "ar",
    "AR_small": "ar_small",
    "AR_medium": "ar_medium",
    "AR_large": "ar_large",
}
WHERE = ("dataset", "labels", "detector", "weights_sha256", "protocol", "method", "label", "class")
INTERVALS = tuple(
    f"{score}{part}{end}"
    for part in ("", "-visible", "-ir")
    for score in ("AP50", "AP50-95")
    for end in ("", ":low", ":high")
    if part or end
)
HEADER = (*WHERE, "images", "objects", *SCORES, *INTERVALS, "notes")


def write_csv(run: Run, boards: Sequence[DetectionBoard]) -> Path:
    """Write ``detection.csv``.

    A row for each class, and one with the class ``all`` that holds the means over classes.
    ``AP50:low`` and ``AP50:high`` bound the 95 % interval; ``AP50-visible`` is the difference to
    the visible image with its interval, ``AP50-ir`` that to the infrared one. Empty is not defined.
    ``notes`` is what checks found in the labels.
    """
    rows = (row for board in boards for result in board.results for row in _rows(board, result))
    path = run.root / "detection.csv"
    write_text(path, csv_text([HEADER, *rows]))
    return path


def _rows(board: DetectionBoard, result: DetectionResult) -> Iterator[list[object]]:
    record, found = board.record, result.evaluation
    where = [
        board.dataset.name,
        board.labels.name,
        record.detector_key,
        record.detector.weights.sha256,
        record.protocol,
        result.contestant.name,
        result.contestant.label,
    ]
    images, objects = len(board.labels.truths), record.labels.objects
    notes = "; ".join(remarks(board))
    scores = [_text(getattr(found, name) if found else None) for name in SCORES.values()]
    yield [*where, ALL, images, sum(objects.values()), *scores, *_intervals(result), notes]
    for name in board.labels.classes:
        own: dict[str, float | None] = {}
        if found:
            own = {"ap50": found.classes[name].ap50, "ap": found.classes[name].ap}
        scores = [_text(own.get(field)) for field in SCORES.values()]
        yield [*where, name, images, objects[name], *scores, *[""] * len(INTERVALS), notes]


def _intervals(result: DetectionResult) -> list[str]:
    bootstrap = result.bootstrap
    own = (bootstrap.ap50, bootstrap.ap) if bootstrap else (None, None)
    texts = [text for interval in own for text in _ends(interval)[1:]]
    for difference in (result.to_visible, result.to_ir):
        texts += [text for interval in _both(difference) for text in _ends(interval)]
    return texts


def _both(difference: Difference | None) -> tuple[Interval | None, Interval | None]:
    return (difference.ap50, difference.ap) if difference else (None, None)


def _ends(interval: Interval | None) -> list[str]:
    if interval is None:
        return ["", "", ""]
    return [_text(value) for value in (interval.value, interval.low, interval.high)]


def _text(value: float | None) -> str:
    return "" if value is None else repr(float(value))
