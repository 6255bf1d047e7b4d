"""``fusionbench suite``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fusionbench.cli import options as o


def suite(
    file: Annotated[
        str, typer.Argument(help="A suite's YAML file, or the name of one that ships.")
    ] = "",
    data_root: o.DataRootOption = None,
    out: Annotated[
        Path | None, typer.Option(help="The run's folder [results/SUITE]; resumed if it exists.")
    ] = None,
    limit: o.LimitOption = None,
    device: o.DeviceOption = "cpu",
    weights_dir: o.WeightsDirOption = None,
    download: o.DownloadOption = False,
    plugin: o.PluginOption = None,
    overwrite: o.OverwriteOption = o.Overwrite.changed,
    workers: o.WorkersOption = None,
    skip_bad_pairs: o.SkipBadOption = False,
    accept: o.AcceptOption = None,
    strict: o.StrictOption = False,
    wait: o.WaitOption = False,
    figures: o.FiguresOption = True,
    html: o.HtmlOption = True,
    list_them: Annotated[bool, typer.Option("--list", help="List the suites that ship.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only check the file and stop.")] = False,
) -> None:
    """Run methods x data sets x metrics, detection and profile, and write a paper's tables."""
    from fusionbench import console
    from fusionbench.cli.planning import checked_device
    from fusionbench.cli.reporting import finish
    from fusionbench.cli.request import findings_for
    from fusionbench.errors import FusionBenchError
    from fusionbench.registry import add_plugin_files
    from fusionbench.settings import data_root as root_in_force
    from fusionbench.settings import weights_folders
    from fusionbench.suites.planning import Surroundings, plan_suite
    from fusionbench.suites.running import default_folder, run_suite, table_style
    from fusionbench.suites.schema import find_suite, read_suite, shipped_suites
    from fusionbench.weights import WeightsFinder

    if list_them:
        for name, path in shipped_suites().items():
            console.plain(f"{name}: {read_suite(path).title}")
        return
    if not file:
        raise FusionBenchError("name a suite's file, or one of those that --list shows")
    add_plugin_files(plugin or ())
    path = find_suite(file)
    asked = read_suite(path)
    if check:
        console.plain(f"{path} is a valid suite")
        return
    where = Surroundings(
        data_root=root_in_force(data_root),
        finder=WeightsFinder(weights_folders(weights_dir), download=download),
        device=checked_device(device),
        limit=limit,
        overwrite=overwrite.value,
        workers=workers,
        findings=findings_for(accept, strict=strict, skip_bad=skip_bad_pairs),
    )
    plan = plan_suite(asked, path, out or default_folder(asked), where)
    finish(run_suite(asked, plan, where), figures=figures, html=html, style=table_style(asked))
