"""``fusionbench report``, and how every command that makes numbers ends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fusionbench.cli import options as o
from fusionbench.tables.style import MOST_DECIMALS, Layout, Marks, Order

if TYPE_CHECKING:
    from fusionbench.choosing import Choice
    from fusionbench.runs import Run
    from fusionbench.tables.style import TableStyle


def report(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    figures: o.FiguresOption = True,
    html: o.HtmlOption = True,
    layout: Annotated[
        Layout,
        typer.Option(help="LaTeX: a table per data set, data sets above each other, or abreast."),
    ] = "single",
    marks: Annotated[Marks, typer.Option(help="How best and second are marked.")] = (
        "bold-underline"
    ),
    std: Annotated[bool, typer.Option("--std", help="Standard deviations after means.")] = False,
    decimals: Annotated[
        int | None, typer.Option(min=0, max=MOST_DECIMALS, help="Decimals (default: by column).")
    ] = None,
    ours: Annotated[str, typer.Option(help="METHOD that comes last and set apart.")] = "",
    methods: Annotated[
        str, typer.Option(help="Methods to show: names, families, globs; -NAME drops.")
    ] = "",
    metrics: Annotated[
        str, typer.Option(help="Metrics to show: names, NAME@CONVENTION, globs; -NAME drops.")
    ] = "",
    label: Annotated[
        list[str] | None, typer.Option(help='METHOD="Name in tables and figures", repeatable.')
    ] = None,
    sources: Annotated[bool, typer.Option(help="Show the source images.")] = True,
    side_by_side: Annotated[
        bool, typer.Option("--side-by-side", help="All conventions in one table.")
    ] = False,
    order: Annotated[
        Order, typer.Option(help="Methods as given, by name, by year, or best rank first.")
    ] = "given",
    boxes: Annotated[
        Path | None, typer.Option(help="YAML of pairs and boxes that the grids enlarge.")
    ] = None,
    wait: o.WaitOption = False,
) -> None:
    """Write the leaderboards and figures of a run again, from what it holds.

    How tables look is not remembered: each report starts from the defaults.
    """
    from fusionbench.choosing import Choice
    from fusionbench.locking import hold
    from fusionbench.runs import Run
    from fusionbench.tables.style import TableStyle

    style = TableStyle(
        layout=layout,
        marks=marks,
        std=std,
        decimals=decimals,
        ours=ours,
        order=order,
        side_by_side=side_by_side,
    )
    choice = Choice(methods=methods, metrics=metrics, labels=label or (), sources=sources)
    started = Run(run)
    started.manifest  # noqa: B018  (a folder that is no run stays as it is)
    hold(run)
    finish(started, figures=figures, html=html, style=style, boxes=boxes, choice=choice)


def finish(
    run: Run,
    *,
    figures: bool,
    html: bool,
    style: TableStyle | None = None,
    boxes: Path | None = None,
    choice: Choice | None = None,
) -> None:
    """Report a run, show its leaderboard, and exit with 1 if a cell was lost."""
    from fusionbench import console
    from fusionbench.report import leaderboard_view, write_report
    from fusionbench.results import Results
    from fusionbench.tables.style import PLAIN

    style = style or PLAIN
    results = Results.read(run, choice)
    written = write_report(results, figures=figures, html=html, style=style, boxes=boxes)
    console.show(leaderboard_view(results, style))
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
