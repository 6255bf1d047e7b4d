"""Publishing a run: its numbers and manifest, without images and without paths of the machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from fusionbench.checks import without_folders
from fusionbench.errors import FusionBenchError
from fusionbench.files import write_json
from fusionbench.manifest import Manifest
from fusionbench.runs import Run

TABLES = (
    "leaderboard.csv",
    "leaderboard.md",
    "leaderboard.tex",
    "leaderboard_standalone.tex",
    "references.bib",
    "scores.csv",
    "ranks.csv",
    "ranks.md",
    "significance.csv",
    "stability.csv",
)
PARTS = ("detection", "profile")
"""Tables of stages that a run may lack, each as CSV, LaTeX and Markdown."""

SHOWING_IMAGES = ("grid_", "detection_grid")
"""How the names of figures begin that show images of the data set."""


def publish(run: Run, out: Path, *, grids: bool = False) -> list[Path]:
    """Copy what may be shown of a run into a folder.

    Tables, every single value, figures and the manifest; absolute paths in the manifest are cut
    to their last part. Grids show the data set's images, whose terms may forbid publishing them.

    Args:
        run: The run; its report must have been written.
        out: The folder; what it held under the same names is replaced.
        grids: Copy the qualitative grids too.

    Returns:
        The files written.

    Raises:
        FusionBenchError: The run has no report.
    """
    missing = [name for name in TABLES if not (run.root / name).is_file()]
    if missing:
        raise FusionBenchError(
            f"{run.root} has no {', '.join(missing)}: write its report with `fusionbench report`"
        )
    figures = sorted((run.root / "figures").glob("*"))
    shown = [f for f in figures if grids or not f.name.startswith(SHOWING_IMAGES)]
    parts = [p for part in PARTS for p in sorted(run.root.glob(f"{part}.*")) if p.is_file()]
    written = []
    for source in [*(run.root / name for name in TABLES), *parts, *shown]:
        target = out / source.relative_to(run.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        written.append(target)
    write_json(out / "manifest.json", without_paths(run.manifest))
    return [*written, *_parts(run, out), out / "manifest.json"]


def _parts(run: Run, out: Path) -> list[Path]:
    """The manifest of the detection, and every profile, without paths."""
    found = [*run.root.glob("detection/manifest.json"), *sorted(run.root.glob("profile/*.json"))]
    for source in found:
        facts = json.loads(source.read_text("utf-8"))
        write_json(out / source.relative_to(run.root), _cut(facts))
    return [out / source.relative_to(run.root) for source in found]


def without_paths(manifest: Manifest) -> Any:
    """The manifest as JSON, every absolute path in it cut to its last part."""
    return _cut(manifest.model_dump(mode="json"))


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_cut(item) for item in value]
    if isinstance(value, str) and "/" in value:
        return " ".join(_last_part(word) for word in without_folders(value).split(" "))
    return value


def _last_part(word: str) -> str:
    flag, equals, path = word.rpartition("=")
    return f"{flag}{equals}{Path(path).name}" if Path(path).is_absolute() else word
