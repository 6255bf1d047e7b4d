"""A profile table as every format shows it: rounded, footnoted and captioned."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from fusionbench.profiling.records import Light
from fusionbench.report.layout import Entry
from fusionbench.report.notes import Notes
from fusionbench.report.profile.cells import Kind, columns
from fusionbench.report.profile.reading import Block, Line, Profile, time_of

_VERSIONS = ("fusionbench", "python", "torch", "cuda", "cudnn", "driver")
UNCOUNTED = (
    "activations, normalisation, pooling, resizing, softmax and Fourier transforms are not counted"
)


@dataclass(frozen=True)
class TableLine:
    """One method: its name, its cells, and the verdict of its time."""

    label: str
    cells: tuple[Entry, ...]
    light: Light | None


@dataclass(frozen=True)
class Table:
    """The table of one block, ready to be written."""

    block: Block
    heading: str
    headers: tuple[str, ...]
    lines: tuple[TableLine, ...]
    notes: tuple[tuple[str, str], ...]
    caption: tuple[str, ...]


def lay_out(profile: Profile, block: Block, kind: Kind) -> Table:
    """Lay out a block, or a part of its columns (see :func:`columns`)."""
    notes, wanted = Notes(), columns(block, kind)
    rows = [[column.cell(line, notes) for column in wanted] for line in block.lines]
    kept = [
        place
        for place, column in enumerate(wanted)
        if not column.optional or any(row[place].text for row in rows)
    ]
    lines = [
        TableLine(line.method.label, tuple(row[place] for place in kept), _light(line))
        for line, row in zip(block.lines, rows, strict=True)
    ]
    headers = tuple(wanted[place].header for place in kept)
    said = tuple(_caption(profile, block, kind, set(headers)))
    what = "Time in variants" if kind == "variants" else "Computational cost"
    heading = f"{what} at {block.where.size} on {block.where.device}"
    return Table(block, heading, headers, tuple(lines), tuple(notes.texts), said)


def _light(line: Line) -> Light | None:
    row = line.base
    return row.verdict.light if row and row.verdict and not row.error else None


def _caption(profile: Profile, block: Block, kind: Kind, shown: set[str]) -> Iterator[str]:
    precision = "" if kind == "variants" else " in float32 with TF32 off"
    yield f"Batch 1{precision}; times are medians{_calls(block)} by {block.where.clock}"
    if kind == "variants":
        yield "Time is the method with its preparation and decoding; fp32 is with TF32 off"
    else:
        yield from _meanings(block, shown)
    if block.variants and kind != "cost":
        yield "dev. is the largest difference from the float32 output on a scale of 0 to 1"
    if any(_light(line) in ("amber", "red") for line in block.lines):
        yield "A time without a mark met every condition"
    yield from _drift(profile, block)
    yield _versions(block)


def _meanings(block: Block, shown: set[str]) -> Iterator[str]:
    gpu = block.where.device_kind == "cuda"
    said = "Time is the method with its preparation and decoding"
    said += ", Model its network alone" if "Model (ms)" in shown else ""
    if "End to end (ms)" in shown:
        said += ", End to end from the files to the saved PNG"
        said += " by wall clock" if gpu else ""
    yield said
    memory = "allocated on the GPU" if gpu else "growth of the process"
    yield f"Memory is the peak {memory}, MB = 1,000,000 bytes"
    yield f"FLOPs = 2 × MACs; {UNCOUNTED}"


def _calls(block: Block) -> str:
    found = [stats.n for line in block.lines if (stats := time_of(line.base, "method"))]
    if not found:
        return ""
    low, high = min(found), max(found)
    return f" of {low} calls" if low == high else f" of {low} to {high} calls"


def _drift(profile: Profile, block: Block) -> Iterator[str]:
    """How far the method that was measured first was from that at last, if it was in this block."""
    drift = profile.manifest.drift
    if drift is None:
        return
    for line in block.lines:
        times = line.base.scopes.get("method") if line.base else None
        first = times.wall_ms.median if times else math.nan
        if line.method.method == drift.method and math.isclose(first, drift.first_ms):
            change = f"{100 * drift.share:+.1f} %".replace("-", "−")
            said = f"differed by {change} when measured again last"
            yield f"{line.method.label}, measured first, {said}"


def _versions(block: Block) -> str:
    found: dict[str, dict[str, None]] = {}
    for line in block.lines:
        for name, version in line.method.versions.items():
            found.setdefault(name, {})[version] = None
    named = [f"{name} {' or '.join(found[name])}" for name in _VERSIONS if name in found]
    return ", ".join(named) or "Versions unknown"


def uncounted(block: Block) -> list[tuple[str, str]]:
    """For each method that was counted: the operators without a count, with their calls."""
    found = []
    for line in block.lines:
        flops = line.base.flops if line.base else None
        if flops and flops.get("uncounted"):
            calls = sorted(flops["uncounted"].items())
            found.append((line.method.label, ", ".join(f"{name} {n}" for name, n in calls)))
    return found
