"""Keeping a method busy: pairs are read ahead of it, those of one size go to it together, and what
it made is written behind it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar

import numpy as np

from fusionbench.images import U8
from fusionbench.manifest import PairRecord
from fusionbench.runs import Row, RowWriter

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 8
"""Pairs read before they are needed, and images that may wait to be written."""
NOTHING = np.zeros((0, 0), np.uint8)


@dataclass(frozen=True)
class Job:
    """A pair whose images have been read, or the row that says why they could not be."""

    pair: PairRecord
    ir: U8 = field(default_factory=NOTHING.copy)
    vis: U8 = field(default_factory=NOTHING.copy)
    error: Row | None = None

    @property
    def kind(self) -> tuple[object, ...]:
        """Jobs of one kind can be fused together."""
        return self.vis.shape, self.ir.shape[:2], self.error is None


def ahead(
    pool: Executor, function: Callable[[T], R], items: Iterable[T], depth: int
) -> Iterator[R]:
    """``map(function, items)`` in order, computed by a pool up to ``depth`` items ahead."""
    waiting: deque[Future[R]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) > depth:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def batched_by_size(jobs: Iterable[Job], most: int) -> Iterator[list[Job]]:
    """Consecutive jobs of one kind, at most ``most`` of them at a time."""
    batch: list[Job] = []
    for job in jobs:
        if batch and (len(batch) >= most or job.kind != batch[0].kind):
            yield batch
            batch = []
        batch.append(job)
    if batch:
        yield batch


class Written:
    """Writes results in a pool's threads, and their rows in order, each as soon as it can be.

    What was added is written whatever becomes of the caller: leaving the pool's block waits for it.

    Args:
        pool: Where results are written.
        rows: Gets the rows; has to be open for longer than the pool.
        advance: Called once per row, from any thread.
    """

    def __init__(self, pool: Executor, rows: RowWriter, advance: Callable[[], None]) -> None:
        self.failed = 0
        self._pool, self._rows, self._advance = pool, rows, advance
        self._waiting: deque[tuple[Row, Future[Row]]] = deque()
        self._lock = Lock()
        self._error: Exception | None = None

    def add(self, start: Row, write: Callable[[], Row]) -> None:
        """Have a result written; its row is ``start`` and what ``write`` returns.

        Waits where too many are waiting. Raises what writing an earlier one raised.
        """
        self.check()
        future = self._pool.submit(write)
        with self._lock:
            self._waiting.append((start, future))
            oldest = self._waiting[0][1] if len(self._waiting) > AHEAD else None
        future.add_done_callback(self._drain)
        if oldest is not None:
            oldest.result()

    def check(self) -> None:
        """Raise what writing a result or a row raised, if anything did."""
        if self._error is not None:
            raise self._error

    def _drain(self, _: Future[Row]) -> None:
        with self._lock:
            while self._waiting and self._waiting[0][1].done() and self._error is None:
                start, future = self._waiting.popleft()
                try:
                    row = {**start, **future.result()}
                    self._rows.write(row)
                except Exception as error:
                    self._error = error
                    return
                self.failed += "error" in row
                self._advance()
