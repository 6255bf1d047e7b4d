"""The answer in words: what reproduces a row, or what comes nearest and where it fails."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fusionbench.identifying import Identified
from fusionbench.identifying.candidates import Candidate, Trial, try_row
from fusionbench.identifying.published import Published
from fusionbench.identifying.showing import as_published
from fusionbench.identifying.subsets import Subset
from fusionbench.identifying.values import Values, conventions_of

FEW = 3


def verdict(found: Identified, values: Values) -> list[str]:
    """What can be said of the row, in full sentences; the first one is the answer."""
    fitting = found.fitting
    lines = _reproduced(found, fitting) if fitting else _nearest(found, values)
    if len(found.row) < FEW:
        lines.append(
            f"A row of {len(found.row)} value(s) fits by chance easily: give as many as the table "
            "has, with all their digits."
        )
    return lines


def _reproduced(found: Identified, fitting: Sequence[Candidate]) -> list[str]:
    best = fitting[0]
    lines = [f"Reproduced: {words(best)} give every one of the {len(found.row)} values."]
    if alternatives := _undecided(best):
        lines.append(f"The row cannot tell apart {' or '.join(alternatives)}: same values here.")
    if len(fitting) > 1:
        others = "; ".join(words(c) for c in fitting[1 : 1 + FEW])
        more = f" and {len(fitting) - 1 - FEW} more" if len(fitting) > 1 + FEW else ""
        lines.append(f"It is not the only one that does: {others}{more}.")
    return lines


def _undecided(candidate: Candidate) -> list[str]:
    several = (candidate.conventions, candidate.grays)
    return [", ".join(names) for names in several if len(names) > 1]


def _nearest(found: Identified, values: Values) -> list[str]:
    best = found.candidates[0]
    count, misses = len(found.row), best.misses
    lines = [
        f"Not reproduced by any of {len(found.candidates)} candidates. Nearest: {words(best)}, "
        f"with {count - len(misses)} of {count} values."
    ]
    for trial in misses:
        lines.append(f"{trial.published.name} does not fit: {_miss(trial)}.")
        if others := _fitting_elsewhere(trial.published, best, found, values):
            lines[-1] += f" On the same images and pairs it does under {', '.join(others)}."
    return lines + _mixture(found, values, len(misses))


def _miss(trial: Trial) -> str:
    if not math.isfinite(trial.residual):
        return f"published {trial.published.text}, not defined here"
    return (
        f"published {trial.published.text}, here {as_published(trial)} "
        f"({trial.residual:.3g} units of the last digit given)"
    )


def _fitting_elsewhere(
    published: Published, candidate: Candidate, found: Identified, values: Values
) -> list[str]:
    gray, names = candidate.grays[0], []
    for convention in conventions_of([published]):
        (trial,) = try_row([published], values, convention, gray, candidate.subset, found.tolerance)
        if trial.fits:
            names.append(convention)
    return names


def _mixture(found: Identified, values: Values, misses: int) -> list[str]:
    """The gray conversion and subset under which most values fit if each has its own convention."""
    best: tuple[int, str, Subset] | None = None
    places = {(gray, c.subset): None for c in found.candidates for gray in c.grays}
    for gray, subset in places:
        trials = [
            try_row(found.row, values, convention, gray, subset, found.tolerance)
            for convention in conventions_of(found.row)
        ]
        missed = sum(not any(t.fits for t in of_value) for of_value in zip(*trials, strict=True))
        if missed < misses and (best is None or missed < best[0]):
            best = (missed, gray, subset)
    if best is None:
        return []
    fit = len(found.row) - best[0]
    return [
        f"With conventions mixed, {fit} of {len(found.row)} values fit: "
        f"gray {best[1]}, {best[2].name} pairs."
    ]


def words(candidate: Candidate) -> str:
    """A candidate in words."""
    return (
        f"convention {candidate.conventions[0]}, gray {candidate.grays[0]}, "
        f"{candidate.subset.name} pairs"
    )
