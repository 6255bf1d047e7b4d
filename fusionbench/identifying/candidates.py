"""Candidates: a convention, a gray conversion and a subset of pairs, and how far each is off."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusionbench.conventions import load_conventions
from fusionbench.datasets import DataSet, open_dataset
from fusionbench.errors import DataError, FusionBenchError
from fusionbench.files import sha256_of
from fusionbench.identifying.values import AS_READ, Published, Values, conventions_of
from fusionbench.manifest import PairRecord
from fusionbench.selecting import listed

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
    parts = listed(text)
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise FusionBenchError(f"--first '{text}': expected numbers of pairs, such as 21,40")
    return [int(part) for part in parts]


Key = tuple[tuple[str, str], ...]
ROUNDING = 0.5
"""How far rounding alone takes a value, in units of its last digit."""


@dataclass(frozen=True)
class Trial:
    """One value of the row under one candidate.

    Attributes:
        published: The value of the row.
        metric: The metric taken for its name: of several, the nearest. Empty where the convention
            defines none of them.
        value: The mean over the pairs on which the metric is defined.
        residual: Distance in units of the last digit given; infinite where there is no value.
        fits: Whether it is within the tolerance.
    """

    published: Published
    metric: str
    value: float
    residual: float
    fits: bool


@dataclass(frozen=True)
class Candidate:
    """What may have given the row.

    Attributes:
        conventions: Conventions that give the same values, one of which is meant.
        grays: Gray conversions that give the same values.
        subset: The pairs.
        trials: One for each value of the row.
    """

    conventions: tuple[str, ...]
    grays: tuple[str, ...]
    subset: Subset
    trials: tuple[Trial, ...]

    @property
    def fits(self) -> bool:
        """Whether every value of the row comes out."""
        return all(trial.fits for trial in self.trials)

    @property
    def misses(self) -> list[Trial]:
        """The values that do not come out."""
        return [trial for trial in self.trials if not trial.fits]

    @property
    def overall(self) -> float:
        """Geometric mean of ``1 + excess`` over the defined values, less 1.

        The excess is what a residual is beyond rounding. One value far off counts less than it
        would in a mean: a row with one mistake in it is still nearer to where it came from than to
        anything else.
        """
        known = [t.residual for t in self.trials if math.isfinite(t.residual)]
        if not known:
            return math.inf
        excess = (max(residual - ROUNDING, 0.0) for residual in known)
        return math.expm1(math.fsum(map(math.log1p, excess)) / len(known))

    @property
    def undefined(self) -> int:
        """How many values of the row the convention does not define."""
        return sum(not math.isfinite(trial.residual) for trial in self.trials)


def rank_candidates(
    row: Sequence[Published], values: Values, subsets: Sequence[Subset], tolerance: float
) -> list[Candidate]:
    """Every candidate, best first.

    Fewer values that do not fit are better, then fewer that are not defined, then a smaller overall
    residual, to one decimal: below that none is better than another, and the usual choice comes
    first. Candidates of one subset with the same values are one.
    """
    found = []
    for subset in subsets:
        merged: dict[Key, dict[str, list[str]]] = {}
        trials: dict[Key, tuple[Trial, ...]] = {}
        for convention in conventions_of(row):
            for gray in grays_for(convention, values.grays):
                tried = try_row(row, values, convention, gray, subset, tolerance)
                key = tuple((trial.metric, repr(trial.value)) for trial in tried)
                merged.setdefault(key, {}).setdefault(convention, []).append(gray)
                trials[key] = tried
        for key, by_convention in merged.items():
            for grays, conventions in _by_grays(by_convention).items():
                found.append(Candidate(conventions, grays, subset, trials[key]))
    return sorted(found, key=_distance)


def _distance(candidate: Candidate) -> tuple[float, ...]:
    return len(candidate.misses), candidate.undefined, round(candidate.overall, 1)


def grays_for(convention: str, grays: Sequence[str]) -> list[str]:
    """Those of the conversions that apply to a convention, the usual one first.

    A convention that averages over the channels takes images as they are, or gray ones.
    """
    if load_conventions()[convention].colour == "channels":
        return sorted(grays, key=lambda gray: gray != AS_READ)
    return [gray for gray in grays if gray != AS_READ]


def try_row(
    row: Sequence[Published],
    values: Values,
    convention: str,
    gray: str,
    subset: Subset,
    tolerance: float,
) -> tuple[Trial, ...]:
    """Every value of a row under one convention."""
    return tuple(_try(p, values, convention, gray, subset, tolerance) for p in row)


def _try(
    published: Published,
    values: Values,
    convention: str,
    gray: str,
    subset: Subset,
    tolerance: float,
) -> Trial:
    best = Trial(published, "", math.nan, math.inf, False)
    for metric in published.metrics:
        of_pairs = values.of(metric, convention, gray)
        if of_pairs is None:
            continue
        mean = _mean(of_pairs[list(subset.places)])
        residual = published.residual(mean)
        if residual < best.residual:
            best = Trial(published, metric, mean, residual, residual <= tolerance * (1 + 1e-9))
    return best


def _mean(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return math.fsum(known) / len(known) if len(known) and np.isfinite(known).all() else math.nan


def _by_grays(by_convention: dict[str, list[str]]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Conventions by the conversions under which they give the values at hand."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for convention, grays in by_convention.items():
        key = tuple(grays)
        found[key] = (*found.get(key, ()), convention)
    return found


@dataclass(frozen=True)
class Identified:
    """What became of a row.

    Attributes:
        row: The published values.
        tolerance: How far a value may be off, in units of its last digit.
        candidates: Every candidate, nearest first.
    """

    row: tuple[Published, ...]
    tolerance: float
    candidates: tuple[Candidate, ...]

    @property
    def fitting(self) -> list[Candidate]:
        """The candidates that give every value of the row."""
        return [candidate for candidate in self.candidates if candidate.fits]


def identify_row(
    row: Sequence[Published], values: Values, subsets: Sequence[Subset], tolerance: float
) -> Identified:
    """Find what reproduces a row.

    Args:
        row: The published values.
        values: What every pair gives (see :func:`compute_values`).
        subsets: The subsets of pairs to try.
        tolerance: How far a value may be off, in units of its last digit; 0.5 is rounding alone.

    Raises:
        FusionBenchError: No convention goes with the gray conversions.
    """
    candidates = rank_candidates(row, values, subsets, tolerance)
    if not candidates:
        raise FusionBenchError(
            f"no convention that defines a metric of the row goes with gray "
            f"{', '.join(values.grays)}; try all gray conversions"
        )
    return Identified(tuple(row), tolerance, tuple(candidates))
