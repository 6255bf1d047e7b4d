"""The score stage: saved images to numbers. Sources are read once per pair, for all methods."""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from fusionbench.checks.fused import Look, Looks
from fusionbench.conventions import Column
from fusionbench.engines import run_tasks
from fusionbench.errors import DataError
from fusionbench.files import digest, to_json_number
from fusionbench.images import U8, read_bytes, read_image
from fusionbench.manifest import DataSetRecord, MethodRecord, PairRecord, called
from fusionbench.opened import State, Watch, unchanged, watching
from fusionbench.primitives import keep_freed_memory
from fusionbench.recipes import SOURCES, Which
from fusionbench.registry import METRICS, Entry
from fusionbench.runs import Row, RowWriter, Run
from fusionbench.sources import PairSources
from fusionbench.stages import Overwrite, is_done
from fusionbench.stages.undefined import why_undefined


class Scored(NamedTuple):
    """What one call of the score stage did."""

    images: int
    errors: int


_PARTS = ("hash", "values", "errors", "files", "reasons")
_RARE = ("files", "reasons")
"""Parts that a row has only where there is something in them."""
"""Of a row, each by column; ``files`` is what a third party's metric opened, where it did."""


@dataclass(frozen=True)
class _Image:
    """A fused image to score, the row that is known of it, and what was seen of it already."""

    method: str
    path: str
    known: Row = field(default_factory=dict)
    seen: tuple[str, Look] | None = None


@dataclass(frozen=True)
class _Task:
    """One pair with the fused images of every method."""

    pair: PairRecord
    images: tuple[_Image, ...]
    columns: tuple[tuple[Column, str], ...]
    overwrite: Overwrite


def score(
    run: Run,
    dataset: DataSetRecord,
    methods: Sequence[MethodRecord],
    columns: Sequence[Column],
    *,
    overwrite: Overwrite = "changed",
    workers: int = 1,
    looks: Looks | None = None,
    advance: Callable[[], None] = lambda: None,
) -> Scored:
    """Score every fused image of a data set that is not scored yet.

    Args:
        run: The run folder.
        dataset: The pairs.
        methods: Whose images to score; an image that is not there is left out.
        columns: Metrics under their conventions.
        overwrite: What to do again.
        workers: Processes; one where the running program declared a metric itself.
        looks: What was seen of the images already, so that it is not looked for again.
        advance: Called once per pair.

    Returns:
        The images scored now, and the values of theirs that a metric failed to give.
    """
    tasks = _tasks(run, dataset, methods, columns, overwrite, looks or {})
    if any(METRICS[column.metric].is_programs for column in columns):
        workers = 1
    images = errors = 0
    with contextlib.ExitStack() as stack:
        writers: dict[str, RowWriter] = {}
        results = run_tasks(_score_pair, tasks, workers, keep_freed_memory, here=not called.get())
        for task, rows in zip(tasks, results, strict=True):
            for method, row in rows:
                if method not in writers:
                    writer = RowWriter(run.score_rows(dataset.name, method))
                    writers[method] = stack.enter_context(writer)
                writers[method].write({"pair": task.pair.id, **row})
                images += 1
                errors += len(row["errors"])
            advance()
    return Scored(images, errors)


def _tasks(
    run: Run,
    dataset: DataSetRecord,
    methods: Sequence[MethodRecord],
    columns: Sequence[Column],
    overwrite: Overwrite,
    looks: Looks,
) -> list[_Task]:
    known = {m.name: run.scores(dataset.name, m.name) for m in methods}
    with_hash = tuple((column, column.fingerprint()) for column in columns)
    tasks = []
    for pair in dataset.pairs:
        images = []
        for method in methods:
            if not run.has_image(dataset, method, pair):
                continue
            path = run.fused_image(dataset, method, pair)
            row = known[method.name].get(pair.id, {})
            if path.is_file() or any(row.get(part) for part in _PARTS):
                seen = looks.get(method.name, {}).get(pair.id)
                images.append(_Image(method.name, str(path), row, seen))
        tasks.append(_Task(pair, tuple(images), with_hash, overwrite))
    return tasks


