"""A run's profile, read once and cut into blocks within which numbers may be compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fusionbench.profiling.ceilings import Ceilings, read_ceilings
from fusionbench.profiling.records import (
    MANIFEST,
    SCOPES,
    VARIANTS,
    Measurement,
    MethodProfile,
    ProfileManifest,
    Scope,
    Size,
    Stats,
    Variant,
    read_profiles,
)

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "profile"
COLUMNS = (
    *("method", "label", "family", "variant", "width", "height"),
    *("device_kind", "device_name", "threads"),
    *("scope", "clock", "n", "median_ms", "iqr_ms", "p90_ms", "min_ms"),
    *("load_ms", "cold_start_ms", "parameters", "macs", "flops", "memory_allocated"),
    *("memory_reserved", "memory_rss_growth", "deviation", "deviation_levels", "verdict"),
    *("reasons", "position", "error"),
)
TIMES = 7
"""How many of the columns are of one scope and clock."""
BASE: Variant = "fp32"


@dataclass(frozen=True)
class Where:
    """A device and an image size; numbers from two of these never share a column."""

    device_kind: str
    device_name: str
    threads: int
    width: int
    height: int

    @property
    def size(self) -> str:
        """``640×480``."""
        return f"{self.width}×{self.height}"

    @property
    def device(self) -> str:
        """The device and the threads of the CPU, in words."""
        count = f"{self.threads} CPU thread{'s' if self.threads != 1 else ''}"
        return f"{self.device_name}, {count}"

    @property
    def slug(self) -> str:
        """As part of a file's name."""
        return f"{self.device_kind}_{self.width}x{self.height}"

    @property
    def clock(self) -> str:
        """The clock of the columns for one call: the GPU's own, or the wall's."""
        return "CUDA events" if self.device_kind == "cuda" else "wall clock"


@dataclass(frozen=True)
class Line:
    """One method in one block, in every variant in which it was measured."""

    method: MethodProfile
    rows: dict[Variant, Measurement]

    @property
    def base(self) -> Measurement | None:
        """The measurement in float32."""
        return self.rows.get(BASE)


@dataclass(frozen=True)
class Block:
    """What one table shows: all methods on one device at one image size."""

    where: Where
    lines: tuple[Line, ...]

    @property
    def variants(self) -> list[Variant]:
        """The variants that were measured, beside float32."""
        used = {variant for line in self.lines for variant in line.rows}
        return [v for v in VARIANTS if v in used and v != BASE]


@dataclass(frozen=True)
class Profile:
    """Everything in ``profile/``."""

    manifest: ProfileManifest
    methods: list[MethodProfile]
    ceilings: list[Ceilings]

    @cached_property
    def blocks(self) -> list[Block]:
        """Blocks by device (GPUs first), then by size, small images first."""
        lines: dict[Where, dict[str, Line]] = {}
        for method in self.methods:
            for row in method.rows:
                of = lines.setdefault(where(row), {})
                of.setdefault(method.method, Line(method, {})).rows[row.variant] = row
        order = sorted(lines, key=_place)
        return [Block(key, tuple(lines[key].values())) for key in order]

    def ceilings_of(self, place: Where) -> Ceilings | None:
        """The ceilings that were measured where a block was; None where they were not."""
        same = (place.device_kind, place.device_name, place.threads)
        for ceilings in self.ceilings:
            if (ceilings.device_kind, ceilings.device_name, ceilings.threads) == same:
                return ceilings
        return None


def read(folder: Path) -> Profile | None:
    """Read the profile of a run's folder; None where it holds none.

    Raises:
        FusionBenchError: A file cannot be read.
    """
    if not (folder / FOLDER / MANIFEST).is_file():
        return None
    manifest, methods = read_profiles(folder / FOLDER)
    return Profile(manifest, methods, read_ceilings(folder / FOLDER))


def where(row: Measurement) -> Where:
    """The block that a measurement belongs to."""
    size: Size = row.size
    return Where(row.device_kind, row.device_name, row.threads, size.width, size.height)


def _place(key: Where) -> tuple[bool, str, int, int, str]:
    pixels = key.width * key.height
    return key.device_kind == "cpu", key.device_name, key.threads, pixels, key.size


def time_of(row: Measurement | None, scope: Scope) -> Stats | None:
    """The time of a scope as a table shows it; None where there is none.

    What runs on a GPU is timed by the GPU's own clock. ``end_to_end`` reads and writes files, and
    is timed by the wall clock everywhere.
    """
    times = row.scopes.get(scope) if row and not row.error else None
    if row is None or times is None:
        return None
    by_device = row.device_kind == "cuda" and scope != "end_to_end"
    return times.device_ms if by_device else times.wall_ms


def memory_of(row: Measurement | None) -> int | None:
    """Peak memory in bytes: on a GPU what torch allocated, on a CPU the growth of the process."""
    memory = row.memory if row and not row.error else None
    if row is None or memory is None:
        return None
    return memory.allocated if row.device_kind == "cuda" else memory.rss_growth


def macs_of(row: Measurement | None) -> int | None:
    """Multiply-adds of one call; None where nothing was counted."""
    found = (row.flops or {}).get("macs") if row else None
    return int(found) if found else None


def parameters_of(row: Measurement | None) -> int | None:
    """Parameters that took part; None for a method without any.

    Where operators were counted, the parameters that they read; else those of the modules that ran.
    """
    if row is None:
        return None
    return (row.flops or {}).get("parameters") or row.parameters or None


def profile_frame(profile: Profile) -> pd.DataFrame:
    """The rows of ``profile.csv``: one for each method, size, variant, scope and clock.

    A measurement without a time has one row. None is what was not measured.
    """
    import pandas as pd

    rows = [
        [*_who(method, row), *time, *_facts(row)]
        for method in profile.methods
        for row in method.rows
        for time in _times(row) or [[None] * TIMES]
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def _times(row: Measurement) -> list[list[object]]:
    return [list(line) for scope in SCOPES for line in _clocks(row, scope)]


def _clocks(row: Measurement, scope: str) -> Iterator[tuple[object, ...]]:
    times = next((t for name, t in row.scopes.items() if name == scope), None)
    clocks: dict[str, Stats | None] = {}
    if times is not None:
        clocks = {"wall": times.wall_ms, "device": times.device_ms}
    for clock, stats in clocks.items():
        if stats is not None:
            yield scope, clock, stats.n, stats.median, stats.iqr, stats.p90, stats.min


def _who(method: MethodProfile, row: Measurement) -> list[object]:
    size = [row.size.width, row.size.height]
    where = [row.device_kind, row.device_name, row.threads]
    return [method.method, method.label, method.family, row.variant, *size, *where]


def _facts(row: Measurement) -> list[object]:
    memory, deviation, verdict, macs = row.memory, row.deviation, row.verdict, macs_of(row)
    return [
        row.load_ms,
        row.cold_start_ms,
        parameters_of(row),
        macs,
        None if macs is None else 2 * macs,
        *((memory.allocated, memory.reserved, memory.rss_growth) if memory else [None] * 3),
        *((deviation.absolute, deviation.levels) if deviation else [None] * 2),
        *((verdict.light, "; ".join(verdict.reasons)) if verdict else [None] * 2),
        row.position,
        row.error,
    ]
