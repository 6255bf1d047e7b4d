"""``fusionbench run`` and ``fusionbench fuse``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from fusionbench.cli import options as o
from fusionbench.cli.detecting import DetectorOption, LabelsOption, plan_of
from fusionbench.cli.request import Request


def run(
    methods: o.MethodsOption = "cmtfusion,baselines",
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
    device: o.DeviceOption = "cpu",
    colour: o.ColourOption = o.Colour.keep,
    weights: o.WeightsOption = None,
    weights_dir: o.WeightsDirOption = None,
    download: o.DownloadOption = False,
    option: o.MethodOptionOption = None,
    overwrite: o.OverwriteOption = o.Overwrite.changed,
    skip_bad_pairs: o.SkipBadOption = False,
    accept: o.AcceptOption = None,
    strict: o.StrictOption = False,
    wait: o.WaitOption = False,
    workers: o.WorkersOption = None,
    seed: o.SeedOption = 0,
    batch: o.BatchOption = 1,
    figures: o.FiguresOption = True,
    html: o.HtmlOption = True,
    detect: Annotated[
        bool, typer.Option("--detect", help="Also `fusionbench detect` with its defaults.")
    ] = False,
    detector: DetectorOption = None,
    labels: LabelsOption = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Also `fusionbench profile` with its defaults.")
    ] = False,
) -> None:
    """Fuse, score and report: the main command. Run it again to continue where it stopped."""
    request = Request(**locals())
    from fusionbench.cli.planning import plan_to_fuse
    from fusionbench.cli.reporting import finish
    from fusionbench.pipeline import fuse_all, score_all, start

    plan = plan_to_fuse(request)
    looking = plan_of(plan.datasets, asdict(request)) if detect else None
    started = start(plan)
    fuse_all(started, plan)
    score_all(started, plan)
    if looking is not None:
        from fusionbench.detection.running import detect_all

        detect_all(started, looking)
    if profile:
        from fusionbench.profiling.running import profile_run

        profile_run(started, plan)
    finish(started, figures=figures, html=html)


def fuse(
    methods: o.MethodsOption = "cmtfusion,baselines",
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
    out: o.OutOption = None,
    device: o.DeviceOption = "cpu",
    colour: o.ColourOption = o.Colour.keep,
    weights: o.WeightsOption = None,
    weights_dir: o.WeightsDirOption = None,
    download: o.DownloadOption = False,
    option: o.MethodOptionOption = None,
    overwrite: o.OverwriteOption = o.Overwrite.changed,
    skip_bad_pairs: o.SkipBadOption = False,
    accept: o.AcceptOption = None,
    strict: o.StrictOption = False,
    wait: o.WaitOption = False,
    seed: o.SeedOption = 0,
    batch: o.BatchOption = 1,
) -> None:
    """Only fuse: write the images and the manifest; `fusionbench score RUN` goes on from there."""
    request = Request(**locals())
    from fusionbench import console
    from fusionbench.cli.planning import plan_to_fuse
    from fusionbench.cli.reporting import exit_on_failures
    from fusionbench.pipeline import fuse_all, start

    plan = plan_to_fuse(request)
    started = start(plan)
    fuse_all(started, plan)
    console.note(f"fused images are in {plan.out / 'fused'}")
    exit_on_failures(started)
