"""Candidates as tables for the terminal and as CSV."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from fusionbench.files import csv_text, write_text
from fusionbench.identifying.candidates import Candidate, Identified, Subset, Trial, try_row
from fusionbench.identifying.values import Published, Values, conventions_of
from fusionbench.tables.model import Block, Entry, Header, Line, Table

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


HEADER = ("place", "conventions", "grays", "subset", "pairs", "overall")
VALUE_HEADER = ("name", "metric", "published", "value", "residual", "fits")
FAR = 9999


def candidate_table(found: Identified, top: int) -> Table:
    """The best candidates: what they are, how many values fit, and the overall residual."""
    lines = [
        Line(
            Entry(str(place)),
            (
                *(Entry(", ".join(names)) for names in (c.conventions, c.grays)),
                Entry(c.subset.name),
                Entry(f"{len(c.trials) - len(c.misses)}/{len(c.trials)}"),
                Entry(_short(c.overall)),
            ),
        )
        for place, c in enumerate(found.candidates[:top], 1)
    ]
    heads = [Header(name, left=True) for name in ("Convention", "Gray", "Pairs")]
    heads += [Header("Fit"), Header("Overall")]
    return Table("candidates", "Nearest candidates", tuple(heads), (Block(tuple(lines)),), "#")


def residual_table(found: Identified, top: int) -> Table:
    """Every value as the nearest candidate gives it, and the residual under the best candidates."""
    best = found.candidates[:top]
    lines = []
    for row, published in enumerate(found.row):
        trials = [candidate.trials[row] for candidate in best]
        residuals = [Entry(_short(t.residual), "best" if t.fits else "") for t in trials]
        given = (Entry(published.text), Entry(as_published(trials[0])))
        lines.append(Line(Entry(_named(trials[0])), (*given, *residuals)))
    heads = ("Published", "#1 gives", *(f"#{n}" for n in range(1, len(best) + 1)))
    return Table(
        name="residuals",
        heading="Distance of each value, in units of the last digit given "
        f"(up to {found.tolerance:g} fits, in bold)",
        headers=tuple(map(Header, heads)),
        blocks=(Block(tuple(lines)),),
        stub="Metric",
    )


def _named(trial: Trial) -> str:
    name, metric = trial.published.name, trial.metric
    same = not metric or metric.casefold() == name.casefold()
    return name if same else f"{name} ({metric})"


def as_published(trial: Trial) -> str:
    """A value with one digit more than the row gives; a dash where there is none."""
    if not math.isfinite(trial.residual):
        return "–"
    _, _, decimals = trial.published.text.partition(".")
    places = min(len(decimals) + 1, 8) if decimals.isdecimal() or not decimals else 8
    return f"{trial.value:.{places}f}"


def _short(residual: float) -> str:
    if not math.isfinite(residual):
        return "–"
    if residual >= FAR:
        return f">{FAR}"
    return f"{residual:.2f}" if residual < 100 else f"{residual:.0f}"


def write_candidates(candidates: Sequence[Candidate], path: Path) -> None:
    """Write a line for each value of each candidate, nearest candidate first."""
    rows = [
        [
            place,
            " ".join(candidate.conventions),
            " ".join(candidate.grays),
            candidate.subset.name,
            len(candidate.subset.places),
            repr(candidate.overall),
            trial.published.name,
            trial.metric,
            trial.published.text,
            repr(trial.value),
            repr(trial.residual),
            "yes" if trial.fits else "no",
        ]
        for place, candidate in enumerate(candidates, 1)
        for trial in candidate.trials
    ]
    write_text(path, csv_text([[*HEADER, *VALUE_HEADER], *rows]))
