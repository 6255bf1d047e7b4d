"""``fusionbench suite``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from fusionbench.cli import options as o
from fusionbench.request import Request


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
