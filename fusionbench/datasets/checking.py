"""Checking the contents of pairs before any work, and fingerprinting them in the same pass."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from fusionbench.checks import Findings, Problem
from fusionbench.datasets.opening import DataSet
from fusionbench.datasets.pairing import Pair
from fusionbench.errors import DataError
from fusionbench.files import digest
from fusionbench.images import U8, luma, read_bytes, read_image
from fusionbench.manifest import DataSetRecord, PairRecord


def check_pairs(
    dataset: DataSet,
    findings: Findings | None = None,
    *,
    skip_bad: bool = False,
    advance: Callable[[], None] = lambda: None,
) -> DataSetRecord:
    """Read every image of a data set and record it with its checksums.

    Args:
        dataset: The data set, limited to the pairs that will be used.
        findings: What was found is added to it, and the caller settles; for None it is settled
            here.
        skip_bad: Without ``findings``: leave bad pairs out (and record them) instead of stopping.
        advance: Called once per pair.

    Raises:
        DataError: No pair is left. Without ``findings`` also: a file has no partner or cannot be
            read, two sizes differ, or infrared and visible are the same image; lists every kind.
    """
    used = findings if findings is not None else Findings(skip_bad=skip_bad)
    with ThreadPoolExecutor() as pool:
        results = []
        for result in pool.map(_check, dataset.pairs):
            results.append(result)
            advance()
    problems = [*dataset.problems, *(r for r in results if isinstance(r, Problem))]
    pairs = [r for r in results if isinstance(r, PairRecord)]
    used.extend(problems, dataset=dataset.name, of=len(dataset.pairs))
    if findings is None:
        used.settle()
    if not pairs and (findings is None or used.skip_bad):
        raise DataError(f"data set '{dataset.name}' has no usable pair\n{_list(problems)}".rstrip())
    card = dataset.card
    return DataSetRecord(
        name=dataset.name,
        title=card.title if card else dataset.name,
        split=dataset.split,
        folder=str(dataset.folder),
        home=card.home if card else "",
        terms=card.terms if card else "",
        fingerprint=digest([[p.id, p.ir_sha256, p.vis_sha256] for p in pairs]),
        pairs=pairs,
        skipped=[str(problem) for problem in problems],
    )


def _list(problems: Sequence[Problem]) -> str:
    found = Findings()
    found.extend(problems)
    return "\n".join(f"  {record.text()}" for record in found.records)


def _check(pair: Pair) -> PairRecord | Problem:
    """The pair's record, or what is wrong with it."""
    try:
        ir, ir_hash = _read(pair.ir)
        vis, vis_hash = _read(pair.vis)
    except DataError as error:
        return Problem("unreadable-image", pair.id, str(error))
    if ir.shape[:2] != vis.shape[:2]:
        sizes = [f"{image.shape[1]}x{image.shape[0]}" for image in (ir, vis)]
        return Problem(
            "sizes-differ", pair.id, f"sizes differ, infrared {sizes[0]}, visible {sizes[1]}"
        )
    if np.array_equal(luma(ir), luma(vis)):
        same = f"infrared and visible are the same image ({pair.ir}, {pair.vis})"
        return Problem("same-image", pair.id, same)
    return PairRecord(
        id=pair.id,
        ir=str(pair.ir.resolve()),
        vis=str(pair.vis.resolve()),
        ir_sha256=ir_hash,
        vis_sha256=vis_hash,
    )


def _read(path: Path) -> tuple[U8, str]:
    data = read_bytes(path)
    return read_image(path, data), hashlib.sha256(data).hexdigest()