def _score_pair(task: _Task) -> list[tuple[str, Row]]:
    """The new rows of one pair; none for a method whose row is current."""
    sources: PairSources | Exception | None = None
    rows = []
    for image in task.images:
        if not Path(image.path).is_file():  # its values would outlive it
            rows.append((image.method, {"fused": "", **{part: {} for part in _PARTS}}))
            continue
        data = Path(image.path).read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        hashes = {c.name: _hash(code, task.pair, sha256) for c, code in task.columns}
        todo = [
            c for c, _ in task.columns if not _done(image.known, c.name, hashes, task.overwrite)
        ]
        if not todo:
            continue
        if sources is None:
            sources = _sources(task.pair)
        look = image.seen[1] if image.seen and image.seen[0] == sha256 else None
        row = _values(sources, Path(image.path), data, todo, look)
        kept = _kept(image.known, sha256, {c.name for c in todo})
        row["hash"] = {c.name: hashes[c.name] for c in todo}
        merged = {part: kept[part] | row.get(part, {}) for part in _PARTS}
        said = {part: held for part, held in merged.items() if held or part not in _RARE}
        seen = {"look": row["look"]} if "look" in row else {}
        rows.append((image.method, {"fused": sha256, **said, **seen}))
    return rows


def _sources(pair: PairRecord) -> PairSources | Exception:
    """The sources, or what became of the attempt to read them: the reason of every cell."""
    try:
        return PairSources(*(_source(pair, which) for which in SOURCES))
    except Exception as error:
        return error


def _source(pair: PairRecord, which: Which) -> U8:
    """One of the sources, once it is known to be what the run was made from."""
    path, sha256 = (getattr(pair, name) for name in (which, f"{which}_sha256"))
    data = read_bytes(Path(path))
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DataError(
            f"{path} is not what it was when the run was made; begin with `fusionbench run`, or "
            "`fusionbench score --fused`"
        )
    return read_image(path, data, pair.recipe(which))


def _values(
    sources: PairSources | Exception,
    path: Path,
    data: bytes,
    columns: Sequence[Column],
    look: Look | None = None,
) -> Row:
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    files: dict[str, list[list[State]]] = {}
    reasons: dict[str, str] = {}
    try:
        if isinstance(sources, Exception):
            raise sources
        triple = sources.triple(read_image(path, data))
    except Exception as error:
        return {"values": {}, "errors": {c.name: _text(error) for c in columns}}
    for column in columns:
        watch = _watch(METRICS[column.metric])
        try:
            with watching(watch):
                value = column.value(triple)
            values[column.name] = to_json_number(value)
            if math.isnan(value):
                reasons[column.name] = why_undefined(column, triple)
        except Exception as error:
            errors[column.name] = _text(error)
        if watch and (states := watch.states()):
            files[column.name] = states
    seen = {"files": files, "reasons": reasons, "look": (look or Look.of(triple)).row()}
    return {"values": values, "errors": errors, **seen}


@cache
def _watch(metric: Entry[Any]) -> Watch | None:
    """What notices the files that a third party's metric opens, once or again, in this process."""
    return metric.watch()


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _hash(code: str, pair: PairRecord, fused_sha256: str) -> str:
    return digest([code, *pair.content, fused_sha256])


def _done(known: Row, column: str, hashes: dict[str, str], overwrite: Overwrite) -> bool:
    there = column in known.get("hash", {})
    failed = column in known.get("errors", {})
    same = known.get("hash", {}).get(column) == hashes[column]
    current = same and unchanged(known.get("files", {}).get(column, ()))
    return is_done(there, failed, current, overwrite)


def _kept(known: Row, sha256: str, redone: set[str]) -> dict[str, dict[str, Any]]:
    """What stays of the known row: the values of the same image that are not computed again."""
    if known.get("fused") != sha256:
        return {part: {} for part in _PARTS}
    before = {part: known.get(part, {}) for part in _PARTS}
    return {p: {k: v for k, v in before[p].items() if k not in redone} for p in _PARTS}
