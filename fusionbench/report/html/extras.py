"""The parts of the page that not every run has, and what it says about the run itself."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fusionbench.checks import without_folders
from fusionbench.errors import FusionBenchError
from fusionbench.manifest import DataSetRecord, Invocation, MethodRecord
from fusionbench.runs import Row, Run, latest

if TYPE_CHECKING:
    from fusionbench.boxes import Thresholds, Truths
    from fusionbench.detection.stored import DetectionRecord
    from fusionbench.profiling.records import Measurement, MethodProfile

FLOOR = 0.1
"""Boxes below this score are left out of the page."""
MOST = 30
"""Boxes of one image at most, best first."""

Json = Any

log = logging.getLogger(__name__)


def about(run: Run) -> Json:
    """The manifest as the page shows it: nothing of where files lie but the commands."""
    manifest = run.manifest
    found = [*manifest.findings, *(one for record in _records(run) for one in record.findings)]
    return {
        "commands": [_invocation(one) for one in [*manifest.earlier, manifest.invocation()]],
        "datasets": [_data(data) for data in manifest.datasets],
        "methods": [_method(method) for method in manifest.methods],
        "findings": list(dict.fromkeys(without_folders(one.text()) for one in found)),
        "columns": [
            {"name": f"{c.metric}@{c.convention}", "params": c.params, "fingerprint": c.fingerprint}
            for c in manifest.columns
        ],
    }


def _invocation(one: Invocation) -> Json:
    return {
        "command": one.command,
        "started": one.started,
        "versions": one.versions,
        "hardware": one.hardware,
    }


def _data(data: DataSetRecord) -> Json:
    return {
        "name": data.name,
        "title": data.title,
        "split": data.split,
        "pairs": len(data.pairs),
        "skipped": len(data.skipped),
        "fingerprint": data.fingerprint,
        "home": data.home,
        "terms": data.terms,
    }


def _method(method: MethodRecord) -> Json:
    return {
        "label": method.label,
        "fingerprint": method.fingerprint,
        "options": method.options,
        "trained": method.trained_on,
        "citation": method.citation.text if method.citation else "",
        "weights": method.weights.model_dump(mode="json") if method.weights else None,
        "brought": sorted(method.fused),
    }


def profile(run: Run) -> Json:
    """Times, memory and size of every method that was profiled; None where none was."""
    folder = run.root / "profile"
    if not (folder / "manifest.json").is_file():
        return None
    from fusionbench.profiling.records import read_profiles

    try:
        _, profiles = read_profiles(folder)
    except FusionBenchError as error:
        log.warning("no profile in report.html: %s", error)
        return None
    places = {method.name: place for place, method in enumerate(run.manifest.methods)}
    return [_measured(p, row, places.get(p.method)) for p in profiles for row in p.rows]


def _measured(profile: MethodProfile, row: Measurement, place: int | None) -> Json:
    times = {
        scope: (t.device_ms or t.wall_ms).model_dump(include={"median", "iqr", "n"})
        for scope, t in row.scopes.items()
    }
    memory = row.memory
    return {
        "method": place,
        "label": profile.label,
        "variant": row.variant,
        "size": str(row.size).replace("x", " × "),
        "device": row.device_name,
        "times": times,
        "memory": (memory.allocated or memory.rss_growth) if memory else None,
        "parameters": row.parameters,
        "macs": row.flops.get("macs") if row.flops else None,
        "light": row.verdict.light if row.verdict else "",
        "reasons": row.verdict.reasons if row.verdict else [],
        "error": row.error or "",
    }


def detection(run: Run, views: Sequence[Json]) -> list[Json]:
    """The boxes of every evaluation: true ones, and those found in every view of every pair.

    A box is ``[left, top, right, bottom, class, score]``, coordinates in pixels of the image; the
    score is left out of true boxes.
    """
    try:
        return [_evaluation(run, record, views) for record in _records(run)]
    except FusionBenchError as error:
        log.warning("no boxes in report.html: %s", error)
        return []


def _records(run: Run) -> list[DetectionRecord]:
    """The evaluations of a run; none where there are none, or where they cannot be read."""
    if not (run.root / "detection" / "manifest.json").is_file():
        return []
    from fusionbench.detection.stored import read_records

    try:
        return read_records(run)
    except FusionBenchError as error:
        log.warning("no detection in report.html: %s", error)
        return []


def _evaluation(run: Run, record: DetectionRecord, views: Sequence[Json]) -> Json:
    from fusionbench.boxes import Thresholds
    from fusionbench.detection.stored import detection_rows, read_labels

    names = [data.name for data in run.manifest.datasets]
    pairs = run.manifest.datasets[names.index(record.dataset)].pairs
    places = {pair.id: place for place, pair in enumerate(pairs)}
    applied = Thresholds(max(FLOOR, record.thresholds.score), record.thresholds.overlap, MOST)
    truths = read_labels(run, record).truths
    anchors = ["ir", "visible"]
    methods = [run.manifest.methods[view["method"]].name for view in views[len(anchors) :]]
    return {
        "dataset": names.index(record.dataset),
        "label": f"{record.detector_key}, {record.protocol}, labels {record.labels.name}",
        "classes": record.detector.classes,
        "labels": record.labels.classes,
        "floor": applied.score,
        "truths": {str(places[p]): _true(t) for p, t in truths.items() if p in places},
        "found": [
            {
                str(places[pair]): _found(row, applied)
                for pair, row in latest(detection_rows(run, record, name)).items()
                if pair in places and "error" not in row
            }
            for name in [*anchors, *methods]
        ],
    }


def _true(truths: Truths) -> list[Json]:
    return [
        [*map(round, box), number]
        for box, number, ignore in zip(
            truths.boxes.tolist(), truths.classes.tolist(), truths.ignore.tolist(), strict=True
        )
        if not ignore
    ]


def _found(row: Row, applied: Thresholds) -> list[Json]:
    from fusionbench.detection.stored import detections

    found = detections(row, applied)
    return [
        [*map(round, box), number, round(score, 2)]
        for box, number, score in zip(
            found.boxes.tolist(), found.classes.tolist(), found.scores.tolist(), strict=True
        )
    ]
