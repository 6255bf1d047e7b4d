"""Candidates: a convention, a gray conversion and a subset of pairs, and how far each is off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusionbench.conventions import load_conventions
from fusionbench.identifying.grays import AS_READ
from fusionbench.identifying.published import Published
from fusionbench.identifying.subsets import Subset
from fusionbench.identifying.values import Values, conventions_of

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
