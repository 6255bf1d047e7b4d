"""What a training run shows while it goes on: loss tables, their curves, and sample images."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from fusionbench import write_png

from .crops import to_network

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..network import CMTFusion
    from .crops import GreyPair

TERMS = ("total", "data", "spatial", "perceptual", "frequency")
BLUE, ORANGE, LIGHT = "#0072B2", "#D55E00", "#E3E3E3"
LOOK = {"axes.spines.top": False, "axes.spines.right": False, "font.size": 7, "lines.linewidth": 1}


def append(path: Path, row: Mapping[str, object]) -> None:
    """Add a row to a CSV file; the first brings the header."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def drop_after(path: Path, step: int) -> None:
    """Remove the rows of steps that will be done again."""
    if path.exists():
        header, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [row for row in rows if int(row.partition(",")[0]) <= step]
        path.write_text("".join([header, *kept]), encoding="utf-8")


def read(path: Path) -> list[dict[str, float]]:
    """The rows of a loss table."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [{key: float(text) for key, text in row.items()} for row in csv.DictReader(file)]


@torch.no_grad()
def write_samples(network: CMTFusion, pairs: Sequence[GreyPair], folder: Path, step: int) -> None:
    """IR, VIS and fused side by side, one PNG per pair."""
    for pair in pairs:
        fused = network(*to_network(pair.images[None]), levels=1)[0][0, 0]
        grey = ((fused + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        row = [image.cpu().numpy() for image in (*pair.images, grey)]
        write_png(folder / f"{step:06d}-{pair.id.replace('/', '_')}.png", np.hstack(row))


def draw_losses(out: Path) -> None:
    """``losses.png``: every term over the steps, running mean of the crops, and validation."""
    import matplotlib.style
    from matplotlib.figure import Figure

    rows, judged = read(out / "train.csv"), read(out / "validation.csv")
    if not rows:
        return
    with matplotlib.style.context(["default", LOOK]):
        figure = Figure(figsize=(7.16, 1.9), dpi=150, layout="constrained")
        for ax, term in zip(figure.subplots(1, len(TERMS)), TERMS, strict=True):
            _draw(ax, term, rows, judged)
        figure.savefig(out / "losses.png", metadata={"Software": None})


def _draw(
    ax: Axes, term: str, rows: list[dict[str, float]], judged: list[dict[str, float]]
) -> None:
    steps, values = [r["step"] for r in rows], np.array([r[term] for r in rows])
    width = max(len(values) // 40, 1)
    smooth = np.convolve(values, np.ones(width) / width, "valid")
    ax.plot(steps, values, color=LIGHT, lw=0.5)
    ax.plot(steps[width - 1 :], smooth, color=BLUE, lw=1, label="training crops, running mean")
    if judged:
        points = [[r["step"] for r in judged], [r[term] for r in judged]]
        ax.plot(*points, "o-", color=ORANGE, ms=3, lw=1, label="validation")
    ax.set_title(term)
    ax.set_ylim(0, float(np.quantile(values, 0.99)) * 1.1 or 1.0)
    ax.set_xlabel("step")
    if term == TERMS[0]:
        ax.legend(fontsize=5, frameon=False)
