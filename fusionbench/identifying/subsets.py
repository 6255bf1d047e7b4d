"""The subsets of pairs that a published mean may be over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusionbench.datasets import DataSet, open_dataset
from fusionbench.errors import DataError, FusionBenchError
from fusionbench.files import sha256_of
from fusionbench.manifest import PairRecord

FIRST = (10, 15, 20, 21, 25, 30, 35, 37, 40, 42, 44, 50, 60, 80, 100, 150, 200, 221, 250, 300, 361)
"""First N pairs that are tried: round numbers, and sizes of subsets that papers report on."""

Places = NDArray[np.intp]


@dataclass(frozen=True)
class Subset:
    """Some of the pairs: what they are, and their places among all."""

    name: str
    places: tuple[int, ...]


def subsets_of(
    pairs: Sequence[PairRecord],
    dataset: DataSet,
    *,
    root: Path | None = None,
    lists: Iterable[Path] = (),
    first: Iterable[int] = FIRST,
) -> tuple[list[Subset], list[str]]:
    """Every subset to try: all pairs, the data set's other splits, lists, the first N.

    A pair belongs to another split where its two files are the same, whatever their names. The
    first N are taken in natural order (2 before 10) and in the order of the names as text.

    Args:
        pairs: The pairs that there are fused images of.
        dataset: The data set that they are from.
        root: The data root, where other splits are looked for.
        lists: Files that list pairs, one id or image name a line.
        first: Values of N; those that are not smaller than the number of pairs are left out.

    Returns:
        The subsets, no two with the same pairs, and lines that say what could not be tried.

    Raises:
        DataError: A list cannot be read or names pairs that the data set does not have.
    """
    ids = {pair.id: place for place, pair in enumerate(pairs)}
    found = [Subset(f"all {len(pairs)}", tuple(range(len(pairs))))]
    notes = []
    for file in lists:
        listed = [pair.id for pair in dataset.only(file).pairs]
        found.append(Subset(f"list {file.name}", tuple(ids[i] for i in listed if i in ids)))
        if missing := sum(i not in ids for i in listed):
            notes.append(f"{file}: {missing} of {len(listed)} pairs have no fused image")
    found += _splits(pairs, dataset, root)
    by_text = sorted(range(len(pairs)), key=lambda place: pairs[place].id)
    for count in sorted({n for n in first if 0 < n < len(pairs)}):
        found.append(Subset(f"first {count}", tuple(range(count))))
        found.append(Subset(f"first {count} by name as text", tuple(sorted(by_text[:count]))))
    different = {frozenset(subset.places): subset for subset in reversed(found) if subset.places}
    return [s for s in found if different.get(frozenset(s.places)) is s], notes


def _splits(pairs: Sequence[PairRecord], dataset: DataSet, root: Path | None) -> list[Subset]:
    found = []
    for split in dataset.card.splits if dataset.card else ():
        if split == dataset.split:
            continue
        try:
            other = open_dataset(dataset.name, root, split)
        except DataError:
            continue
        places = _same_files(pairs, other)
        if places:
            found.append(Subset(f"split {split} ({len(places)})", places))
    return found


def _same_files(pairs: Sequence[PairRecord], other: DataSet) -> tuple[int, ...]:
    """Places of the pairs whose two files another data set holds too; few files are read."""
    places = {(pair.ir_sha256, pair.vis_sha256): place for place, pair in enumerate(pairs)}
    sizes = {(_size(pair.ir), _size(pair.vis)) for pair in pairs}
    alike = [p for p in other.pairs if (_size(p.ir), _size(p.vis)) in sizes]
    sums = ((sha256_of(pair.ir), sha256_of(pair.vis)) for pair in alike)
    return tuple(sorted({places[key] for key in sums if key in places}))


def _size(path: Path | str) -> int:
    return Path(path).stat().st_size


def parse_first(text: str) -> list[int]:
    """Read ``21,40``.

    Raises:
        FusionBenchError: It is not a list of positive whole numbers.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise FusionBenchError(f"--first '{text}': expected numbers of pairs, such as 21,40")
    return [int(part) for part in parts]
