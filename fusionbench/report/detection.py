r"""Detection on fused images, as tables: every detector, label set and protocol has its own.

Their numbers do not compare. Written into the run's folder: ``detection.csv`` (every number, tidy),
``detection.md``, ``detection.tex`` (to ``\\input``), ``detection_standalone.tex`` (compiles by
itself), ``detection_correlations.csv`` (rank correlation of each fusion metric with mAP), and in
``figures/`` precision over recall, images with boxes, and mAP over each metric.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusionbench.detection.evaluating import Interval
from fusionbench.detection.matching import PER_IMAGE
from fusionbench.detection.results import (
    DetectionBoard,
    DetectionResult,
    collect_detection,
    detection_frame,
    label_findings,
)
from fusionbench.files import write_texts
from fusionbench.labels.label_sets import counted_classes
from fusionbench.report.footnotes import error_text, marks_of_method
from fusionbench.report.leaderboard import FINGERPRINT_DIGITS, LEGENDS, find_ours, references
from fusionbench.results import Results, counted, said_of
from fusionbench.tables.csvs import frame_text
from fusionbench.tables.latex import write_tables
from fusionbench.tables.markdown import document
from fusionbench.tables.model import Block, Entry, Header, Line, Table
from fusionbench.tables.notes import Notes
from fusionbench.tables.numbers import ranks, rounded, shown
from fusionbench.tables.style import PLAIN, TableStyle

DECIMALS = 3
FEW = 100
CLAIMS_FROM = 20
"""Images from which an interval that excludes 0 is called evidence: on fewer it is too narrow."""
CLEAR = "*"
DIFFERENCE = 2.4
"""Width of a difference with its interval; that of a number is 1."""
Value = Callable[[DetectionResult], float | None]


def write_detection(
    results: Results,
    boards: Sequence[DetectionBoard] | None = None,
    *,
    figures: bool = True,
    style: TableStyle = PLAIN,
) -> list[Path]:
    """Write every table of a run's detection, and its figures.

    Args:
        results: Of a run; one without detection gets nothing.
        boards: What :func:`collect_detection` gives, where it has been read.
        figures: Whether figures are drawn as well.
        style: Marks, and which method is ours.

    Raises:
        FusionBenchError: What the run holds of detection is damaged.
    """
    from fusionbench.report.figures.detection_curves import write_correlations

    run = results.run
    boards = collect_detection(run) if boards is None else boards
    if not boards:
        return []
    tables = detection_tables(results, boards, style)
    texts = {
        "detection.csv": frame_text(detection_frame(boards)),
        "detection.md": document(
            "Detection on fused images", detection_tables(results, boards, style.plain)
        ),
    }
    cited = references(results.manifest)
    written = write_texts(run.root, texts)
    written += write_tables(run.root, "detection", tables, cited)
    written.append(write_correlations(results, boards))
    return [*written, *(_figures(results, boards) if figures else [])]


def _figures(results: Results, boards: Sequence[DetectionBoard]) -> list[Path]:
    from fusionbench.report.figures.detection_curves import write_curves, write_scatters
    from fusionbench.report.figures.detection_scenes import write_scenes
    from fusionbench.report.figures.style import figure_style

    run = results.run
    with figure_style():
        return [
            *write_curves(run, boards),
            *write_scenes(run, boards),
            *write_scatters(results, boards),
        ]


def detection_tables(
    results: Results, boards: Sequence[DetectionBoard], style: TableStyle = PLAIN
) -> list[Table]:
    """A table for each board: AP50 of each class, mAP50, mAP50-95, and its differences.

    Every row is ranked, the sources too: whether fusion helps is the question.
    """
    return [_Sheet(results, board, style).table() for board in boards]


@dataclass
class _Sheet:
    """One table in the making."""

    results: Results
    board: DetectionBoard
    style: TableStyle

    def table(self) -> Table:
        """The table."""
        board = self.board
        scores: dict[str, Value] = {f"{name} AP50": _of_class(name) for name in board.shown_classes}
        scores["mAP50"] = lambda result: result.evaluation.ap50 if result.evaluation else None
        scores["mAP50-95"] = lambda result: result.evaluation.ap if result.evaluation else None
        headers = [Header(name) for name in scores]
        headers += [Header(f"Δ {s}", left=True, width=DIFFERENCE) for s in ("Visible", "Infrared")]
        notes = Notes()
        blocks = tuple(self._blocks(list(scores.values()), notes))
        ranked = {cell.rank for block in blocks for line in block.lines for cell in line.cells}
        return Table(
            name=f"detection-{board.name}",
            heading=heading(board),
            headers=tuple(headers),
            blocks=blocks,
            stub="Images",
            caption=tuple(self._caption("best" in ranked)),
            notes=notes.texts,
            remarks=tuple(self._remarks()),
            marks=self.style.marks,
        )

    def _blocks(self, values: Sequence[Value], notes: Notes) -> Iterator[Block]:
        rows = [r for r in self.board.results if self.results.sources or not r.contestant.is_source]
        columns = [self._column(rows, value) for value in values]
        ours = find_ours(self.results.manifest.methods, self.style.ours)
        groups: tuple[list[Line], ...] = ([], [], [])
        for place, result in enumerate(rows):
            cells = [*(column[place] for column in columns), *_differences(self.board, result)]
            who = result.contestant
            of = 0 if who.is_source else 2 if who.name == ours else 1
            groups[of].append(self._line(result, cells, notes))
        yield from (Block(tuple(lines)) for lines in groups if lines)

    def _line(self, result: DetectionResult, cells: Sequence[Entry], notes: Notes) -> Line:
        board, name = self.board, result.contestant.name
        marks = tuple(notes.mark(note) for note in _lost(board, result))
        known = {m.name: m for m in self.results.manifest.methods if not m.is_source}
        cite = ""
        if name in known:
            said = said_of(self.results.manifest, board.dataset.name, name)
            found = [finding.said() for finding in said]
            marks += marks_of_method(known[name], [board.dataset], found, notes)
            cite = known[name].cite
        return Line(Entry(result.contestant.label, marks=marks), tuple(cells), cite)

    def _column(self, rows: Sequence[DetectionResult], value: Value) -> list[Entry]:
        values = [value(result) for result in rows]
        compared = [None if v is None else rounded(v, DECIMALS) for v in values]
        return [
            Entry("" if v is None else shown(v, DECIMALS), rank)
            for v, rank in zip(values, ranks(compared, "higher", self.style.depth), strict=True)
        ]

    def _caption(self, ranked: bool) -> Iterator[str]:
        yield f"COCO's average precision{f'; {LEGENDS[self.style.marks]}' if ranked else ''}"
        if len(self.board.labels.truths) >= CLAIMS_FROM:
            star = f"; {CLEAR} excludes 0"
        else:
            star = f"; with fewer than {CLAIMS_FROM} images no difference is called clear"
        yield f"Δ: mAP50-95 minus that of the source, with its 95 % interval{star}"

    def _remarks(self) -> Iterator[str]:
        board, record = self.board, self.board.record
        yield _size(board)
        yield _protocol(board)
        yield (
            f"Scores below {record.thresholds.score:g} dropped, suppression at an overlap of "
            f"{record.thresholds.overlap:g}, {record.thresholds.most} boxes an image at most, "
            f"{PER_IMAGE} a class and image"
        )
        if self.results.sources:
            yield "All rows are ranked, the sources too"
        yield (
            "Intervals are those of a paired bootstrap over images "
            f"({record.resamples} draws, seed {record.seed})"
        )
        if str(record.configuration.get("colour", "")) == "gray":
            yield "The fused images are gray, the visible one is in colour"
        yield from label_findings(board)
        about = said_of(self.results.manifest, board.dataset.name, "")
        yield from (finding.said() for finding in about)
        yield f"Detector: {_weights(board)}. {provenance(board)}"


def _of_class(name: str) -> Value:
    def value(result: DetectionResult) -> float | None:
        return result.evaluation.classes[name].ap50 if result.evaluation else None

    return value


def _differences(board: DetectionBoard, result: DetectionResult) -> list[Entry]:
    images = len(board.labels.truths)
    return [
        Entry("" if difference is None else difference_text(difference.ap, images))
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
        f"No result on {count} of {total} images: {error_text(reason)}"
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
