"""What a run's detections come to: average precision of every row, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from fusionbench.boxes import Detections, Thresholds
from fusionbench.detection.evaluating import (
    Bootstrap,
    Difference,
    Evaluation,
    Interval,
    bootstrap_map,
    evaluate,
    paired_difference,
)
from fusionbench.detection.stored import (
    DetectionRecord,
    detection_rows,
    detections,
    evaluated_pairs,
    read_labels,
    read_records,
)
from fusionbench.labels import LabelSet
from fusionbench.manifest import DataSetRecord
from fusionbench.runs import Row, Run, latest
from fusionbench.stages.detecting import Contestant, contestants
from fusionbench.tables.notes import pairs_word

if TYPE_CHECKING:
    import pandas as pd

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


@dataclass(frozen=True)
class DetectionResult:
    """One row of a table.

    Attributes:
        contestant: Whose images.
        lost: Why pairs have no detections, by pair; where any is lost there is no evaluation.
        evaluation: Average precision and recall.
        bootstrap: The interval of mAP over images.
        to_visible, to_ir: mAP minus that of the source, over the same draws.
    """

    contestant: Contestant
    lost: dict[str, str]
    evaluation: Evaluation | None = None
    bootstrap: Bootstrap | None = None
    to_visible: Difference | None = None
    to_ir: Difference | None = None


@dataclass(frozen=True)
class DetectionBoard:
    """One table: a detector on a data set, against a label set, under a protocol.

    Attributes:
        record: How it was made.
        dataset: The pairs.
        labels: The labels of the evaluated pairs.
        results: Infrared and visible first.
    """

    record: DetectionRecord
    dataset: DataSetRecord
    labels: LabelSet
    results: tuple[DetectionResult, ...]

    @property
    def name(self) -> str:
        """What names this board in files."""
        parts = [self.dataset.name, self.labels.name, self.record.detector_key]
        return "_".join([*parts, *(["finetuned"] if self.record.protocol == "finetuned" else [])])

    @property
    def title(self) -> str:
        """One line for figures."""
        return (
            f"{self.dataset.name}, labels {self.labels.name}: {self.record.detector.label}, "
            f"{self.record.protocol}, N = {len(self.labels.truths)}"
        )

    @cached_property
    def shown_classes(self) -> list[str]:
        """Classes that occur in the labels."""
        return [name for name, count in self.record.labels.objects.items() if count]


def collect_detection(run: Run) -> list[DetectionBoard]:
    """Every evaluation of a run whose data set the run still has; none where there is none.

    Raises:
        FusionBenchError: Labels or manifest of the detection are damaged.
    """
    if not (run.root / "detection" / "manifest.json").is_file():
        return []
    datasets = {dataset.name: dataset for dataset in run.manifest.datasets}
    return [
        _board(run, record, datasets[record.dataset])
        for record in read_records(run)
        if record.dataset in datasets
    ]


def _board(run: Run, record: DetectionRecord, dataset: DataSetRecord) -> DetectionBoard:
    every = read_labels(run, record)
    pairs = evaluated_pairs(record, every)
    labels = replace(every, truths={pair: every.truths[pair] for pair in pairs})
    results = [_result(run, record, labels, row) for row in contestants(run, dataset)]
    sources = {r.contestant.name: r.bootstrap for r in results if r.contestant.is_source}
    compared = [
        replace(
            result,
            to_visible=_difference(result, sources["visible"]),
            to_ir=_difference(result, sources["ir"]),
        )
        for result in results
    ]
    return DetectionBoard(record, dataset, labels, tuple(compared))


def _result(
    run: Run, record: DetectionRecord, labels: LabelSet, contestant: Contestant
) -> DetectionResult:
    rows = latest(detection_rows(run, record, contestant.name))
    fused = latest(run.fused_rows(record.dataset, contestant.name))
    why = _reason(rows, {} if contestant.is_source else fused)
    lost = {pair: reason for pair in labels.truths if (reason := why(pair))}
    if refused := _refused(run, record.dataset, contestant):
        lost = dict.fromkeys(labels.truths, refused)
    if lost or not labels.truths:
        return DetectionResult(contestant, lost)
    used = Thresholds(**record.thresholds.model_dump())
    found: dict[str, Detections] = {p: detections(rows[p], used) for p in labels.truths}
    evaluation = evaluate(labels, found, _classes(record, contestant))
    bootstrap = bootstrap_map(evaluation.matches, seed=record.seed, resamples=record.resamples)
    return DetectionResult(contestant, {}, evaluation, bootstrap)


def _refused(run: Run, dataset: str, contestant: Contestant) -> str:
    """Why there are no numbers of a method's images at all, or nothing."""
    for found in run.manifest.findings:
        about = found.method == contestant.name and found.dataset in ("", dataset)
        if about and found.stops and not contestant.is_source:
            return found.said()
    return ""


