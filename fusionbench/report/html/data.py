"""What the page holds, as one JSON value: names, tables, and the value of every pair.

Lists are aligned: ``methods``, ``columns`` and ``views`` are named by their place everywhere else,
pairs by their place in their data set. Values of pairs have seven significant digits; the full
precision is in ``scores.csv``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fusionbench.manifest import ColumnRecord, DataSetRecord, Manifest, MethodRecord
from fusionbench.names import distinct
from fusionbench.report.html.extras import about, detection, profile
from fusionbench.report.html.thumbnails import Preview
from fusionbench.report.leaderboard import board_table, column_places
from fusionbench.results import Board, Result, Results, conventions
from fusionbench.runs import Run
from fusionbench.tables.model import Entry, sentence
from fusionbench.tables.style import PLAIN

DIGITS = 7
SOURCES = {"ir": "Infrared", "visible": "Visible"}
"""The first two views: the names of the anchors that are copies of the sources, and labels."""

Json = Any


def page_data(results: Results, images: Sequence[Sequence[Preview]]) -> dict[str, Json]:
    """Everything that the page shows but its previews.

    Args:
        results: Of every method on every data set.
        images: Previews, by data set and pair; the sizes of the sources are taken from them.
    """
    run = results.run
    manifest = run.manifest
    tables = results.boards()
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
            _dataset(run, data, [b for b in tables if b.dataset is data], views, previews)
            for data, previews in zip(manifest.datasets, images, strict=True)
        ],
        "detection": detection(run, views),
        "profile": profile(run),
        "about": about(run),
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
    views: list[Json] = [
        {"label": label, "method": places.get(name)} for name, label in SOURCES.items()
    ]
    shown = [method for method in manifest.methods if not method.is_source]
    views += [{"label": m.label, "method": places[m.name]} for m in shown]
    labels = distinct(view["label"] for view in views)
    return [view | {"label": label} for view, label in zip(views, labels, strict=True)]


def _dataset(
    run: Run,
    data: DataSetRecord,
    tables: Sequence[Board],
    views: Sequence[Json],
    previews: Sequence[Preview],
) -> Json:
    results = tables[0].results if tables else ()
    return {
        "name": data.name,
        "title": data.title or data.name,
        "split": data.split,
        "pairs": [pair.id for pair in data.pairs],
        "sizes": [preview.size for preview in previews],
        "boards": [_board(board, run.manifest) for board in tables],
        "values": [[_values(r, c) for r in results] for c in run.manifest.columns],
        "troubles": [_troubles(result, run.manifest.columns) for result in results],
        "originals": [_original(run, data, view["method"]) for view in views],
    }


def _board(board: Board, manifest: Manifest) -> Json:
    table = board_table(board)
    order = sorted(board.results, key=lambda r: not r.method.is_source)
    counted = table.headers[:1] and table.headers[0].text == "N"
    return {
        "convention": board.convention,
        "heading": table.heading,
        "said": [*map(sentence, (*table.caption, *table.remarks))],
        "columns": [manifest.columns.index(column) for column in board.columns],
        "decimals": [column_places([board], column, PLAIN) for column in board.columns],
        "notes": table.notes,
        "lines": [
            {
                "method": manifest.methods.index(result.method),
                "marks": line.label.marks,
                "n": _entry(line.cells[0] if counted else Entry(str(result.scored(board.columns)))),
                "cells": [_entry(cell) for cell in line.cells[1 if counted else 0 :]],
                "means": [_number(result.mean(column)) for column in board.columns],
            }
            for line, result in zip(table.lines, order, strict=True)
        ],
    }


def _entry(entry: Entry) -> Json:
    return [entry.text, entry.rank, entry.marks]


def _values(result: Result, column: ColumnRecord) -> list[Json]:
    """A number per pair, ``"inf"`` or ``"-inf"``; None where there is none."""
    values = result.cell(column).values
    return [_number(values.get(pair.id, math.nan)) for pair in result.dataset.pairs]


def _number(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else str(value)


def _troubles(result: Result, columns: Sequence[ColumnRecord]) -> Json:
    """Why values are missing: of a whole pair under ``""``, of one column under its place."""
    places = {pair.id: place for place, pair in enumerate(result.dataset.pairs)}
    found: dict[str, dict[str, str]] = {
        "": {str(places[pair]): f"failed: {text}" for pair, text in result.failed.items()}
    }
    for number, column in enumerate(columns):
        cell = result.cell(column)
        said = {p: f"undefined: {cell.reasons.get(p, '')}".rstrip(": ") for p in cell.undefined}
        said |= {pair: f"failed: {text}" for pair, text in cell.errors.items()}
        if said:
            found[str(number)] = {str(places[pair]): text for pair, text in said.items()}
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
