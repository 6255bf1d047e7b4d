"""``fusionbench train``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fusionbench.cli import options as o
from fusionbench.request import Request

if TYPE_CHECKING:
    from fusionbench.checks import Findings
    from fusionbench.manifest import DataSetRecord

CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}


@o.takes(
    *("data_root", *o.READING, "limit", "device", "seed", "skip_bad_pairs", "accept", "plugin"),
)
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
    hold_out: Annotated[
        str, typer.Option(help="Validation pairs: a number of each data set, or a file of ids.")
    ] = "0",
    *,
    request: Request,
) -> None:
    """Train a method; run it again to go on. Options not listed here are the method's own."""
    from fusionbench import console
    from fusionbench.errors import FusionBenchError
    from fusionbench.manifest import command_line
    from fusionbench.pipeline import tell
    from fusionbench.planning import checked_device
    from fusionbench.registry import METHODS
    from fusionbench.training import TrainingRequest

    request.with_plugins()
    entry = METHODS[method]
    if options:
        console.plain(entry.plugin.training_options())
        return
    if not data:
        raise FusionBenchError("nothing to train on: name data sets with --data")
    findings = request.findings()
    parts = _records(data, request, hold_out, findings)
    tell(findings.records)
    with console.share(f"training {entry.name}") as progress:
        asked = TrainingRequest(
            method=entry.name,
            training=tuple(kept for kept, _ in parts),
            validation=tuple(held for _, held in parts if held.pairs),
            out=out or Path("results") / f"train-{entry.name}",
            device=checked_device(request.device),
            seed=request.seed,
            command=command_line(),
            progress=progress,
        )
        written = entry.plugin.train(asked, context.args)
    console.note(f"weights are in {written}; score them with --weights {entry.name}={written}")


def _records(
    data: str, request: Request, hold_out: str, findings: Findings
) -> list[tuple[DataSetRecord, DataSetRecord]]:
    """The checked pairs of every data set, split into training and validation."""
    from fusionbench import training
    from fusionbench.datasets.lists import read_list
    from fusionbench.pipeline import check_datasets
    from fusionbench.planning import open_data

    found = []
    for text in filter(None, map(str.strip, data.split(","))):
        name, _, split = text.partition("/")
        found += open_data(replace(request, dataset=name, split=split or None))
    if hold_out.isdecimal():
        held: int | list[str] = int(hold_out)
    else:
        pairs = [pair for dataset in found for pair in dataset.pairs]
        where = ", ".join(dataset.name for dataset in found)
        held = read_list(Path(hold_out), pairs, "--hold-out", where)
    return training.hold_out(check_datasets(found, findings), held)
