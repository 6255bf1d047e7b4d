"""The one place where ultralytics is imported: no network, no settings of the user's, no noise.

At import ultralytics looks for a network, reads and writes a folder of settings, changes how NumPy
prints and how many threads OpenCV uses, and it may later fetch fonts, send statistics, or install
packages. Set before the import, ``YOLO_OFFLINE``, ``YOLO_AUTOINSTALL``, ``YOLO_CONFIG_DIR`` and a
font in that folder prevent this; they stay set, since loader processes need them too.

Its checkpoints are pickles, which can run code. ``ULTRALYTICS_SAFE_LOAD`` has it rebuild known
classes only; an ultralytics that does not know this variable (before 8.4) unpickles.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fusionbench.errors import FusionBenchError
from fusionbench.files import replacing, user_cache
from fusionbench.torchvision_shim import make_torchvision_importable

INSTALL = 'pip install "fusionbench[detect]"'
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