def _classes(record: DetectionRecord, contestant: Contestant) -> list[str]:
    tuned = record.finetuned.get(contestant.name)
    return tuned.classes if tuned else record.detector.classes


def _reason(rows: dict[str, Row], fused: dict[str, Row]) -> Callable[[str], str]:
    """Why a pair has no usable detections, or nothing."""

    def why(pair: str) -> str:
        if "error" in fused.get(pair, {}):
            return f"not fused: {fused[pair]['error']}"
        if pair not in rows:
            return "not detected yet: run `fusionbench detect`"
        if "error" in rows[pair]:
            return str(rows[pair]["error"])
        if fused.get(pair, {}).get("sha256", rows[pair]["image"]) != rows[pair]["image"]:
            return "fused again since: run `fusionbench detect`"
        return ""

    return why


def _difference(result: DetectionResult, source: Bootstrap | None) -> Difference | None:
    if result.bootstrap is None or source is None or result.bootstrap is source:
        return None
    return paired_difference(result.bootstrap, source)


def lost_lines(board: DetectionBoard) -> list[str]:
    """One line per row of the table that a failure took."""
    lines = []
    for result in board.results:
        if result.lost:
            pair, text = next(iter(result.lost.items()))
            where = f"{len(result.lost)} of {pairs_word(len(board.labels.truths))}"
            lines.append(
                f"{board.record.detector.label} on {result.contestant.label}: no result on "
                f"{where} of {board.dataset.name}; on {pair}: {text}"
            )
    return lines


def label_findings(board: DetectionBoard) -> list[str]:
    """What checks found in the labels, left out and accepted."""
    found = board.record.findings
    return [f"Check {one.text(names=False)}" for one in found if one.in_tables or one.resolution]


def detection_frame(boards: Sequence[DetectionBoard]) -> pd.DataFrame:
    """The rows of ``detection.csv``: one for each class, and one, ``all``, of means over classes.

    ``AP50:low`` and ``AP50:high`` bound the 95 % interval; ``AP50-visible`` is the difference to
    the visible image with its interval, ``AP50-ir`` that to the infrared one. None is not defined.
    ``notes`` is what checks found in the labels.
    """
    import pandas as pd

    rows = [row for board in boards for result in board.results for row in _rows(board, result)]
    names = [*WHERE, "images", "objects", *SCORES, *INTERVALS, "notes"]
    return pd.DataFrame(rows, columns=names, dtype=object)


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
    notes = "; ".join(label_findings(board))
    scores = [getattr(found, name) if found else None for name in SCORES.values()]
    yield [*where, ALL, images, sum(objects.values()), *scores, *_intervals(result), notes]
    for name in board.labels.classes:
        own: dict[str, float | None] = {}
        if found:
            own = {"ap50": found.classes[name].ap50, "ap": found.classes[name].ap}
        scores = [own.get(field) for field in SCORES.values()]
        yield [*where, name, images, objects[name], *scores, *[None] * len(INTERVALS), notes]


def _intervals(result: DetectionResult) -> list[float | None]:
    bootstrap = result.bootstrap
    own = (bootstrap.ap50, bootstrap.ap) if bootstrap else (None, None)
    numbers = [number for interval in own for number in _ends(interval)[1:]]
    for difference in (result.to_visible, result.to_ir):
        both = (difference.ap50, difference.ap) if difference else (None, None)
        numbers += [number for interval in both for number in _ends(interval)]
    return numbers


def _ends(interval: Interval | None) -> list[float | None]:
    return [interval.value, interval.low, interval.high] if interval else [None, None, None]
