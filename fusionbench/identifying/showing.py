"""Candidates as tables for the terminal and as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from rich import box
from rich.table import Table
from rich.text import Text

from fusionbench.files import write_text
from fusionbench.identifying import Identified
from fusionbench.identifying.candidates import Candidate, Trial

HEADER = ("place", "conventions", "grays", "subset", "pairs", "overall")
VALUE_HEADER = ("name", "metric", "published", "value", "residual", "fits")
FAR = 9999


def candidate_table(found: Identified, top: int) -> Table:
    """The best candidates: what they are, how many values fit, and the overall residual."""
    rich = _empty_table()
    rich.add_column("#", justify="right")
    for name in ("Convention", "Gray", "Pairs"):
        rich.add_column(name, overflow="fold")
    rich.add_column("Fit", justify="right", no_wrap=True)
    rich.add_column("Overall", justify="right", no_wrap=True)
    for place, candidate in enumerate(found.candidates[:top], 1):
        rich.add_row(
            str(place),
            ", ".join(candidate.conventions),
            ", ".join(candidate.grays),
            candidate.subset.name,
            f"{len(candidate.trials) - len(candidate.misses)}/{len(candidate.trials)}",
            _short(candidate.overall),
        )
    return rich


def residual_table(found: Identified, top: int) -> Table:
    """Every value as the nearest candidate gives it, and the residual under the best candidates."""
    rich = _empty_table()
    best = found.candidates[:top]
    for name in ("Metric", "Published", "#1 gives", *(f"#{n}" for n in range(1, len(best) + 1))):
        justify: Literal["left", "right"] = "left" if name == "Metric" else "right"
        rich.add_column(name, justify=justify, min_width=max(len(name), 5), overflow="fold")
    for row, published in enumerate(found.row):
        trials = [candidate.trials[row] for candidate in best]
        cells = [_residual(trial) for trial in trials]
        rich.add_row(_named(trials[0]), published.text, as_published(trials[0]), *cells)
    return rich


def _empty_table() -> Table:
    return Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)


def _named(trial: Trial) -> Text:
    name, metric = trial.published.name, trial.metric
    same = not metric or metric.casefold() == name.casefold()
    return Text(name if same else f"{name} ({metric})")


def _residual(trial: Trial) -> Text:
    return Text(_short(trial.residual), style="bold" if trial.fits else "")


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
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*HEADER, *VALUE_HEADER])
    for place, candidate in enumerate(candidates, 1):
        for trial in candidate.trials:
            writer.writerow(
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
            )
    write_text(path, stream.getvalue())
