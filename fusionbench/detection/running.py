"""Detection on a run, from a checked plan to rows: what ``fusionbench detect`` does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import asdict
from functools import cache
from importlib import metadata

from fusionbench import console
from fusionbench.detection.finetuning import finetune, split_pairs
from fusionbench.detection.planning import (
    DetectionPlan,
    PreparedDetector,
    check_classes,
    plan_detection,
    prepare_detector,
    raw_thresholds,
)
from fusionbench.detection.stored import (
    DetectionRecord,
    ThresholdsRecord,
    detection_rows,
    detector_folder,
    evaluated_pairs,
    labels_record,
    read_records,
    write_labels,
    write_record,
)
from fusionbench.errors import FusionBenchError
from fusionbench.labels import LabelSet
from fusionbench.manifest import DataSetRecord, PairRecord, command_line, hardware, versions
from fusionbench.opened import unchanged, watching
from fusionbench.pipeline import tell
from fusionbench.plugins import Detector
from fusionbench.runs import Run, latest
from fusionbench.stages.detecting import SOURCES, Contestant, contestants, detect, write_failure

PACKAGES = ("ultralytics", "torchvision")
__all__ = ["DetectionPlan", "detect_all", "plan_detection"]


def detect_all(run: Run, plan: DetectionPlan) -> None:
    """Run every detector on every data set that has labels; one detector is loaded at a time.

    Args:
        run: A run with fused images.
        plan: See :func:`plan_detection`.
    """
    for prepared in plan.prepared:
        load = _loader(prepared)
        records = [
            (dataset, _record(plan, prepared, dataset, plan.labels[dataset.name]))
            for dataset in run.manifest.datasets
            if dataset.name in plan.labels
        ]
        _know_classes(run, plan, [record for _, record in records], load)
        for dataset, record in records:
            _detect_dataset(run, plan, (prepared, load), dataset, record)


def _loader(prepared: PreparedDetector) -> Callable[[], Detector]:
    """The detector, loaded when it is first asked for; freed with the function."""

    @cache
    def load() -> Detector:
        detector = copy(prepared.detector)
        try:
            with watching(prepared.watch):
                detector.load()
        except FusionBenchError:
            raise
        except Exception as error:
            raise FusionBenchError(
                f"detector {prepared.record.label} cannot be loaded: "
                f"{type(error).__name__}: {error}"
            ) from error
        return detector

    return load


def _detect_dataset(
    run: Run,
    plan: DetectionPlan,
    detector: tuple[PreparedDetector, Callable[[], Detector]],
    dataset: DataSetRecord,
    record: DetectionRecord,
) -> None:
    labels, (prepared, _) = plan.labels[dataset.name], detector
    evaluated = set(evaluated_pairs(record, labels))
    pairs = [pair for pair in dataset.pairs if pair.id in evaluated]
    write_labels(run, dataset.name, labels)
    write_record(run, record)
    rows = contestants(run, dataset)
    what = f"detecting in {dataset.name} with {prepared.record.label}"
    images, begun = 0, time.perf_counter()
    with console.share(what) as move:
        advance = _counting(move, len(rows) * len(pairs))
        for contestant in rows:
            images += _detect_contestant(run, plan, detector, record, contestant, pairs, advance)
    if images:
        rate = f"{images / (time.perf_counter() - begun):.1f} images a second"
        console.note(f"{prepared.record.label} ran on {images} images of {dataset.name}, {rate}")


def _counting(move: Callable[[float, str], None], total: int) -> Callable[[], None]:
    """Moves a bar by one image, and says how many there are and how fast they pass."""
    begun, done = time.perf_counter(), 0

    def advance() -> None:
        nonlocal done
        done += 1
        rate = done / max(time.perf_counter() - begun, 1e-9)
        move(done / total, f"{done}/{total}, {rate:.1f} images/s")

    return advance


def _know_classes(
    run: Run, plan: DetectionPlan, records: Sequence[DetectionRecord], load: Callable[[], Detector]
) -> None:
    """Complete the records of a detector that names its classes only when it is loaded."""
    late = plan.findings.like()
    for record in records:
        classes = _classes_known(run, record) or list(load().classes)
        if classes == record.detector.classes:
            continue
        record.detector.classes = classes
        record.findings = [found for found in record.findings if not found.method]
        if plan.protocol == "frozen":
            check_classes(late, record.dataset, plan.labels[record.dataset], record.detector)
    late.settle()
    tell(late.records)
    for record in records:
        record.findings += [found for found in late.records if found.dataset == record.dataset]


def _classes_known(run: Run, record: DetectionRecord) -> list[str]:
    """The detector's classes as an earlier evaluation found them; saves loading it."""
    seen = latest(detection_rows(run, record, next(iter(SOURCES)))).values()
    if not all(unchanged(row.get("files", ())) for row in seen):
        return []
    for known in read_records(run):
        if known.detector.fingerprint == record.detector.fingerprint:
            return known.detector.classes
    return []


def _detect_contestant(
    run: Run,
    plan: DetectionPlan,
    detector: tuple[PreparedDetector, Callable[[], Detector]],
    record: DetectionRecord,
    contestant: Contestant,
    pairs: Sequence[PairRecord],
    advance: Callable[[], None],
) -> int:
    prepared, load = detector
    rows = detection_rows(run, record, contestant.name)
    if plan.protocol == "finetuned":
        try:
            prepared = _finetuned(run, plan, prepared, record, contestant)
        except FusionBenchError as error:
            write_failure(rows, pairs, error)
            for _ in pairs:
                advance()
            return 0
        load = _loader(prepared)
    done = detect(
        rows,
        load,
        prepared.record.fingerprint,
        contestant,
        pairs,
        raw=raw_thresholds(plan.thresholds),
        overwrite=plan.overwrite,
        batch=plan.batch,
        watch=prepared.watch,
        advance=advance,
    )
    return done.images


def _finetuned(
    run: Run,
    plan: DetectionPlan,
    prepared: PreparedDetector,
    record: DetectionRecord,
    contestant: Contestant,
) -> PreparedDetector:
    """The detector trained on a contestant's images; its record goes into the manifest."""
    labels = plan.labels[record.dataset]
    assert record.split is not None
    trained = finetune(
        prepared.detector,
        contestant.images,
        labels.truths,
        labels.classes,
        record.split,
        detector_folder(run, record) / f"training_{contestant.name}",
        plan.schedule,
        contestant.recipes,
    )
    record.finetuned[contestant.name] = trained.record
    write_record(run, record)
    text = f"{prepared.record.name}:{trained.weights}"
    return prepare_detector(text, plan.device, plan.finder, raw_thresholds(plan.thresholds))


def _record(
    plan: DetectionPlan, prepared: PreparedDetector, dataset: DataSetRecord, labels: LabelSet
) -> DetectionRecord:
    tuned = plan.protocol == "finetuned"
    split = split_pairs(list(labels.truths), plan.schedule.seed) if tuned else None
    tested = list(labels.truths) if split is None else split.test
    return DetectionRecord(
        command=command_line(),
        configuration=plan.configuration,
        versions=versions() | dict(_versions()),
        hardware=hardware(plan.device),
        dataset=dataset.name,
        protocol=plan.protocol,
        detector=prepared.record.model_copy(deep=True),
        labels=labels_record(labels, tested),
        thresholds=ThresholdsRecord(**asdict(plan.thresholds)),
        resamples=plan.resamples,
        seed=plan.seed,
        schedule=plan.schedule if tuned else None,
        split=split,
        findings=[
            found
            for found in plan.findings.records
            if found.dataset == dataset.name and found.method in ("", prepared.record.key)
        ],
    )


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
