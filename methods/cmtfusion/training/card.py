"""The card of trained weights: what they were made from, for people and for the † of tables."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from fusionbench import (
    DataSetRecord,
    TrainingRequest,
    hardware,
    read_card,
    sha256_of,
    versions,
    write_json,
)

from .curves import read
from .settings import Settings
from .state import Run

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
