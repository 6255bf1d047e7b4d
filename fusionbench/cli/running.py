"""``fusionbench run``, ``fuse``, ``score`` and ``suite``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from fusionbench.cli import options as o
from fusionbench.request import CONVENTION, METHODS, METRICS, Request

FUSING = ("methods", "plugin", *o.DATA)
MAKING = ("out", "device", "colour", *o.WEIGHTS, "overwrite", *o.CHECKS, "wait")


@o.takes(
    *FUSING,
    *o.COLUMNS,
    *MAKING,
    "workers",
    "seed",
    "batch",
    "figures",
    "html",
    "detect",
    "detector",
    "labels",
    "profile",
    methods=METHODS,
    metrics=METRICS,
    convention=CONVENTION,
)
def run(request: Request) -> None:
    """Fuse, score and report: the main command. Run it again to continue where it stopped."""
    from fusionbench.cli.reporting import finish
    from fusionbench.planning import run_request

    done = run_request(request.with_plugins())
    finish(done, figures=request.figures, html=request.html)


@o.takes(
    *FUSING,
    *MAKING,
    "seed",
    "batch",
    methods=METHODS,
)
def fuse(request: Request) -> None:
    """Only fuse: write the images and the manifest; `fusionbench score RUN` goes on from there."""
    from fusionbench import console
    from fusionbench.cli.reporting import exit_on_failures
    from fusionbench.pipeline import fuse_all, start
    from fusionbench.planning import plan

    planned = plan(request.with_plugins())
    started = start(planned)
    fuse_all(started, planned)
    console.note(f"fused images are in {planned.out / 'fused'}")
    exit_on_failures(started)


@o.takes(
    "run",
    "fused",
    "name",
    "plugin",
    *o.DATA,
    *o.COLUMNS,
    "label",
    "out",
    "overwrite",
    *o.CHECKS,
    "wait",
    "workers",
    "figures",
    "html",
    metrics=METRICS,
    convention=CONVENTION,
)
def score(request: Request) -> None:
    """Score fused images and report: those of a run, or --fused DIR from anywhere."""
    from fusionbench.cli.reporting import finish
    from fusionbench.errors import FusionBenchError
    from fusionbench.pipeline import score_all, start
    from fusionbench.planning import plan

    if (request.run is None) == (request.fused is None):
        raise FusionBenchError("name a run to score, or images from elsewhere with --fused DIR")
    planned = plan(request.with_plugins())
    started = start(planned)
    score_all(started, planned)
    finish(started, figures=request.figures, html=request.html)


@o.takes(
    *("data_root", "limit", "device", "weights_dir", "download", "plugin", "overwrite"),
    *("workers", *o.CHECKS, "wait", "figures", "html"),
)
def suite(
    file: Annotated[
        str, typer.Argument(help="A suite's YAML file, or the name of one that ships.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="The run's folder [results/SUITE]; resumed if it exists.")
    ] = None,
    list_them: Annotated[bool, typer.Option("--list", help="List the suites that ship.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only check the file and stop.")] = False,
    *,
    request: Request,
) -> None:
    """Run methods x data sets x metrics, detection and profile, and write a paper's tables."""
    from fusionbench import console
    from fusionbench.cli.reporting import finish
    from fusionbench.errors import FusionBenchError
    from fusionbench.suites.running import run_suite
    from fusionbench.suites.schema import find_suite, read_suite, shipped_suites

    if list_them:
        for name, path in shipped_suites().items():
            console.plain(f"{name}: {read_suite(path).title}")
        return
    if not file:
        raise FusionBenchError("name a suite's file, or one of those that --list shows")
    path = find_suite(file)
    asked = read_suite(path)
    if check:
        console.plain(f"{path} is a valid suite")
        return
    run = run_suite(asked, path, replace(request.with_plugins(), out=out))
    finish(
        run,
        figures=request.figures,
        html=request.html,
        style=asked.report.style,
        choice=asked.report.choice,
    )
