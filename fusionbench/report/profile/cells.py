"""The columns of a profile table, and what stands in a cell."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from fusionbench.profiling.records import Measurement, Scope, Variant
from fusionbench.report.layout import Entry
from fusionbench.report.notes import Notes
from fusionbench.report.profile.reading import (
    Block,
    Line,
    macs_of,
    memory_of,
    parameters_of,
    time_of,
)

Cell = Callable[[Line, Notes], Entry]
Kind = Literal["cost", "variants", "full"]
LONGEST = 160
_LIGHTS = {"amber": "Amber", "red": "Red: not to be relied on"}


@dataclass(frozen=True)
class Column:
    """A column: its header, what fills it, and whether it is there only where something does."""

    header: str
    cell: Cell
    optional: bool = False


def columns(block: Block, kind: Kind) -> list[Column]:
    """The columns of a block's table.

    ``cost`` is what a paper shows; ``variants`` has the times in float32 and in each variant;
    ``full`` has both, the spread of the times and the rarer scopes.
    """
    variants = [column for v in block.variants for column in _variant(v)]
    if kind == "variants":
        return [Column("fp32 (ms)", _timed("method")), *variants]
    return [*_cost(full=kind == "full"), *(variants if kind == "full" else [])]


def _cost(*, full: bool) -> list[Column]:
    found = [
        Column("Params (M)", _number(lambda r: _scaled(parameters_of(r), 1e6))),
        Column("MACs (G)", _macs),
        Column("FLOPs (G)", _number(lambda r: _scaled(_flops(r), 1e9))),
        Column("Time (ms)", _timed("method")),
    ]
    if full:
        found += [
            Column("IQR (%)", _number(_spread)),
            Column("P90 (ms)", _number(lambda r: _of(r, "p90"))),
            Column("min (ms)", _number(lambda r: _of(r, "min"))),
            Column("n", _count),
        ]
    found += [
        Column("Model (ms)", _scope("model"), optional=True),
        Column("End to end (ms)", _scope("end_to_end"), optional=True),
    ]
    if full:
        found += [
            Column("Transfer (ms)", _scope("transfer"), optional=True),
            Column("Cold start (ms)", _number(lambda r: r.cold_start_ms), optional=True),
        ]
    found.append(Column("Memory (MB)", _number(lambda r: _scaled(memory_of(r), 1e6))))
    return found


def _variant(variant: Variant) -> list[Column]:
    return [
        Column(f"{variant} (ms)", _timed("method", variant)),
        Column(f"{variant} dev.", lambda line, _: _deviation(line, variant)),
    ]


def significant(value: float | None) -> str:
    """A number to three significant digits, whole from 100 up, and empty for None."""
    if value is None:
        return ""
    if value == 0:
        return "0"
    places = 2 - math.floor(math.log10(abs(value)))
    return f"{value:.{min(max(places, 0), 6)}f}"


def _scaled(value: int | None, unit: float) -> float | None:
    return None if value is None else value / unit


def _flops(row: Measurement) -> int | None:
    macs = macs_of(row)
    return None if macs is None else 2 * macs


def _macs(line: Line, notes: Notes) -> Entry:
    row = line.base
    error = row.flops_error if row else None
    if row is None or row.error or error:
        said = f"{line.method.label} could not be counted: {_one_line(error)}" if error else ""
        return Entry("", marks=(notes.mark(said),) if said else ())
    return Entry(significant(_scaled(macs_of(row), 1e9)))


def _spread(row: Measurement) -> float | None:
    stats = time_of(row, "method")
    return 100 * stats.iqr / stats.median if stats and stats.median else None


def _of(row: Measurement, name: str) -> float | None:
    stats = time_of(row, "method")
    return None if stats is None else float(getattr(stats, name))


def _count(line: Line, notes: Notes) -> Entry:
    stats = time_of(line.base, "method")
    return Entry(str(stats.n) if stats else "")


def _number(value: Callable[[Measurement], float | None]) -> Cell:
    def cell(line: Line, notes: Notes) -> Entry:
        row = line.base
        return Entry("" if row is None or row.error else significant(value(row)))

    return cell


def _scope(scope: Scope) -> Cell:
    def cell(line: Line, notes: Notes) -> Entry:
        return _time(line.base, scope, notes)

    return cell


def _timed(scope: Scope, variant: Variant = "fp32") -> Cell:
    """A time that carries the verdict of its measurement, or why there is none."""

    def cell(line: Line, notes: Notes) -> Entry:
        row = line.rows.get(variant)
        if row is None:
            return Entry("")
        if row.error:
            said = f"{line.method.label} failed ({variant}): {_one_line(row.error)}"
            return Entry("", marks=(notes.mark(said),))
        entry = _time(row, scope, notes)
        verdict = row.verdict
        if verdict is None or verdict.light not in _LIGHTS:
            return entry
        reasons = "; ".join(verdict.reasons) or "no reason given"
        mark = notes.mark(f"{_LIGHTS[verdict.light]} ({_one_line(reasons)})")
        return Entry(entry.text, marks=(*entry.marks, mark))

    return cell


def _time(row: Measurement | None, scope: Scope, notes: Notes) -> Entry:
    stats = time_of(row, scope)
    if row is None or stats is None:
        return Entry("")
    short = row.scopes[scope].short
    marks = (notes.mark(_one_line(f"n = {stats.n}: {short}")),) if short else ()
    return Entry(significant(stats.median), marks=marks)


def _deviation(line: Line, variant: Variant) -> Entry:
    row = line.rows.get(variant)
    found = row.deviation if row and not row.error else None
    return Entry(f"{found.absolute:.1e}" if found else "")


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
