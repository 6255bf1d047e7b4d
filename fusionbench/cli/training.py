"""``fusionbench train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fusionbench.cli import options as o

if TYPE_CHECKING:
    from fusionbench.checks import Findings
    from fusionbench.manifest import DataSetRecord
    from fusionbench.recipes import Reading

CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}


def train(
    context: typer.Context,
    method: Annotated[str, typer.Argument(help="The method, such as cmtfusion.")],
    data: Annotated[
        str, typer.Option(help="Data sets, comma-separated; NAME/SPLIT names a split.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(help="The training run's folder [results/train-METHOD]; gone on from."),
    ] = None,
    options: Annotated[
        bool, typer.Option("--options", help="List the method's own options and stop.")
    ] = False,
    data_root: o.DataRootOption = None,
    hold_out: Annotated[
        str, typer.Option(help="Validation pairs: a number of each data set, or a file of ids.")
    ] = "0",
    ir_range: o.IrRangeOption = None,
    vis_range: o.VisRangeOption = None,
    resize: o.ResizeOption = None,
    limit: o.LimitOption = None,
    device: o.DeviceOption = "cpu",
    seed: o.SeedOption = 0,
    skip_bad_pairs: o.SkipBadOption = False,
    accept: o.AcceptOption = None,
    plugin: o.PluginOption = None,
) -> None:
    """Train a method; run it again to go on. Options not listed here are the method's own."""
    from fusionbench import console
    from fusionbench.cli.planning import checked_device
    from fusionbench.cli.request import findings_for
    from fusionbench.errors import FusionBenchError
    from fusionbench.manifest import command_line
    from fusionbench.pipeline import tell
    from fusionbench.recipes import parse_reading
    from fusionbench.registry import METHODS, add_plugin_files
    from fusionbench.training import TrainingRequest

    add_plugin_files(plugin or ())
    entry = METHODS[method]
    if options:
        console.plain(entry.plugin.training_options())
        return
    if not data:
        raise FusionBenchError("nothing to train on: name data sets with --data")
    reading = parse_reading(ir_range, vis_range, resize)
    findings = findings_for(accept, strict=False, skip_bad=skip_bad_pairs)
    parts = _records(data, data_root, reading, hold_out, limit, findings)
    tell(findings.records)
    with console.share(f"training {entry.name}") as progress:
        request = TrainingRequest(
            method=entry.name,
            training=tuple(kept for kept, _ in parts),
            validation=tuple(held for _, held in parts if held.pairs),
            out=out or Path("results") / f"train-{entry.name}",
            device=checked_device(device),
            seed=seed,
            command=command_line(),
            progress=progress,
        )
        written = entry.plugin.train(request, context.args)
    console.note(f"weights are in {written}; score them with --weights {entry.name}={written}")


def _records(
    data: str,
    data_root: Path | None,
    reading: Reading,
    hold_out: str,
    limit: int | None,
    findings: Findings,
) -> list[tuple[DataSetRecord, DataSetRecord]]:
    """The checked pairs of every data set, split into training and validation."""
    from fusionbench import training
    from fusionbench.datasets import open_dataset
    from fusionbench.datasets.lists import read_list
    from fusionbench.pipeline import check_datasets
    from fusionbench.settings import data_root as root_in_force

    root = root_in_force(data_root)
    found = []
    for text in filter(None, map(str.strip, data.split(","))):
        name, _, split = text.partition("/")
        found.append(open_dataset(name, root, split or None).read_as(reading).first(limit))
    if hold_out.isdecimal():
        held: int | list[str] = int(hold_out)
    else:
        pairs = [pair for dataset in found for pair in dataset.pairs]
        where = ", ".join(dataset.name for dataset in found)
        held = read_list(Path(hold_out), pairs, "--hold-out", where)
    return training.hold_out(check_datasets(found, findings), held)
