"""``fusionbench detect``: does fusion help a detector?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fusionbench.cli import options as o
from fusionbench.request import Request

if TYPE_CHECKING:
    from fusionbench.runs import Run

DETECTION = ("detector", "labels", "conf", "iou", "max_det", "protocol")
FINETUNING = ("epochs", "train_size", "train_batch")
MACHINE = ("device", "batch", "data_root", "weights_dir", "download", "plugin", "overwrite")


@o.takes(*DETECTION, *FINETUNING, "bootstrap", "seed", *MACHINE, *o.CHECKS, "wait", "figures")
def detect(
    run: Annotated[Path, typer.Argument(help="A run whose fused images to look at.")],
    request: Request,
) -> None:
    """Run detectors on the fused images of a run, on infrared and on visible, and compare.

    Boxes are stored raw: with another --conf, --iou or --max-det they are only counted again.
    """
    from fusionbench.detection.running import detect_all
    from fusionbench.locking import hold
    from fusionbench.planning import plan_to_detect
    from fusionbench.runs import Run

    request.with_plugins()
    started = Run(run)
    hold(run)
    detect_all(started, plan_to_detect(request, started.manifest.datasets))
    finish_detection(started, figures=request.figures)


def finish_detection(run: Run, *, figures: bool) -> None:
    """Report detection, show the tables, and exit with 1 if a row has no result."""
    from fusionbench import console
    from fusionbench.detection.results import collect_detection, lost_lines
    from fusionbench.report.detection import detection_tables, write_detection
    from fusionbench.results import Results
    from fusionbench.tables.terminal import Shown

    results, boards = Results.read(run), collect_detection(run)
    written = write_detection(results, boards, figures=figures)
    console.show(Shown(detection_tables(results, boards)))
    console.note(f"{len(written)} files written to {run.root}, detection.csv among them")
    lines = [line for board in boards for line in lost_lines(board)]
    for line in lines:
        console.warn(line)
    if lines:
        raise typer.Exit(1)
