"""The detect stage: images to boxes, stored raw. One detector is in memory at a time.

Boxes are stored as the network gives them: every candidate from a score of ``RAW.score`` up, before
non-maximum suppression. The thresholds of an evaluation are applied when the rows are read (see
:mod:`fusionbench.detection.stored`), so changing them does not run the detector again.
"""

from __future__ import annotations

import hashlib
import logging
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fusionbench.boxes import Detections, Thresholds
from fusionbench.errors import DataError
from fusionbench.files import digest
from fusionbench.images import U8, read_bytes, read_image, source_size
from fusionbench.manifest import DataSetRecord, PairRecord
from fusionbench.names import distinct
from fusionbench.opened import Watch, engine_thread, unchanged, watching
from fusionbench.plugins import Detector
from fusionbench.recipes import Recipe, Which
from fusionbench.runs import Row, RowWriter, Run, latest
from fusionbench.stages import Overwrite, is_done
from fusionbench.stages.overlapping import Job, ahead, batched_by_size

RAW = Thresholds(score=0.001, overlap=1.0, most=3000)
"""What is stored: nothing is suppressed."""
SOURCES = {"ir": "Infrared", "visible": "Visible"}
"""The rows that every table begins with: the names of the anchors, and their labels."""
DETECTED_BY = 1
"""Version of how images get to a detector and boxes into rows; raise it with any change here or in
``boxes.py`` that changes a row."""
IO_THREADS = 4
AHEAD = 8
BOX_DECIMALS, SCORE_DECIMALS = 2, 6

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Contestant:
    """One row of a detection table: whose images the detector sees.

    Attributes:
        name: The method's name; ``ir`` and ``visible`` for the sources themselves.
        label: Its name in tables.
        images: The image file of each pair that has one, by the pair's id.
        recipes: What is done to the image files of sources, where something is.
    """

    name: str
    label: str
    images: Mapping[str, Path]
    recipes: Mapping[str, Recipe] = field(default_factory=dict)

    @property
    def is_source(self) -> bool:
        """Whether the images are the sources themselves."""
        return self.name in SOURCES


class Detected(NamedTuple):
    """What one call of the detect stage did: images seen now, and those that failed."""

    images: int
    failed: int


def contestants(run: Run, dataset: DataSetRecord) -> list[Contestant]:
    """Infrared and visible as they are, then every method of the run but the anchors."""
    sources = [_source("ir", "ir", dataset), _source("visible", "vis", dataset)]
    methods = [
        Contestant(
            method.name,
            method.label,
            {
                pair.id: run.fused_image(dataset, method, pair)
                for pair in dataset.pairs
                if run.has_image(dataset, method, pair)
            },
        )
        for method in run.manifest.methods
        if method.name not in SOURCES
    ]
    every = [*sources, *methods]
    labels = distinct(contestant.label for contestant in every)
    return [replace(c, label=label) for c, label in zip(every, labels, strict=True)]


def _source(name: str, which: Which, dataset: DataSetRecord) -> Contestant:
    images = {pair.id: Path(getattr(pair, which)) for pair in dataset.pairs}
    recipes = {pair.id: pair.recipe(which) for pair in dataset.pairs}
    return Contestant(name, SOURCES[name], images, {i: r for i, r in recipes.items() if r.content})


def detect(
    rows: Path,
    load: Callable[[], Detector],
    fingerprint: str,
    contestant: Contestant,
    pairs: Sequence[PairRecord],
    *,
    raw: Thresholds = RAW,
    overwrite: Overwrite = "changed",
    batch: int = 1,
    watch: Watch | None = None,
    advance: Callable[[], None] = lambda: None,
) -> Detected:
    """Run a detector on the images of a contestant on which it has not run yet.

    Args:
        rows: The file of rows, ``{pair, hash, image, boxes, scores, classes, seconds}`` or ``{pair,
            hash, image, error, traceback}``. ``image`` is the SHA-256 of the image file.
        load: Gives the detector, loaded; called only if there is something to do.
        fingerprint: Identifies the detector with its weights.
        contestant: Whose images.
        pairs: On which pairs; one without an image file is left out.
        raw: What the detector drops.
        overwrite: What to do again.
        batch: How many images of one size the detector gets at once, at most.
        watch: Notices what a third party's detector opens; its rows then have ``files``.
        advance: Called once per pair.

    Returns:
        The images on which the detector ran in this call, and how many of them failed.
    """
    known = latest(rows)
    with ThreadPoolExecutor(IO_THREADS, "", engine_thread) as pool, RowWriter(rows) as writer:
        look = partial(_look, contestant, known, fingerprint, raw, overwrite)
        todo: dict[str, Row] = {}
        jobs = _pending(ahead(pool, look, pairs, AHEAD), todo, advance)
        images = failed = 0
        for jobs_of_size in batched_by_size(jobs, batch):
            with watching(watch):
                found = list(_detect_batch(load(), jobs_of_size, raw))
            files = {"files": states} if watch and (states := watch.states()) else {}
            for pair, row in found:
                writer.write({"pair": pair, **todo.pop(pair), **row, **files})
                images += 1
                failed += "error" in row
                advance()
    return Detected(images, failed)


