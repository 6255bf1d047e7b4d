"""Keeping a method busy: pairs are read ahead of it, and those of one size go to it together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from fusionbench.images import U8
from fusionbench.manifest import PairRecord
from fusionbench.rows import Row

T = TypeVar("T")
R = TypeVar("R")
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
