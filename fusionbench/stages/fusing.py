"""The fuse stage: pairs to 8-bit PNGs. One method is in memory at a time."""

from __future__ import annotations

import logging
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from pathlib import Path

import numpy as np

from fusionbench.errors import DataError
from fusionbench.files import digest, sha256_of
from fusionbench.images import U8, read_image, write_png
from fusionbench.manifest import DataSetRecord, PairRecord
from fusionbench.plugins import Method
from fusionbench.rows import Row, RowWriter, latest
from fusionbench.runs import Run
from fusionbench.stages import Overwrite, is_done
from fusionbench.stages.applying import WrittenColour, fuse_arrays
from fusionbench.stages.overlapping import Job, ahead, batched_by_size
from fusionbench.stages.preparing import Prepared

IO_THREADS = 4
AHEAD = 8
"""Pairs read before they are needed, and images that may wait to be written."""

log = logging.getLogger(__name__)


def fuse(
    run: Run,
    prepared: Prepared,
    dataset: DataSetRecord,
    *,
    colour: WrittenColour = "keep",
    overwrite: Overwrite = "changed",
    seed: int = 0,
    batch: int = 1,
    advance: Callable[[], None] = lambda: None,
) -> int:
    """Fuse the pairs of a data set that are not done yet.

    Args:
        run: The run folder.
        prepared: The method.
        dataset: The pairs.
        colour: ``keep`` puts the visible chroma under a fused luma, ``gray`` writes luma alone.
        overwrite: What to do again.
        seed: Seeds torch and NumPy before the method is loaded.
        batch: How many pairs of one size a method gets at once, at most.
        advance: Called once per pair.

    Returns:
        The number of pairs that failed in this call.
    """
    path = run.fused_rows(dataset.name, prepared.record.name)
    known = latest(path)
    todo = []
    for pair in dataset.pairs:
        target = run.fused_image(dataset, prepared.record, pair)
        if _done(known.get(pair.id), _hash(prepared, pair, colour), target, overwrite):
            advance()
        else:
            todo.append(pair)
    if not todo:
        return 0
    failed = 0
    with RowWriter(path) as rows, ThreadPoolExecutor(IO_THREADS) as pool:
        for pair, row in _rows(run, prepared, dataset, todo, colour, seed, batch, pool):
            rows.write({"pair": pair.id, "hash": _hash(prepared, pair, colour), **row})
            failed += "error" in row
            advance()
    return failed


def _rows(
    run: Run,
    prepared: Prepared,
    dataset: DataSetRecord,
    todo: Sequence[PairRecord],
    colour: WrittenColour,
    seed: int,
    batch: int,
    pool: ThreadPoolExecutor,
) -> Iterator[tuple[PairRecord, Row]]:
    """The rows of pairs in order; reading ahead and writing behind overlap the computing."""
    method = copy(prepared.method)  # what load() builds is freed with the copy
    if error := _load(method, seed):
        yield from ((pair, error) for pair in todo)
        return
    writing: deque[tuple[PairRecord, Future[Row]]] = deque()
    for jobs in batched_by_size(ahead(pool, _read, todo, AHEAD), batch):
        for pair, result in _fuse_batch(method, jobs, colour):
            target = run.fused_image(dataset, prepared.record, pair)
            writing.append((pair, pool.submit(_write, target, result)))
        while len(writing) > AHEAD:
            pair, future = writing.popleft()
            yield pair, future.result()
    for pair, future in writing:
        yield pair, future.result()


def _read(pair: PairRecord) -> Job:
    try:
        return Job(pair, read_image(pair.ir), read_image(pair.vis))
    except DataError as error:
        return Job(pair, error=_failure(error))


def _fuse_batch(
    method: Method, jobs: Sequence[Job], colour: WrittenColour
) -> list[tuple[PairRecord, Row | tuple[U8, float]]]:
    """Fused image and seconds, or the row of the failure, for each job of one size."""
    if jobs[0].error is not None:
        return [(job.pair, job.error or {}) for job in jobs]
    start = time.perf_counter()
    try:
        fused = fuse_arrays(method, [j.ir for j in jobs], [j.vis for j in jobs], colour)
    except Exception as error:
        if len(jobs) == 1:
            return [(jobs[0].pair, _failure(error))]
        return [result for job in jobs for result in _fuse_batch(method, [job], colour)]
    seconds = (time.perf_counter() - start) / len(jobs)
    return [(job.pair, (image, seconds)) for job, image in zip(jobs, fused, strict=True)]


def _write(target: Path, result: Row | tuple[U8, float]) -> Row:
    if isinstance(result, dict):
        target.unlink(missing_ok=True)
        return result
    image, seconds = result
    try:
        write_png(target, image)
    except Exception as error:
        return _failure(error)
    return {"sha256": sha256_of(target), "seconds": round(seconds, 6)}


def _load(method: Method, seed: int) -> Row | None:
    """Load the method; the row of its failure, or None."""
    import torch

    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (methods may use the legacy generator)
    try:
        method.load()
    except Exception as error:
        return _failure(error)
    return None


def _failure(error: Exception) -> Row:
    log.debug("a method failed", exc_info=error)
    return {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}


def _hash(prepared: Prepared, pair: PairRecord, colour: WrittenColour) -> str:
    return digest([prepared.record.fingerprint, colour, pair.ir_sha256, pair.vis_sha256])


def _done(row: Row | None, hash_: str, target: Path, overwrite: Overwrite) -> bool:
    if row is None:
        return False
    failed = "error" in row
    there = failed or (target.is_file() and sha256_of(target) == row.get("sha256"))
    return is_done(there, failed, row["hash"] == hash_, overwrite)
