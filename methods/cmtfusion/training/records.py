"""What a training run leaves: the card of its weights, loss tables, their curves, sample images.

The card says what the weights were made from, for people and for the † of tables.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from fusionbench import (
    DataSetRecord,
    TrainingRequest,
    hardware,
    read_card,
    sha256_of,
    versions,
    write_json,
    write_png,
)

from .crops import to_network
from .settings import Settings
from .state import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..network import CMTFusion
    from .crops import GreyPair


PUBLISHED_PIXELS = 20 * 20_000 * 256 * 256
"""The published schedule: 20 epochs of 20,000 crops."""


MAY_CHANGE = (
    *("steps", "minutes", "amp", "compile", "threads", "download"),
    *("checkpoint_seconds", "validate_seconds"),
)
"""Settings with which a stopped run may go on, though they were others before."""


def made_from(request: TrainingRequest, settings: Settings) -> dict[str, Any]:
    """What stays the same from the first step of a run to its last."""
    data = {
        f"{kind} {record.name} {record.split}".strip(): record.fingerprint
        for kind, records in (("training", request.training), ("validation", request.validation))
        for record in records
    }
    kept = {k: v for k, v in _settings(settings).items() if k not in MAY_CHANGE}
    return {**kept, **data, "seed": request.seed}


def write_card(weights: Path, request: TrainingRequest, settings: Settings, run: Run) -> Path:
    """Write the card beside the weights, with the suffix ``.json``."""
    pixels = run.step * settings.batch * settings.crop**2
    card: dict[str, Any] = {
        "method": request.method,
        "variant": settings.variant,
        "file": {"bytes": weights.stat().st_size, "sha256": sha256_of(weights)},
        "command": request.command,
        "trained_pairs": _pairs(request.training),
        "validation_pairs": _pairs(request.validation),
        "data": [_data(record) for record in (*request.training, *request.validation)],
        "share_of_published_schedule": pixels / PUBLISHED_PIXELS,
        "schedule": {
            "steps": run.step,
            "minutes": round(run.seconds / 60, 1),
            "pixels": pixels,
        },
        "settings": _settings(settings),
        "seed": request.seed,
        "validation": read(request.out / "validation.csv"),
        "hardware": hardware(request.device),
        "versions": versions(),
    }
    if settings.initial and (before := read_card(settings.initial)):
        card["started_from"] = before
        card["share_of_published_schedule"] += before.get("share_of_published_schedule", 0.0)
        card["trained_pairs"] = _both(before.get("trained_pairs", {}), card["trained_pairs"])
    path = weights.with_suffix(".json")
    write_json(path, card)
    return path


def _pairs(records: tuple[DataSetRecord, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for record in records:
        found.setdefault(record.name, []).extend(pair.id for pair in record.pairs)
    return found


def _both(before: dict[str, list[str]], now: dict[str, list[str]]) -> dict[str, list[str]]:
    """Pairs that either was trained on: weights stay trained on what they started from."""
    return {name: sorted({*before.get(name, ()), *now.get(name, ())}) for name in {**before, **now}}


def _data(record: DataSetRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "split": record.split,
        "pairs": len(record.pairs),
        "fingerprint": record.fingerprint,
        "home": record.home,
        "terms": record.terms,
    }


def _settings(settings: Settings) -> dict[str, Any]:
    """The settings, with files by name and checksum."""
    plain = asdict(settings)
    for name in ("initial", "perceptual_weights"):
        path = plain[name]
        plain[name] = path and {"file": path.name, "sha256": sha256_of(path)}
    return plain


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
