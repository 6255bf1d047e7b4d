"""What the page holds, as one JSON value: names, tables, and the value of every pair.

Lists are aligned: ``methods``, ``columns`` and ``views`` are named by their place everywhere else,
pairs by their place in their data set. Tables are those of the other formats. Values of pairs have
seven significant digits; the full precision is in ``scores.csv``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fusionbench.checks import without_folders
from fusionbench.citing import column_citation
from fusionbench.manifest import ColumnRecord, DataSetRecord, Invocation, Manifest, MethodRecord
from fusionbench.names import distinct
from fusionbench.report.leaderboard import board_table
from fusionbench.report.page.previews import Preview
from fusionbench.report.ranks import convention_tables, rank_tables, rankings_of, significance_frame
from fusionbench.results import Result, Results, conventions
from fusionbench.runs import Row, Run, latest
from fusionbench.statistics.contests import Ranking
from fusionbench.tables.model import Table
from fusionbench.tables.style import PLAIN, TableStyle

if TYPE_CHECKING:
    import pandas as pd

    from fusionbench.boxes import Thresholds, Truths
    from fusionbench.detection.results import DetectionBoard
    from fusionbench.profiling.results import Profile

DIGITS, FEW = 7, 5
"""Significant digits of values, and of what is computed from them."""
SOURCES = {"ir": "Infrared", "visible": "Visible"}
"""The first two views: the names of the anchors that are copies of the sources, and labels."""
FLOOR = 0.1
"""Boxes below this score are left out of the page."""
MOST = 30
"""Boxes of one image at most, best first."""

Json = Any


@dataclass(frozen=True)
class Parts:
    """What several files of a report show, computed once.

    Attributes:
        rankings: The contests of every data set under every convention.
        evaluations: What detectors found, where any looked.
        profile: What methods cost, where they were measured.
    """

    rankings: Sequence[Ranking]
    evaluations: Sequence[DetectionBoard]
    profile: Profile | None

    @cached_property
    def significance(self) -> pd.DataFrame:
        """The rows of ``significance.csv``."""
        return significance_frame(self.rankings)

    @classmethod
    def read(cls, results: Results) -> Parts:
        """Those of a run.

        Raises:
            FusionBenchError: What the run holds of detection or of a profile is damaged.
        """
        from fusionbench.detection.results import collect_detection
        from fusionbench.report.profile import read_profile

        rankings = rankings_of(results)
        profile = read_profile(results.run.root, results)
        found = collect_detection(results.run)
        return cls(rankings, found, profile)


def page_data(
    results: Results,
    images: Sequence[Sequence[Preview]],
    parts: Parts,
    style: TableStyle = PLAIN,
) -> dict[str, Json]:
    """Everything that the page shows but its previews.

    Args:
        results: Of every method on every data set.
        images: Previews, by data set and pair; the sizes of the sources are taken from them.
        parts: Ranks, comparisons, evaluations of detectors, and the profile.
        style: How tables look; conventions are not put side by side here.
    """
    manifest = results.manifest
    style = replace(style.plain, side_by_side=False)
    titles = ", ".join(data.title or data.name for data in manifest.datasets)
    views = _views(manifest)
    return {
        "title": f"{titles} · fusionbench",
        "version": manifest.versions.get("fusionbench", "unknown"),
        "conventions": conventions(manifest),
        "methods": [_method(method) for method in manifest.methods],
        "columns": [
            {"metric": c.metric, "convention": c.convention, "better": c.better}
            for c in manifest.columns
        ],
        "views": views,
        "datasets": [
            _dataset(results, data, parts, style, previews, views)
            for data, previews in zip(manifest.datasets, images, strict=True)
        ],
        "agreement": [table.as_json() for table in convention_tables(parts.rankings)],
        "detection": _detection(results, parts, style),
        "cost": [table.as_json() for table in _cost(parts)],
        "about": about(manifest, parts),
    }


def _method(method: MethodRecord) -> Json:
    return {
        "name": method.name,
        "label": method.label,
        "family": method.family,
        "year": method.year,
        "anchor": method.is_source,
    }


def _views(manifest: Manifest) -> list[Json]:
    """The images of a pair: two sources, then the methods; each with the method it belongs to."""
    places = {method.name: place for place, method in enumerate(manifest.methods)}
    called = {method.name: method.label for method in manifest.methods}
    views: list[Json] = [
        {"label": called.get(name, label), "method": places.get(name)}
        for name, label in SOURCES.items()
    ]
    shown = [method for method in manifest.methods if not method.is_source]
    views += [{"label": m.label, "method": places[m.name]} for m in shown]
    labels = distinct(view["label"] for view in views)
    return [view | {"label": label} for view, label in zip(views, labels, strict=True)]


def _dataset(
    results: Results,
    data: DataSetRecord,
    parts: Parts,
    style: TableStyle,
    previews: Sequence[Preview],
    views: Sequence[Json],
) -> Json:
    manifest = results.manifest
    own = [result for result in results.every if result.dataset is data] if manifest.columns else []
    return {
        "name": data.name,
        "title": data.title or data.name,
        "split": data.split,
        "pairs": [pair.id for pair in data.pairs],
        "sizes": [preview.size for preview in previews],
        "boards": [
            _board(ranking, parts.significance, style, manifest)
            for ranking in parts.rankings
            if ranking.board.dataset is data
        ],
        "values": [[_values(r, c) for r in own] for c in manifest.columns],
        "troubles": [_troubles(result, manifest.columns) for result in own],
        "originals": [_original(results.run, data, view["method"]) for view in views],
    }


def _board(ranking: Ranking, frame: pd.DataFrame, style: TableStyle, manifest: Manifest) -> Json:
    """A table with what it is of: the place of each head's column, null for other heads."""
    board = ranking.board
    table = board_table(board, style)
    others = len(table.headers) - len(board.columns)
    columns = {column.metric: manifest.columns.index(column) for column in board.columns}
    (ranks,) = rank_tables([ranking])
    own = (frame.dataset == board.dataset.name) & (frame.convention == board.convention)
    return {
        "convention": board.convention,
        "columns": [*[None] * others, *columns.values()],
        "table": table.as_json(),
        "ranks": ranks.as_json() if ranks.blocks else None,
        "significance": _compared(frame[own], columns, manifest),
    }


