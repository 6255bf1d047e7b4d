"""Options that several commands share, and how a command gets them together in one object."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from fusionbench.request import DETECTOR

Command = Callable[..., None]


def _wait(wanted: bool) -> bool:
    if wanted:
        from fusionbench import locking

        locking.waits = True
    return wanted


OPTIONS: dict[str, Any] = {
    "run": typer.Argument(..., help="A run whose fused images to score."),
    "fused": typer.Option(..., help="Folder of fused images, or of one such folder per method."),
    "name": typer.Option(..., help="The method's name, where --fused itself holds images."),
    "methods": typer.Option(
        ..., help="Names, globs and groups (baselines, classical, deep, all); -NAME drops."
    ),
    "plugin": typer.Option(
        ...,
        help="File or folder with methods, metrics or detectors, repeatable [FUSIONBENCH_PLUGINS].",
    ),
    "dataset": typer.Option(..., help="Data sets, comma-separated (default: sample)."),
    "data_root": typer.Option(..., help="Folder that holds data sets [FUSIONBENCH_DATA]."),
    "split": typer.Option(..., help="Split of the data set."),
    "ir": typer.Option(..., help="Infrared images, instead of --dataset."),
    "vis": typer.Option(..., help="Visible images, instead of --dataset."),
    "ir_range": typer.Option(
        ...,
        help="Values of infrared files that become 0 and 255: min-max, P1-P99 or LOW:HIGH; of each "
        "image, or with @dataset behind it of all together. Applies to files of any depth.",
    ),
    "vis_range": typer.Option(..., help="The same of visible files (see --ir-range)."),
    "resize": typer.Option(
        ...,
        metavar="ir|vis",
        help="Resize this source to its partner where sizes differ: by area averaging to shrink, "
        "by cubic interpolation to enlarge.",
    ),
    "pairs": typer.Option(..., help="File that lists the pairs to use, one a line."),
    "limit": typer.Option(..., min=1, help="Use the first pairs only."),
    "metrics": typer.Option(
        ..., help="Names, globs, `core`, `all`; NAME@CONVENTION picks a convention."
    ),
    "convention": typer.Option(
        ..., help="Conventions of the metrics that name none, comma-separated."
    ),
    "out": typer.Option(..., help="The run's folder [results/DATASET]; resumed if it exists."),
    "device": typer.Option(..., help="Torch device, such as cpu or cuda:0."),
    "colour": typer.Option(..., help="Write fused luma under the visible chroma, or gray images."),
    "weights": typer.Option(..., help="METHOD=authors|retrained|FILE, repeatable."),
    "weights_dir": typer.Option(
        ..., help="Folder searched for weight files [FUSIONBENCH_WEIGHTS]."
    ),
    "download": typer.Option(
        ..., "--download", help="Download published weights that are not here."
    ),
    "option": typer.Option(..., "--option", help="METHOD.KEY=VALUE, repeatable."),
    "label": typer.Option(..., help='METHOD="Name in tables and figures", repeatable.'),
    "overwrite": typer.Option(
        ..., help="Do again: nothing, what is missing, what changed, everything."
    ),
    "skip_bad_pairs": typer.Option(
        ..., "--skip-bad-pairs", help="Go on without pairs that cannot be used."
    ),
    "accept": typer.Option(
        ..., help="CHECK whose refused input is let through and marked, repeatable."
    ),
    "strict": typer.Option(..., "--strict", help="Refuse on warnings of checks too."),
    "wait": typer.Option(
        ..., "--wait", callback=_wait, help="Wait for another process on the run's folder."
    ),
    "workers": typer.Option(..., min=1, help="Processes for scoring (default: all cores)."),
    "seed": typer.Option(..., help="Seed of everything random, by method and pair."),
    "batch": typer.Option(
        ..., min=1, help="Pairs of one size given to a network at once (for GPUs)."
    ),
    "figures": typer.Option(..., help="Draw figures."),
    "html": typer.Option(..., help="Write report.html."),
    "detect": typer.Option(..., "--detect", help="Also `fusionbench detect` with its defaults."),
    "detector": typer.Option(
        ...,
        help=f"NAME or NAME:WEIGHTS, repeatable or comma-separated [{DETECTOR}]; "
        "ultralytics:FILE is any YOLO (AGPL-3.0, an extra).",
    ),
    "labels": typer.Option(
        ..., help="Label set of the data set, or a folder or COCO file of labels."
    ),
    "conf": typer.Option(..., min=0, max=1, help="Boxes below this score do not count."),
    "iou": typer.Option(..., min=0, max=1, help="Overlap from which the weaker box is dropped."),
    "max_det": typer.Option(..., min=1, help="Boxes of an image at most."),
    "protocol": typer.Option(
        ..., help="One detector as it is, or one trained on each method's images."
    ),
    "epochs": typer.Option(..., min=1, help="finetuned: passes over the images."),
    "train_size": typer.Option(..., min=32, help="finetuned: pixels of a side."),
    "train_batch": typer.Option(..., min=1, help="finetuned: images of a step."),
    "bootstrap": typer.Option(
        ..., min=1, help="How often images are drawn again for the intervals."
    ),
    "profile": typer.Option(..., "--profile", help="Also `fusionbench profile` with its defaults."),
    "size": typer.Option(..., help="Image size, repeatable [640x480]."),
    "scope": typer.Option(
        ...,
        metavar="model|method|end-to-end|transfer",
        help="What is timed, repeatable (default: all).",
    ),
    "threads": typer.Option(..., min=1, help="CPU threads (default: all cores)."),
    "calls": typer.Option(..., min=1, help="Timed calls; ends with these ..."),
    "seconds": typer.Option(..., min=0, help="... or after this long."),
    "amp": typer.Option(..., "--amp", help="Also with autocast."),
    "tf32": typer.Option(..., "--tf32", help="Also with TF32 (CUDA)."),
    "channels_last": typer.Option(..., "--channels-last", help="Also with channels-last networks."),
    "compile": typer.Option(..., "--compile", help="Also with compiled networks."),
    "timeout": typer.Option(..., min=1, help="Seconds after which a row is given up."),
    "compare_profiler": typer.Option(
        ..., help="Compare CUDA events with the profiler's kernels (CUDA)."
    ),
    "check": typer.Option(..., "--check", help="Measure three times and report the spread."),
}
"""How the fields of a request stand on the command line; their types and defaults are its own."""

PluginOption = Annotated[list[Path] | None, OPTIONS["plugin"]]
DataRootOption = Annotated[Path | None, OPTIONS["data_root"]]
SplitOption = Annotated[str | None, OPTIONS["split"]]
WeightsDirOption = Annotated[Path | None, OPTIONS["weights_dir"]]
WaitOption = Annotated[bool, OPTIONS["wait"]]
FiguresOption = Annotated[bool, OPTIONS["figures"]]
HtmlOption = Annotated[bool, OPTIONS["html"]]

READING = ("ir_range", "vis_range", "resize")
DATA = ("dataset", "data_root", "split", "ir", "vis", *READING, "pairs", "limit")
COLUMNS = ("metrics", "convention")
WEIGHTS = ("weights", "weights_dir", "download", "option", "label")
CHECKS = ("skip_bad_pairs", "accept", "strict")


def takes(*names: str, **defaults: Any) -> Callable[[Command], Command]:
    """Give a command options, which it gets as one object: its parameter ``request``.

    Args:
        names: The fields of that parameter's type which are options of the command, in this order.
        defaults: Those that differ from the type's.
    """

    def decorate(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True).parameters
        kind = own["request"].annotation
        types, fields = get_type_hints(kind), {f.name: f for f in dataclasses.fields(kind)}
        options = {}
        for name in names:
            option = copy(OPTIONS[name])
            option.default = defaults.get(name, fields[name].default)
            options[name] = inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=types[name]
            )

        def filled(**given: Any) -> None:
            request = kind(**{name: given.pop(name) for name in names})
            command(**given, request=request)

        kept = {n: p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for n, p in own.items()}
        parts = [options if name == "request" else {name: kept[name]} for name in own]
        shown = [parameter for part in parts for parameter in part.values()]
        filled.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
        filled.__name__, filled.__doc__ = command.__name__, command.__doc__
        filled.__annotations__ = {}
        return filled

    return decorate
