"""``fusionbench score``: a run's own images again, or images from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fusionbench.cli import options as o
from fusionbench.cli.request import Request


def score(
    run: Annotated[Path | None, typer.Argument(help="A run whose fused images to score.")] = None,
    fused: Annotated[
        Path | None,
        typer.Option(help="Folder of fused images, or of one such folder per method."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The method's name, where --fused itself holds images.")
    ] = None,
    plugin: o.PluginOption = None,
    dataset: o.DataSetOption = None,
    data_root: o.DataRootOption = None,
    split: o.SplitOption = None,
    ir: o.IrOption = None,
    vis: o.VisOption = None,
    ir_range: o.IrRangeOption = None,
    vis_range: o.VisRangeOption = None,
    resize: o.ResizeOption = None,
    pairs: o.PairsOption = None,
    limit: o.LimitOption = None,
    metrics: o.MetricsOption = "core",
    convention: o.ConventionOption = "standard",
    out: o.OutOption = None,
    overwrite: o.OverwriteOption = o.Overwrite.changed,
    skip_bad_pairs: o.SkipBadOption = False,
    accept: o.AcceptOption = None,
    strict: o.StrictOption = False,
    wait: o.WaitOption = False,
    workers: o.WorkersOption = None,
    figures: o.FiguresOption = True,
    html: o.HtmlOption = True,
) -> None:
    """Score fused images and report: those of a run, or --fused DIR from anywhere."""
    request = Request(**locals())
    from fusionbench.cli.planning import plan_to_score
    from fusionbench.cli.reporting import finish
    from fusionbench.pipeline import score_all, start

    plan = plan_to_score(request)
    started = start(plan)
    score_all(started, plan)
    finish(started, figures=figures, html=html)