def write_failure(rows: Path, pairs: Sequence[PairRecord], error: Exception) -> None:
    """Record that a contestant has no detections, because its detector could not be made."""
    row = _failure(error)
    with RowWriter(rows) as writer:
        for pair in pairs:
            writer.write({"pair": pair.id, "hash": "", "image": "", **row})


class _Look(NamedTuple):
    """An image that was looked at: what its row begins with, and the job; None if it is done."""

    start: Row
    job: Job | None


def _look(
    contestant: Contestant,
    known: Mapping[str, Row],
    fingerprint: str,
    raw: Thresholds,
    overwrite: Overwrite,
    pair: PairRecord,
) -> _Look:
    path = contestant.images.get(pair.id)
    if path is None or not path.is_file():
        return _Look({}, None)
    row = known.get(pair.id, {})
    try:
        data = read_bytes(path)
        sha256 = hashlib.sha256(data).hexdigest()
        recipe = contestant.recipes.get(pair.id)
        made_from = digest([sha256, *recipe.content]) if recipe else sha256
        start = {"hash": row_hash(made_from, fingerprint, raw), "image": sha256}
        current = row.get("hash") == start["hash"] and unchanged(row.get("files", ()))
        if is_done(bool(row), "error" in row, current, overwrite):
            return _Look(start, None)
        image = read_image(path, data, recipe)
        if (size := image.shape[1::-1]) != (wanted := source_size(pair)):
            got, pairs = ("x".join(map(str, sides)) for sides in (size, wanted))
            raise DataError(f"{path}: {got}, but the pair is {pairs}: boxes would not fit")
        return _Look(start, Job(pair, vis=_rgb(image)))
    except DataError as error:
        return _Look({"hash": "", "image": ""}, Job(pair, error=_failure(error)))


def row_hash(image_sha256: str, fingerprint: str, raw: Thresholds) -> str:
    """What a row of detections was made from."""
    return digest([image_sha256, fingerprint, DETECTED_BY, raw.score, raw.overlap, raw.most])


def _pending(
    looks: Iterable[_Look], todo: dict[str, Row], advance: Callable[[], None]
) -> Iterator[Job]:
    for start, job in looks:
        if job is None:
            advance()
        else:
            todo[job.pair.id] = start
            yield job


def _rgb(image: U8) -> U8:
    return np.ascontiguousarray(np.stack([image] * 3, axis=-1)) if image.ndim == 2 else image


def _detect_batch(
    detector: Detector, jobs: Sequence[Job], raw: Thresholds
) -> Iterator[tuple[str, Row]]:
    """The rows of images of one size; where a batch fails, of each image by itself."""
    if jobs[0].error is not None:
        yield from ((job.pair.id, job.error or {}) for job in jobs)
        return
    begun = time.perf_counter()
    try:
        found = detector.detect([job.vis for job in jobs], raw)
        seconds = round((time.perf_counter() - begun) / len(jobs), 6)
        rows = [_row(boxes) | {"seconds": seconds} for boxes in found]
        if len(rows) != len(jobs):
            raise ValueError(f"the detector answered {len(rows)} times to {len(jobs)} images")
    except Exception as error:
        if len(jobs) == 1:
            yield jobs[0].pair.id, _failure(error)
        else:
            for job in jobs:
                yield from _detect_batch(detector, [job], raw)
        return
    yield from ((job.pair.id, row) for job, row in zip(jobs, rows, strict=True))


def _row(found: Detections) -> Row:
    boxes, scores = np.asarray(found.boxes, np.float64), np.asarray(found.scores, np.float64)
    if boxes.shape != (len(scores), 4) or len(found.classes) != len(scores):
        raise ValueError(
            f"the detector gave boxes {boxes.shape} for {len(scores)} scores "
            f"and {len(found.classes)} classes"
        )
    if not (np.isfinite(boxes).all() and np.isfinite(scores).all()):
        raise ValueError("the detector gave boxes or scores that are not finite")
    return {
        "boxes": boxes.round(BOX_DECIMALS).tolist(),
        "scores": scores.round(SCORE_DECIMALS).tolist(),
        "classes": np.asarray(found.classes, np.int64).tolist(),
    }


def _failure(error: Exception) -> Row:
    log.debug("a detector failed", exc_info=error)
    return {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
