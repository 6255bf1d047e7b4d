"""A detection table as every format shows it: rounded, ranked, footnoted and captioned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fusionbench.detection.evaluating import Interval
from fusionbench.detection.matching import PER_IMAGE
from fusionbench.labels.label_sets import counted_classes
from fusionbench.report.collect import counted
from fusionbench.report.detection.collect import DetectionBoard, DetectionResult
from fusionbench.report.layout import FINGERPRINT_DIGITS, Entry
from fusionbench.report.notes import LONGEST_ERROR, Notes
from fusionbench.report.ranks import ranks, rounded, shown

DECIMALS = 3
FEW = 100
CLAIMS_FROM = 20
"""Images from which an interval that excludes 0 is called evidence: on fewer it is too narrow."""
CLEAR = "*"
Value = Callable[[DetectionResult], float | None]


@dataclass(frozen=True)
class DetectionLine:
    """One row: the label, the scores, which are ranked, and the differences to the sources."""

    label: Entry
    cells: tuple[Entry, ...]
    is_source: bool


@dataclass(frozen=True)
class DetectionTable:
    """One table, ready to be written."""

    board: DetectionBoard
    headers: tuple[str, ...]
    lines: tuple[DetectionLine, ...]
    notes: tuple[tuple[str, str], ...]


def lay_out(board: DetectionBoard) -> DetectionTable:
    """Lay out a board: AP50 of each class, mAP50, mAP50-95, and mAP50-95 minus the sources'.

    Every row is ranked, the sources too: whether fusion helps is the question.
    """
    scores: dict[str, Value] = {f"{name} AP50": _of_class(name) for name in board.shown_classes}
    scores["mAP50"] = lambda result: result.evaluation.ap50 if result.evaluation else None
    scores["mAP50-95"] = lambda result: result.evaluation.ap if result.evaluation else None
    columns = [_column(board, value) for value in scores.values()]
    notes = Notes()
    lines = []
    for place, result in enumerate(board.results):
        cells = [*(column[place] for column in columns), *_differences(board, result)]
        marks = tuple(notes.mark(note) for note in _lost(board, result))
        label = Entry(result.contestant.label, "", marks)
        lines.append(DetectionLine(label, tuple(cells), result.contestant.is_source))
    headers = (*scores, "Δ Visible", "Δ Infrared")
    return DetectionTable(board, headers, tuple(lines), tuple(notes.texts))


def _of_class(name: str) -> Value:
    def value(result: DetectionResult) -> float | None:
        return result.evaluation.classes[name].ap50 if result.evaluation else None

    return value


def _column(board: DetectionBoard, value: Value) -> list[Entry]:
    values = [value(result) for result in board.results]
    compared = [None if v is None else rounded(v, DECIMALS) for v in values]
    return [
        Entry("" if v is None else shown(v, DECIMALS), rank)
        for v, rank in zip(values, ranks(compared, "higher"), strict=True)
    ]


def _differences(board: DetectionBoard, result: DetectionResult) -> list[Entry]:
    return [
        Entry(
            "" if difference is None else difference_text(difference.ap, len(board.labels.truths))
        )
        for difference in (result.to_visible, result.to_ir)
    ]


def difference_text(difference: Interval | None, images: int) -> str:
    """``+0.021 [−0.004, +0.047]``, with a star where the interval excludes 0.

    One image has no interval, and fewer than :data:`CLAIMS_FROM` get no star.
    """
    if difference is None:
        return ""
    value, low, high = (
        f"{rounded(v, DECIMALS):+.{DECIMALS}f}".replace("-", "−")
        for v in (difference.value, difference.low, difference.high)
    )
    star = CLEAR if images >= CLAIMS_FROM and excludes_zero(difference) else ""
    return f"{value}{star} [{low}, {high}]" if images > 1 else value


def excludes_zero(difference: Interval) -> bool:
    """Whether the interval has one sign."""
    return difference.low > 0 or difference.high < 0


def _lost(board: DetectionBoard, result: DetectionResult) -> list[str]:
    total = len(board.labels.truths)
    return [
        f"No result on {count} of {total} images: {' '.join(reason.split())[:LONGEST_ERROR]}"
        for reason, count in counted(result.lost.values())
    ]


def heading(board: DetectionBoard) -> str:
    """The data set, the labels, the detector and the protocol."""
    data = board.dataset
    split = f", split {data.split}" if data.split else ""
    return (
        f"Detection on {data.title or data.name}{split}: {board.record.detector.label}, "
        f"{board.record.protocol}, labels {board.labels.name}"
    )


def explanation(table: DetectionTable) -> list[str]:
    """The sentences of a caption after the heading."""
    board, record = table.board, table.board.record
    ranked = {cell.rank for line in table.lines for cell in line.cells}
    said = [_size(board), _protocol(board), f"Detector: {_weights(board)}"]
    said.append(
        f"Scores below {record.thresholds.score:g} dropped, suppression at an overlap of "
        f"{record.thresholds.overlap:g}, {record.thresholds.most} boxes an image at most; "
        f"COCO's average precision with {PER_IMAGE} boxes a class and image"
    )
    legend = "; best in bold, second best underlined" if "best" in ranked else ""
    said.append(f"All rows are ranked, the sources too{legend}")
    said.append(
        "Δ: mAP50-95 minus that of the source, with the 95 % interval of a paired bootstrap over "
        f"images ({record.resamples} draws, seed {record.seed}); {_star(board)}"
    )
    if str(record.configuration.get("colour", "")) == "gray":
        said.append("The fused images are gray, the visible one is in colour")
    return said


def remarks(board: DetectionBoard) -> list[str]:
    """What checks found in the labels, left out and accepted: footnotes of the whole table."""
    found = board.record.findings
    return [f"Check {one.text(names=False)}" for one in found if one.in_tables or one.resolution]


def _star(board: DetectionBoard) -> str:
    if len(board.labels.truths) >= CLAIMS_FROM:
        return f"{CLEAR} excludes 0"
    return f"with fewer than {CLAIMS_FROM} images no difference is called clear"


def _size(board: DetectionBoard) -> str:
    counts = counted_classes(board.record.labels.objects)
    images = len(board.labels.truths)
    few = " (few; see the intervals)" if images < FEW else ""
    word = "image" if images == 1 else "images"
    without = len(board.labels.without)
    rest = f"; {without} of {images + without} pairs have no labels" if without else ""
    return f"{images} labelled {word}{few} with objects: {counts}{rest}"


def _protocol(board: DetectionBoard) -> str:
    record = board.record
    if record.protocol == "frozen" or record.split is None or record.schedule is None:
        return "Protocol frozen: one detector, tested as it is on every kind of image"
    return (
        f"Protocol finetuned: the detector was trained on each row's images of "
        f"{len(record.split.train)} pairs ({record.split.how.rstrip('.')}) for "
        f"{record.schedule.epochs} epochs with seed {record.schedule.seed} and tested on the others"
    )


def _weights(board: DetectionBoard) -> str:
    detector = board.record.detector
    weights = detector.weights
    note = f", {weights.note.rstrip('.')}" if weights.note else ""
    return f"{detector.label} ({weights.file}, sha256 {weights.sha256[:12]}{note})"


def provenance(board: DetectionBoard) -> str:
    """What identifies data, labels and program."""
    return (
        f"Data fingerprint {board.dataset.fingerprint[:FINGERPRINT_DIGITS]}, labels "
        f"{board.labels.fingerprint[:FINGERPRINT_DIGITS]}; "
        f"fusionbench {board.record.versions.get('fusionbench', 'unknown')}"
    )
