"""``profile.csv``: one line for each method, size, variant, scope and clock."""

from __future__ import annotations

from collections.abc import Iterator

from fusionbench.files import csv_text
from fusionbench.profiling.records import SCOPES, Measurement, MethodProfile, Stats
from fusionbench.report.profile.reading import Profile, macs_of, parameters_of

WHO = ("method", "label", "family", "variant", "width", "height")
WHERE = ("device_kind", "device_name", "threads")
TIME = ("scope", "clock", "n", "median_ms", "iqr_ms", "p90_ms", "min_ms")
ROW = (
    "load_ms",
    "cold_start_ms",
    "parameters",
    "macs",
    "flops",
    "memory_allocated",
    "memory_reserved",
    "memory_rss_growth",
    "deviation",
    "deviation_levels",
    "verdict",
    "reasons",
    "position",
    "error",
)
HEADER = (*WHO, *WHERE, *TIME, *ROW)


def profile_csv(profile: Profile) -> str:
    """The table, numbers in full precision; a measurement without a time has one line."""
    lines = (
        [*map(_text, [*_who(method, row), *time, *_facts(row)])]
        for method in profile.methods
        for row in method.rows
        for time in _times(row) or [[""] * len(TIME)]
    )
    return csv_text([HEADER, *lines])


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


def _text(value: object) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)