def _compared(frame: pd.DataFrame, columns: Mapping[str, int], manifest: Manifest) -> Json:
    """Every two methods, by the place of the column.

    Each is ``[first, second, n, difference, low, high, p, corrected p, better]``.
    """
    places = {method.name: place for place, method in enumerate(manifest.methods)}
    found: dict[int, list[Json]] = {place: [] for place in columns.values()}
    for _, _, metric, first, second, n, *numbers, better in frame.itertuples(index=False):
        rounded = [_number(number, FEW) for number in numbers]
        line = [places[first], places[second], n, *rounded, places.get(better)]
        found[columns[metric]].append(line)
    return found


def _detection(results: Results, parts: Parts, style: TableStyle) -> list[Json]:
    if not parts.evaluations:
        return []
    from fusionbench.report.detection import detection_tables

    tables = detection_tables(results, parts.evaluations, style)
    return [
        _boxes(results.run, board) | {"table": table.as_json()}
        for board, table in zip(parts.evaluations, tables, strict=True)
    ]


def _cost(parts: Parts) -> list[Table]:
    if parts.profile is None:
        return []
    from fusionbench.report.profile import profile_tables

    return profile_tables(parts.profile)


def _values(result: Result, column: ColumnRecord) -> list[Json]:
    """A number per pair, ``"inf"`` or ``"-inf"``; None where there is none."""
    values = result.cell(column).values
    return [_number(values.get(pair.id, math.nan)) for pair in result.dataset.pairs]


def _number(value: float, digits: int = DIGITS) -> float | str | None:
    if math.isnan(value):
        return None
    return float(f"{value:.{digits}g}") if math.isfinite(value) else str(value)


