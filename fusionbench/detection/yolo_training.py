"""Training with ultralytics so that it can be repeated, and asks nothing of a network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fusionbench.detection.yolo_package import with_torchvision
from fusionbench.errors import FusionBenchError

LOADERS = 4


def train_yolo(
    data: Path, start: Path, folder: Path, schedule: Mapping[str, int], device: str
) -> Path:
    """Train, with the package's own augmentation, optimizer and learning rates.

    Every batch is a step: by default the package adds up batches to 64 images first, and on a few
    dozen images it would make hardly any step in all. Few images still need more epochs.
    All in 32 bits: the package tests half precision with a network that it downloads. The last
    epoch's weights are taken; the validation that the package insists on is not looked at.

    Args:
        data: The YAML file that names images and classes.
        start: The weights to start from.
        folder: Gets the folder ``run``.
        schedule: ``epochs``, ``size``, ``batch``, ``seed``.
        device: A torch device name.

    Returns:
        The weights of the last epoch.

    Raises:
        FusionBenchError: Training failed.
    """
    settings: dict[str, Any] = {
        "data": str(data),
        "epochs": schedule["epochs"],
        "imgsz": schedule["size"],
        "batch": schedule["batch"],
        "nbs": schedule["batch"],
        "seed": schedule["seed"],
        "deterministic": True,
        "device": device,
        "workers": 0 if device == "cpu" else min(LOADERS, os.cpu_count() or 1),
        "project": str(folder.resolve()),
        "name": "run",
        "exist_ok": True,
        "amp": False,
        "cache": False,
        "plots": False,
        "val": False,
        "verbose": False,
    }
    try:
        yolo = with_torchvision().YOLO(start)
        yolo.train(**settings)
    except Exception as error:
        raise FusionBenchError(
            f"training from {start.name} failed: {type(error).__name__}: {error}"
        ) from error
    return Path(yolo.trainer.last)
