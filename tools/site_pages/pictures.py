"""What each method makes of one sample scene: infrared, visible and fused beside each other."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fusionbench.errors import FusionBenchError
from fusionbench.registry import METHODS, Entry

ROOT = Path(__file__).resolve().parents[2]
SCENE = "03_smoke"
SLOW = frozenset({"bayesian", "latlrr", "mdlatlrr", "sr"})
"""More than a few seconds an image on one core."""


def draw(folder: Path) -> list[Path]:
    """A picture of every method that is quick and whose weights are here; what is there stays."""
    missing = [e.name for e in METHODS if not (folder / f"{e.name}.jpg").is_file() and _ready(e)]
    if not missing:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        run = Path(scratch) / "run"
        pairs = Path(scratch) / "pairs.txt"
        pairs.write_text(SCENE + "\n", encoding="utf-8")
        command = ["fuse", "--methods", ",".join(missing), "--dataset", "sample"]
        command += ["--pairs", str(pairs), "--out", str(run)]
        program = "from fusionbench.cli import main; main()"
        subprocess.run([sys.executable, "-c", program, *command], check=True, capture_output=True)
        return [_picture(run / "fused" / "sample", name, folder) for name in missing]


def _ready(entry: Entry[Any]) -> bool:
    if entry.name in SLOW or entry.plugin.card.family == "source":
        return False
    try:
        return not hasattr(entry.plugin, "weights") or bool(entry.plugin().weights()) or True
    except FusionBenchError:
        return False


def _picture(fused: Path, name: str, folder: Path) -> Path:
    paths = [ROOT / "configs" / "sample" / kind / f"{SCENE}.png" for kind in ("ir", "vi")]
    paths.append(fused / name / f"{SCENE}.png")
    images = [cv2.imread(str(path), cv2.IMREAD_COLOR) for path in paths]
    gap = np.full((images[0].shape[0], 8, 3), 255, np.uint8) if images[0] is not None else None
    row = [part for image in images for part in (image, gap)][:-1]
    out = folder / f"{name}.jpg"
    cv2.imwrite(
        str(out), np.hstack([r for r in row if r is not None]), [cv2.IMWRITE_JPEG_QUALITY, 92]
    )
    return out
