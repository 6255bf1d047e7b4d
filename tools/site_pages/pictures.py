"""What each method makes of one sample scene: infrared, visible and fused beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import fusionbench
from fusionbench.errors import FusionBenchError
from fusionbench.registry import METHODS, Entry

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "generated" / "pictures"
SCENE = "03_smoke"
SLOW = frozenset({"bayesian", "latlrr", "mdlatlrr", "sr"})
"""More than a few seconds an image on one core."""


def picture_of(entry: Entry[Any]) -> Path:
    """Where a method's picture lies; with other code it is another file."""
    return FOLDER / f"{entry.name}-{entry.fingerprint[:12]}.jpg"


def draw() -> None:
    """A picture of every method that is quick and whose weights are here; what is there stays."""
    from PIL import Image

    scene = fusionbench.dataset("sample", quiet=True)[SCENE]
    ir, vis = scene.ir(), scene.vis()
    gap = np.full((ir.shape[0], 8, 3), 255, np.uint8)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for entry in METHODS:
        if entry.name in SLOW or entry.plugin.card.family == "source" or picture_of(entry).exists():
            continue
        try:
            fused = fusionbench.fuse(entry.name, ir, vis)
        except FusionBenchError:  # its weights are not here
            continue
        shown = [np.dstack([i] * 3) if i.ndim == 2 else i for i in (ir, vis, np.asarray(fused))]
        row = np.hstack([shown[0], gap, shown[1], gap, shown[2]])
        Image.fromarray(row).save(picture_of(entry), quality=92)
