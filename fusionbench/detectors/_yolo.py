"""ultralytics: the one place where it is imported, trained with, and given a torchvision.

No network, no settings of the user's, no noise: at import ultralytics looks for a network, reads
and writes a folder of settings, changes how NumPy prints and how many threads OpenCV uses, and it
may later fetch fonts, send statistics, or install packages. Set before the import,
``YOLO_OFFLINE``, ``YOLO_AUTOINSTALL``, ``YOLO_CONFIG_DIR`` and a font in that folder prevent this;
they stay set, since loader processes need them too.

Its checkpoints are pickles, which can run code. ``ULTRALYTICS_SAFE_LOAD`` has it rebuild known
classes only; an ultralytics that does not know this variable (before 8.4) unpickles.

The registry's torchvision is built for CUDA. Beside a CPU build of torch its library does not load,
and ``import torchvision`` stops with ``operator torchvision::nms does not exist``; whatever imports
it stops with it. Declaring the operator in plain torch before the import is enough for what is used
here (non-maximum suppression); ``torchvision.io`` and ``roi_align`` stay unavailable.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fusionbench import (
    FusionBenchError,
    Truths,
    read_image,
    replacing,
    user_cache,
    write_png,
    write_text,
)

if TYPE_CHECKING:
    from torch import Tensor


INSTALL = 'pip install "fusionbench[yolo]"'
FONTS = ("Arial.ttf", "Arial.Unicode.ttf")
INTEGRATIONS = (
    "sync",
    "clearml",
    "comet",
    "dvc",
    "hub",
    "mlflow",
    "neptune",
    "raytune",
    "tensorboard",
    "wandb",
)


@cache
def yolo_package() -> Any:
    """The module ``ultralytics``, made to make no network attempt.

    Raises:
        FusionBenchError: It is not installed; names the command that installs it.
    """
    if "ultralytics" not in sys.modules:
        os.environ.update(_environment(user_cache("ultralytics")))
    try:
        with _surroundings():
            import ultralytics
            from ultralytics import SETTINGS
    except ModuleNotFoundError as error:
        raise FusionBenchError(
            f"this needs ultralytics, which is not installed ({error}). Install it with: {INSTALL} "
            "(it is AGPL-3.0; the detector yolox-nano needs nothing more)"
        ) from error
    off = {key: False for key in INTEGRATIONS if SETTINGS.get(key)}
    if off:
        SETTINGS.update(off)
    return ultralytics


def with_torchvision() -> Any:
    """The module ``ultralytics`` with torchvision, which its training and ``val`` import."""
    package = yolo_package()
    make_torchvision_importable()
    return package


def _environment(folder: Path) -> dict[str, str]:
    """The variables, and the folder behind them: settings and a font that would be downloaded."""
    import matplotlib

    font = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    for name in FONTS:
        target = folder / "Ultralytics" / name
        if not target.is_file():
            with replacing(target) as temporary:
                shutil.copyfile(font, temporary)
    return {
        "YOLO_OFFLINE": "1",
        "YOLO_AUTOINSTALL": "0",
        "YOLO_CONFIG_DIR": str(folder),
        "YOLO_VERBOSE": "False",
        "ULTRALYTICS_SAFE_LOAD": "1",
    }


@contextlib.contextmanager
def _surroundings() -> Iterator[None]:
    """Undo what importing ultralytics changes for everyone else in the process."""
    import cv2
    import numpy as np
    import torch  # noqa: F401  (before OMP_NUM_THREADS is set, which torch reads once)

    threads, printing = cv2.getNumThreads(), np.get_printoptions()
    openmp = os.environ.get("OMP_NUM_THREADS")
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
        np.set_printoptions(**printing)
        if openmp is None:
            os.environ.pop("OMP_NUM_THREADS", None)


def write_yolo_folder(
    folder: Path, images: Sequence[Path], truths: Sequence[Truths], classes: Sequence[str]
) -> Path:
    """Write ``images/``, ``labels/`` and the file that names them.

    Images are numbered, because pair ids may hold what file names cannot, and are read and written
    by the suite, so that training sees the pixels that testing sees. The folder's validation part
    is one training image: nothing is chosen by validation, and the test pairs stay unseen.

    Returns:
        The YAML file to train with.

    Raises:
        FusionBenchError: None of the images has a labelled object.
    """
    import yaml

    shown = ""
    for number, (file, truth) in enumerate(zip(images, truths, strict=True)):
        image = read_image(file)
        lines = label_lines(truth, image.shape[1], image.shape[0])
        path = folder / "images" / f"{number:06}.png"
        write_png(path, image)
        write_text(folder / "labels" / f"{number:06}.txt", "".join(lines))
        shown = shown or (str(path.resolve()) if lines else "")
    if not shown:
        raise FusionBenchError(
            f"none of the {len(images)} training images has a labelled object; "
            "train on more pairs, or use --protocol frozen"
        )
    write_text(folder / "shown.txt", f"{shown}\n")
    description = {
        "path": str(folder.resolve()),
        "train": "images",
        "val": "shown.txt",
        "names": dict(enumerate(classes)),
    }
    write_text(folder / "data.yaml", yaml.safe_dump(description, allow_unicode=True))
    return folder / "data.yaml"


def label_lines(truth: Truths, width: int, height: int) -> list[str]:
    """One line for each object: class, centre x and y, width, height, over the image's size.

    The format has no regions to ignore: they are left out, so what is in them trains as background.
    Boxes are clipped to the image; one that lies outside of it is left out.
    """
    size = np.array([width, height, width, height], np.float64)
    corners: NDArray[np.float64] = np.clip(truth.boxes[~truth.ignore] / size, 0, 1)
    centres, extents = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
    return [
        f"{number} {x:.9f} {y:.9f} {w:.9f} {h:.9f}\n"
        for number, (x, y), (w, h) in zip(
            truth.classes[~truth.ignore], centres, extents, strict=True
        )
        if w > 0 and h > 0
    ]


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


_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_libraries: list[Any] = []  # operators vanish with their Library object


def make_torchvision_importable() -> bool:
    """Import torchvision, declaring the operators that it lacks only where it needs them.

    Returns:
        Whether the operators declared here are in use. False where torchvision loads by itself,
        and where it is not installed.

    Raises:
        RuntimeError: It is installed and cannot be imported for another reason.
    """
    if _libraries or "torchvision" in sys.modules or not _installed():
        return bool(_libraries)
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    else:
        return False
    _forget_half_imported()
    _declare()
    importlib.import_module("torchvision")
    sys.modules["torchvision.extension"]._has_ops = lambda: True  # type: ignore[attr-defined]
    return True


def _installed() -> bool:
    return importlib.util.find_spec("torchvision") is not None


def _forget_half_imported() -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
        del sys.modules[name]


def _declare() -> None:
    import torch

    library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        library.define(schema)
    library.impl("nms", nms, "CPU")
    _libraries.append(library)


def nms(dets: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Greedy non-maximum suppression in plain torch, as ``torchvision.ops.nms`` defines it.

    Args:
        dets: N×4 boxes, left, top, right, bottom.
        scores: N.
        iou_threshold: A box that overlaps a kept one by more than this is dropped.

    Returns:
        The indices of the kept boxes, int64, best score first.
    """
    import torch

    order = scores.argsort(descending=True, stable=True)
    left, top, right, bottom = dets[order].unbind(1)
    areas = (right - left) * (bottom - top)
    alive = torch.ones(len(order), dtype=torch.bool)
    kept = []
    for i in range(len(order)):
        if not alive[i]:
            continue
        kept.append(i)
        rest = slice(i + 1, None)
        width = (torch.minimum(right[i], right[rest]) - torch.maximum(left[i], left[rest])).clamp(0)
        height = (torch.minimum(bottom[i], bottom[rest]) - torch.maximum(top[i], top[rest])).clamp(
            0
        )
        shared = width * height
        alive[rest] &= ~(shared / (areas[i] + areas[rest] - shared) > iou_threshold)
    return order[torch.tensor(kept, dtype=torch.int64)]
