"""Checking the contents of pairs before any work, and fingerprinting them in the same pass."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np

from fusionbench.datasets.opening import DataSet
from fusionbench.datasets.pairing import Pair
from fusionbench.errors import DataError
from fusionbench.files import digest
from fusionbench.images import U8, luma, read_bytes, read_image
from fusionbench.manifest import DataSetRecord, PairRecord

SHOWN = 200


def check_pairs(
    dataset: DataSet, *, skip_bad: bool = False, advance: Callable[[], None] = lambda: None
) -> DataSetRecord:
    """Read every image of a data set and record it with its checksums.

    Args:
        dataset: The data set, limited to the pairs that will be used.
        skip_bad: Leave bad pairs out (and record them) instead of stopping.
        advance: Called once per pair.

    Raises:
        DataError: A file has no partner or cannot be read, two sizes differ, or infrared and
            visible are the same image; lists all of them. Or no pair is left.
    """
    with ThreadPoolExecutor() as pool:
        results = []
        for result in pool.map(_check, dataset.pairs):
            results.append(result)
            advance()
    problems = [*dataset.problems, *(r for r in results if isinstance(r, str))]
    pairs = [r for r in results if isinstance(r, PairRecord)]
    if problems and not skip_bad:
        raise problem_list(f"data set '{dataset.name}': {len(problems)} bad pairs", problems)
    if not pairs:
        raise problem_list(f"data set '{dataset.name}' has no usable pair", problems)
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
        skipped=problems,
    )


def problem_list(headline: str, problems: Sequence[str]) -> DataError:
    """One error that lists what is wrong, at most ``SHOWN`` lines, and what to do."""
    more = [f"... and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
    lines = chain((f"{headline}:",), problems[:SHOWN], more)
    advice = "Mend the files, or pass --skip-bad-pairs to go on without these pairs."
    return DataError("\n  ".join(lines) + f"\n{advice}")


def _check(pair: Pair) -> PairRecord | str:
    """The pair's record, or one line that says what is wrong with it."""
    try:
        ir, ir_hash = _read(pair.ir)
        vis, vis_hash = _read(pair.vis)
    except DataError as error:
        return f"{pair.id}: {error}"
    if ir.shape[:2] != vis.shape[:2]:
        sizes = [f"{image.shape[1]}x{image.shape[0]}" for image in (ir, vis)]
        return f"{pair.id}: sizes differ, infrared {sizes[0]}, visible {sizes[1]}"
    if np.array_equal(luma(ir), luma(vis)):
        return f"{pair.id}: infrared and visible are the same image ({pair.ir}, {pair.vis})"
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
