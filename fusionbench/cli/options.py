"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Colour(StrEnum):
    """What the fuse stage writes."""

    keep = "keep"
    gray = "gray"


class Overwrite(StrEnum):
    """What is done again (see :data:`fusionbench.stages.Overwrite`)."""

    never = "never"
    missing = "missing"
    changed = "changed"
    always = "always"


MethodsOption = Annotated[
    str,
    typer.Option(help="Names, globs and groups (baselines, classical, deep, all); -NAME drops."),
]
DataSetOption = Annotated[
    str | None, typer.Option(help="Data sets, comma-separated (default: sample).")
]
DataRootOption = Annotated[
    Path | None, typer.Option(help="Folder that holds data sets [FUSIONBENCH_DATA].")
]
SplitOption = Annotated[str | None, typer.Option(help="Split of the data set.")]
IrOption = Annotated[Path | None, typer.Option(help="Infrared images, instead of --dataset.")]
VisOption = Annotated[Path | None, typer.Option(help="Visible images, instead of --dataset.")]
LimitOption = Annotated[int | None, typer.Option(min=1, help="Use the first pairs only.")]
PairsOption = Annotated[
    Path | None, typer.Option(help="File that lists the pairs to use, one a line.")
]
SkipBadOption = Annotated[
    bool, typer.Option("--skip-bad-pairs", help="Go on without pairs that cannot be used.")
]


def _wait(wanted: bool) -> bool:
    if wanted:
        from fusionbench import locking

        locking.waits = True
    return wanted


WaitOption = Annotated[
    bool,
    typer.Option("--wait", callback=_wait, help="Wait for another process on the run's folder."),
]
AcceptOption = Annotated[
    list[str] | None,
    typer.Option(help="CHECK whose refused input is let through and marked, repeatable."),
]
IrRangeOption = Annotated[
    str | None,
    typer.Option(
        help="Values of infrared files that become 0 and 255: min-max, P1-P99 or LOW:HIGH; of each "
        "image, or with @dataset behind it of all together. Applies to files of any depth."
    ),
]
VisRangeOption = Annotated[
    str | None, typer.Option(help="The same of visible files (see --ir-range).")
]
ResizeOption = Annotated[
    str | None,
    typer.Option(
        metavar="ir|vis",
        help="Resize this source to its partner where sizes differ: by area averaging to shrink, "
        "by cubic interpolation to enlarge.",
    ),
]
StrictOption = Annotated[bool, typer.Option("--strict", help="Refuse on warnings of checks too.")]
MetricsOption = Annotated[
    str, typer.Option(help="Names, globs, `core`, `all`; NAME@CONVENTION picks a convention.")
]
ConventionOption = Annotated[
    str, typer.Option(help="Conventions of the metrics that name none, comma-separated.")
]
OutOption = Annotated[
    Path | None,
    typer.Option(help="The run's folder [results/DATASET]; resumed if it exists."),
]
OverwriteOption = Annotated[
    Overwrite, typer.Option(help="Do again: nothing, what is missing, what changed, everything.")
]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Processes for scoring (default: all cores).")
]
ColourOption = Annotated[
    Colour, typer.Option(help="Write fused luma under the visible chroma, or gray images.")
]
DeviceOption = Annotated[str, typer.Option(help="Torch device, such as cpu or cuda:0.")]
BatchOption = Annotated[
    int, typer.Option(min=1, help="Pairs of one size given to a method at once (for GPUs).")
]
SeedOption = Annotated[
    int, typer.Option(help="Seed of the random generators, for each method and pair.")
]
WeightsOption = Annotated[
    list[str] | None,
    typer.Option(help="METHOD=authors|retrained|FILE, repeatable."),
]
WeightsDirOption = Annotated[
    Path | None, typer.Option(help="Folder searched for weight files [FUSIONBENCH_WEIGHTS].")
]
DownloadOption = Annotated[
    bool, typer.Option("--download", help="Download published weights that are not here.")
]
MethodOptionOption = Annotated[
    list[str] | None, typer.Option("--option", help="METHOD.KEY=VALUE, repeatable.")
]
PluginOption = Annotated[
    list[Path] | None,
    typer.Option(
        help="File or folder with methods, metrics or detectors, repeatable [FUSIONBENCH_PLUGINS]."
    ),
]
FiguresOption = Annotated[bool, typer.Option(help="Draw figures.")]
HtmlOption = Annotated[bool, typer.Option(help="Write report.html.")]
