"""The fuse stage: pairs to 8-bit PNGs. One method is in memory at a time."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from fusionbench.errors import DataError, WeightsError
from fusionbench.files import digest, sha256_of
from fusionbench.images import U8, read_sources, write_png
from fusionbench.manifest import DataSetRecord, PairRecord
from fusionbench.opened import Watch, engine_thread, unchanged, watching
from fusionbench.plugins import Method
from fusionbench.runs import Row, RowWriter, Run, latest
from fusionbench.seeding import seed_all, seed_of, state
from fusionbench.stages import Overwrite, WrittenColour, is_done
from fusionbench.stages.applying import fuse_checked
from fusionbench.stages.overlapping import AHEAD, Job, Written, ahead, batched_by_size
from fusionbench.stages.preparing import Prepared

IO_THREADS = 4

log = logging.getLogger(__name__)


class _Made(NamedTuple):
    """A fused image, how long it took, and what its row says of how it was made."""

    image: U8
    seconds: float
    facts: Row


def fuse(
    run: Run,
    prepared: Prepared,
    dataset: DataSetRecord,
    *,
    colour: WrittenColour = "keep",
    overwrite: Overwrite = "changed",
    seed: int = 0,
    batch: int = 1,
    accept_range: bool = False,
    advance: Callable[[], None] = lambda: None,
) -> int:
    """Fuse the pairs of a data set that are not done yet.

    A row is written as soon as its image is. It says in ``outside`` what share of the values was
    clipped to [0, 1], in ``files`` what a third party's code opened and in what state, and in
    ``seed`` the seed where a random number was drawn; it is made again when one of them changes.

    The random generators are set for each pair, from the seed, the method and the pair, so that a
    run that was stopped and goes on equals one that was not. A batch of several pairs is set for
    its first one: what a method draws then depends on which pairs are fused together.

    Args:
        run: The run folder.
        prepared: The method.
        dataset: The pairs.
        colour: ``keep`` puts the visible chroma under a fused luma, ``gray`` writes luma alone.
        overwrite: What to do again.
        seed: Seeds the random generators before the method is loaded, and before each pair.
        batch: How many pairs of one size a method gets at once, at most.
        accept_range: Clip whatever a method returns outside [0, 1].
        advance: Called once per pair, from any thread.

    Returns:
        The number of pairs that failed in this call.
    """
    path = run.fused_rows(dataset.name, prepared.record.name)
    known = latest(path)
    todo = []
    for pair in dataset.pairs:
        target = run.fused_image(dataset, prepared.record, pair)
        hash_ = _hash(prepared, pair, colour)
        if _done(known.get(pair.id), hash_, seed, target, overwrite):
            advance()
        else:
            todo.append(pair)
    if not todo:
        return 0
    work = _Work(copy(prepared.method), prepared, colour, seed, accept_range, prepared.watch())
    with RowWriter(path) as rows:
        with ThreadPoolExecutor(IO_THREADS, initializer=engine_thread) as pool:
            written = Written(pool, rows, advance)
            for pair, made in work.rows(todo, batch, pool):
                target = run.fused_image(dataset, prepared.record, pair)
                start = {"pair": pair.id, "hash": _hash(prepared, pair, colour)}
                written.add(start, partial(_write, target, made))
        written.check()
    return written.failed


@dataclass(frozen=True)
class _Work:
    """A method at work: a copy of its own, freed at the end with all that ``load`` built."""

    method: Method
    prepared: Prepared
    colour: WrittenColour
    seed: int
    accept_range: bool
    watch: Watch | None

    def rows(
        self, todo: Sequence[PairRecord], batch: int, pool: ThreadPoolExecutor
    ) -> Iterator[tuple[PairRecord, _Made | Row]]:
        """Each pair with its image, or with the row of the failure; pairs are read ahead."""
        facts, error = self._load()
        if error is not None:
            yield from ((pair, error) for pair in todo)
            return
        for jobs in batched_by_size(ahead(pool, _read, todo, AHEAD), batch):
            yield from self._fuse(jobs, facts)

    def _load(self) -> tuple[Row, Row | None]:
        """Load the method; what all its rows say, and the row of its failure, or None."""
        seed_all(self.seed)
        before = state() if self.watch else ()
        try:
            with watching(self.watch):
                self.method.load()
            self._check_weights()
        except Exception as error:
            return {}, _failure(error)
        drawn = self.watch is not None and state() != before
        return ({"seed": self.seed} if drawn else {}), None

    def _check_weights(self) -> None:
        """Make sure that a third party's declared files are still those of the fingerprint."""
        weights = self.prepared.method.weights() if self.watch else None
        if weights is None or self.watch is None or self.prepared.record.weights is None:
            return
        if weights.sha256 != self.prepared.record.weights.sha256:
            raise WeightsError(f"{weights.path} changed after the run had begun; run it again")
        for path in (weights.path, *weights.more):
            self.watch.leave_out(path)

    def _fuse(self, jobs: Sequence[Job], facts: Row) -> list[tuple[PairRecord, _Made | Row]]:
        """What is made of jobs of one size; where they fail together, of each by itself."""
        if jobs[0].error is not None:
            return [(job.pair, job.error or {}) for job in jobs]
        record, device = self.prepared.record, self.method.setting.device
        seed_all(seed_of(self.seed, record.name, jobs[0].pair.id))
        before, start = state(device), time.perf_counter()
        try:
            with watching(self.watch):
                fused = fuse_checked(
                    self.method,
                    [job.ir for job in jobs],
                    [job.vis for job in jobs],
                    self.colour,
                    accept_range=self.accept_range,
                )
        except Exception as error:
            if len(jobs) == 1:
                return [(jobs[0].pair, _failure(error))]
            return [made for job in jobs for made in self._fuse([job], facts)]
        seconds = (time.perf_counter() - start) / len(jobs)
        if state(device) != before:
            facts = {**facts, "seed": self.seed}
        if self.watch and (states := self.watch.states()):
            facts = {**facts, "files": states}
        made = [
            _Made(image, seconds, {**facts, "outside": share} if share else facts)
            for image, share in fused
        ]
        return [(job.pair, each) for job, each in zip(jobs, made, strict=True)]


def _read(pair: PairRecord) -> Job:
    try:
        return Job(pair, *read_sources(pair))
    except DataError as error:
        return Job(pair, error=_failure(error))


def _write(target: Path, made: _Made | Row) -> Row:
    if isinstance(made, dict):
        target.unlink(missing_ok=True)
        return made
    try:
        write_png(target, made.image)
    except DataError as error:
        return _failure(error)  # what the system refuses (a full disk) is no fault of the method
    return {"sha256": sha256_of(target), "seconds": round(made.seconds, 6), **made.facts}


def _failure(error: Exception) -> Row:
    log.debug("a method failed", exc_info=error)
    return {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}


def _hash(prepared: Prepared, pair: PairRecord, colour: WrittenColour) -> str:
    return digest([prepared.record.fingerprint, colour, *pair.content])


def _done(row: Row | None, hash_: str, seed: int, target: Path, overwrite: Overwrite) -> bool:
    if row is None:
        return False
    failed = "error" in row
    there = failed or (target.is_file() and sha256_of(target) == row.get("sha256"))
    current = row["hash"] == hash_ and row.get("seed", seed) == seed
    return is_done(there, failed, current and unchanged(row.get("files", ())), overwrite)
