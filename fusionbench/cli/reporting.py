"""``fusionbench report``, and how every command that makes numbers ends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fusionbench.cli import options as o

if TYPE_CHECKING:
    from fusionbench.runs import Run


def report(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    figures: o.FiguresOption = True,
) -> None:
    """Write the leaderboards and figures of a run again, from what it holds."""
    from fusionbench.runs import Run

    finish(Run(run), figures=figures)


def finish(run: Run, *, figures: bool) -> None:
    """Report a run, show its leaderboard, and exit with 1 if a cell was lost."""
    from fusionbench import console
    from fusionbench.report import leaderboard_table, write_report

    written = write_report(run, figures=figures)
    console.show(leaderboard_table(run))
    console.note(f"{len(written)} files written to {run.root}, leaderboard.csv among them")
    exit_on_failures(run)


def exit_on_failures(run: Run) -> None:
    """List the cells that failures took, and exit with 1 if there are any."""
    from fusionbench import console
    from fusionbench.pipeline import failures

    lines = failures(run)
    for line in lines:
        console.warn(line)
    if lines:
        raise typer.Exit(1)


def publish(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    out: Annotated[Path, typer.Argument(help="Where to put what may be shown of it.")],
    grids: Annotated[
        bool, typer.Option("--grids", help="Also the grids, which show the data set's images.")
    ] = False,
) -> None:
    """Copy a run's tables, values, box plots and manifest, without images and machine paths."""
    from fusionbench import console
    from fusionbench.publishing import publish as copy
    from fusionbench.runs import Run

    written = copy(Run(run), out, grids=grids)
    console.note(f"{len(written)} files written to {out}")