def _troubles(result: Result, columns: Sequence[ColumnRecord]) -> Json:
    """Why values are missing: of a whole pair under ``""``, of one column under its place."""
    places = {pair.id: place for place, pair in enumerate(result.dataset.pairs)}
    found: dict[str, dict[str, str]] = {
        "": {str(places[pair]): f"failed: {text}" for pair, text in result.failed.items()}
    }
    for number, column in enumerate(columns):
        listed = result.cell(column).listed(places)
        if said := {str(places[pair]): text for pair, _, text in listed if text}:
            found[str(number)] = said
    return found


def _original(run: Run, data: DataSetRecord, method: int | None) -> Json:
    """The folder of a view's images inside the run, and the pairs that have none there."""
    if method is None:
        return None
    record = run.manifest.methods[method]
    if data.name in record.fused:
        return None
    missing = [
        place
        for place, pair in enumerate(data.pairs)
        if not run.fused_image(data, record, pair).is_file()
    ]
    if len(missing) == len(data.pairs):
        return None
    return {"folder": f"fused/{data.name}/{record.name}", "missing": missing}


def about(manifest: Manifest, parts: Parts) -> Json:
    """The manifest as the page shows it: nothing of where files lie but the commands."""
    inner = [finding for board in parts.evaluations for finding in board.record.findings]
    found = [without_folders(finding.text()) for finding in (*manifest.findings, *inner)]
    return {
        "commands": [_invocation(one) for one in _commands(manifest, parts)],
        "versions": manifest.versions,
        "hardware": manifest.hardware,
        "datasets": [_data(data) for data in manifest.datasets],
        "methods": [_origin(method) for method in manifest.methods],
        "findings": list(dict.fromkeys(found)),
        "columns": [_column(column) for column in manifest.columns],
    }


def _column(column: ColumnRecord) -> Json:
    cited = column_citation(column)
    return {
        "name": f"{column.metric}@{column.convention}",
        "params": column.params,
        "fingerprint": column.fingerprint,
        "citation": cited.text if cited else "",
    }


def _commands(manifest: Manifest, parts: Parts) -> list[Invocation]:
    """Every command that worked on the run, in the order of time."""
    every: list[Invocation] = [*manifest.earlier, manifest]
    every += [board.record for board in parts.evaluations]
    if parts.profile is not None:
        every += [*parts.profile.manifest.earlier, parts.profile.manifest]
    known = {(one.started, one.command): one for one in every}
    return sorted(known.values(), key=lambda one: one.started)


def _invocation(one: Invocation) -> Json:
    machine = [one.hardware.get("gpu") or one.hardware.get("processor")]
    machine.append(f"fusionbench {one.versions.get('fusionbench', 'unknown')}")
    return {"command": one.command, "said": [one.started, *filter(None, machine)]}


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


def _origin(method: MethodRecord) -> Json:
    return {
        "label": method.label,
        "fingerprint": method.fingerprint,
        "options": method.options,
        "trained": method.trained_on,
        "citation": method.citation.text if method.citation else "",
        "weights": method.weights.model_dump(mode="json") if method.weights else None,
        "brought": sorted(method.fused),
    }


def _boxes(run: Run, board: DetectionBoard) -> dict[str, Json]:
    """The boxes of an evaluation: true ones, and those found in every view of every pair.

    A box is ``[left, top, right, bottom, class, score]``, coordinates in pixels of the image; the
    score is left out of true boxes.
    """
    from fusionbench.boxes import Thresholds
    from fusionbench.detection.stored import detection_rows, read_labels

    record, data = board.record, board.dataset
    places = {pair.id: place for place, pair in enumerate(data.pairs)}
    applied = Thresholds(max(FLOOR, record.thresholds.score), record.thresholds.overlap, MOST)
    truths = read_labels(run, record).truths
    methods = [method.name for method in run.manifest.methods if not method.is_source]
    return {
        "dataset": [each.name for each in run.manifest.datasets].index(data.name),
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
            for name in [*SOURCES, *methods]
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
