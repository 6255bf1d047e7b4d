"""Publishing a run: its numbers and manifest, without images and without paths of the machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from fusionbench.checks import without_folders
from fusionbench.errors import FusionBenchError
from fusionbench.files import write_json, write_text
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
    "ranks.tex",
    "ranks_standalone.tex",
    "significance.csv",
    "stability.csv",
)
PARTS = ("detection", "profile")
"""Tables of stages that a run may lack, each as CSV, LaTeX and Markdown."""

WRITTEN = (".csv", ".md", ".tex", "_standalone.tex")
FIGURES = (
    *("box_", "bump_", "cd_", "correlation_", "curves_", "parallel_", "grid_", "detection_"),
    *("pareto", "roofline", "scaling", "bubble"),
)
"""How the names of the figures begin that a report draws."""

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
    drawn = [f for f in sorted((run.root / "figures").glob("*")) if _is_figure(f)]
    shown = [f for f in drawn if grids or not f.name.startswith(SHOWING_IMAGES)]
    parts = [run.root / f"{part}{suffix}" for part in PARTS for suffix in WRITTEN]
    parts = [path for path in parts if path.is_file()]
    written = []
    for source in [*(run.root / name for name in TABLES), *parts, *shown]:
        target = out / source.relative_to(run.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix in (".csv", ".md", ".tex", ".bib"):
            write_text(target, without_folders(source.read_text("utf-8")))
        else:
            shutil.copyfile(source, target)
        written.append(target)
    write_json(out / "manifest.json", without_paths(run.manifest))
    return [*written, *_parts(run, out), out / "manifest.json"]


def _is_figure(path: Path) -> bool:
    """Whether a report drew the file; not what others put there, or a killed report left."""
    known = path.suffix in (".png", ".pdf") and path.name.startswith(FIGURES)
    return path.is_file() and not path.is_symlink() and known


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
    return without_folders(value) if isinstance(value, str) else value
