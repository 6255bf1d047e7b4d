"""``fusionbench detect``: does fusion help a detector?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fusionbench.cli import options as o

if TYPE_CHECKING:
    from fusionbench.detection.running import DetectionPlan
    from fusionbench.manifest import DataSetRecord
    from fusionbench.runs import Run

DEFAULT_DETECTOR = "yolox-nano"


class Protocol(StrEnum):
    """Which detector sees the images."""

    frozen = "frozen"
    finetuned = "finetuned"


DetectorOption = Annotated[
    list[str] | None,
    typer.Option(
        help=f"NAME or NAME:WEIGHTS, repeatable or comma-separated [{DEFAULT_DETECTOR}]; "
        "ultralytics:FILE is any YOLO (AGPL-3.0, an extra)."
    ),
]
LabelsOption = Annotated[
    str | None, typer.Option(help="Label set of the data set, or a folder or COCO file of labels.")
]


def detect(
    run: Annotated[Path, typer.Argument(help="A run whose fused images to look at.")],
    detector: DetectorOption = None,
    labels: LabelsOption = None,
    conf: Annotated[
        float, typer.Option(min=0, max=1, help="Boxes below this score do not count.")
    ] = 0.001,
    iou: Annotated[
        float, typer.Option(min=0, max=1, help="Overlap from which the weaker box is dropped.")
    ] = 0.7,
    max_det: Annotated[int, typer.Option(min=1, help="Boxes of an image at most.")] = 300,
    protocol: Annotated[
        Protocol,
        typer.Option(help="One detector as it is, or one trained on each method's images."),
    ] = Protocol.frozen,
    epochs: Annotated[int, typer.Option(min=1, help="finetuned: passes over the images.")] = 30,
    train_size: Annotated[int, typer.Option(min=32, help="finetuned: pixels of a side.")] = 640,
    train_batch: Annotated[int, typer.Option(min=1, help="finetuned: images of a step.")] = 16,
    bootstrap: Annotated[
        int, typer.Option(min=1, help="How often images are drawn again for the intervals.")
    ] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of bootstrap, split and training.")] = 0,
    device: o.DeviceOption = "cpu",
    batch: Annotated[
        int, typer.Option(min=1, help="Images of one size given to the detector at once.")
    ] = 1,
    data_root: o.DataRootOption = None,
    weights_dir: o.WeightsDirOption = None,
    download: o.DownloadOption = False,
    plugin: o.PluginOption = None,
    overwrite: o.OverwriteOption = o.Overwrite.changed,
    skip_bad_pairs: o.SkipBadOption = False,
    accept: o.AcceptOption = None,
    strict: o.StrictOption = False,
    wait: o.WaitOption = False,
    figures: o.FiguresOption = True,
) -> None:
    """Run detectors on the fused images of a run, on infrared and on visible, and compare.

    Boxes are stored raw: with another --conf, --iou or --max-det they are only counted again.
    """
    asked = dict(locals())
    from fusionbench.detection.running import detect_all
    from fusionbench.locking import hold
    from fusionbench.registry import add_plugin_files
    from fusionbench.runs import Run

    add_plugin_files(plugin or ())
    started = Run(run)
    hold(run)
    plan = plan_of(started.manifest.datasets, asked)
    detect_all(started, plan)
    finish_detection(started, figures=figures)


def plan_of(datasets: Sequence[DataSetRecord], asked: Mapping[str, Any]) -> DetectionPlan:
    """The plan of the options of :func:`detect`, by their names; those left out are the defaults.

    Args:
        datasets: The data sets of a run, or of one that is planned.
        asked: The options; others among them are ignored.

    Raises:
        FusionBenchError: Something that was asked for is not there.
    """
    from fusionbench.boxes import Thresholds
    from fusionbench.cli.planning import checked_device
    from fusionbench.cli.request import findings_for
    from fusionbench.detection.finetuning import Schedule
    from fusionbench.detection.running import plan_detection
    from fusionbench.settings import data_root, weights_folders
    from fusionbench.weights import WeightsFinder

    plain = Thresholds()
    seed = asked.get("seed", 0)
    sizes = {"size": asked.get("train_size", 640), "batch": asked.get("train_batch", 16)}
    return plan_detection(
        datasets,
        _detectors(asked.get("detector")),
        labels=asked.get("labels"),
        data_root=data_root(asked.get("data_root")),
        thresholds=Thresholds(
            asked.get("conf", plain.score),
            asked.get("iou", plain.overlap),
            asked.get("max_det", plain.most),
        ),
        device=checked_device(asked.get("device", "cpu")),
        finder=WeightsFinder(
            weights_folders(asked.get("weights_dir")), download=asked.get("download", False)
        ),
        findings=findings_for(
            asked.get("accept"),
            strict=asked.get("strict", False),
            skip_bad=asked.get("skip_bad_pairs", False),
        ),
        protocol=str(asked.get("protocol", "frozen")),
        resamples=asked.get("bootstrap", 1000),
        seed=seed,
        batch=asked.get("batch", 1),
        overwrite=str(asked.get("overwrite", "changed")),
        schedule=Schedule(epochs=asked.get("epochs", 30), seed=seed, **sizes),
        configuration={key: _plain(value) for key, value in asked.items()},
    )


def _detectors(asked: list[str] | None) -> list[str]:
    parts = [part.strip() for text in asked or () for part in text.split(",") if part.strip()]
    return list(dict.fromkeys(parts)) or [DEFAULT_DETECTOR]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path | StrEnum) else value


def finish_detection(run: Run, *, figures: bool) -> None:
    """Report detection, show the tables, and exit with 1 if a row has no result."""
    from fusionbench import console
    from fusionbench.report.detection import detection_table, write_boards
    from fusionbench.report.detection.collect import collect_detection, lost_lines

    boards = collect_detection(run)
    written = write_boards(run, boards, figures=figures)
    console.show(detection_table(boards))
    console.note(f"{len(written)} files written to {run.root}, detection.csv among them")
    lines = [line for board in boards for line in lost_lines(board)]
    for line in lines:
        console.warn(line)
    if lines:
        raise typer.Exit(1)
