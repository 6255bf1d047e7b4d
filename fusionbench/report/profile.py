r"""What methods cost, and what they give for it, as tables.

Written into the folder that holds ``profile/``: ``profile.csv`` (every scope and clock),
``profile.md``, ``profile.tex`` (to ``\\input``), ``profile_standalone.tex`` (compiles by itself)
and, in ``figures/``, time and memory against image size, the roofline, and time against each metric
of the run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from fusionbench.errors import FusionBenchError
from fusionbench.files import write_texts
from fusionbench.profiling.records import Light, Measurement, Scope, Variant
from fusionbench.profiling.results import (
    Block,
    Line,
    Profile,
    macs_of,
    memory_of,
    parameters_of,
    profile_frame,
    read,
    time_of,
)
from fusionbench.report.footnotes import error_text
from fusionbench.report.leaderboard import references
from fusionbench.results import Results
from fusionbench.tables.csvs import frame_text
from fusionbench.tables.latex import write_tables
from fusionbench.tables.markdown import document, escape
from fusionbench.tables.model import Block as Rows
from fusionbench.tables.model import Entry, Header, Table, Tone
from fusionbench.tables.model import Line as Row
from fusionbench.tables.notes import Notes, one_line

Cell = Callable[[Line, Notes], Entry]
Kind = Literal["cost", "variants", "full"]
_LIGHTS = {"amber": "Amber", "red": "Red: not to be relied on"}
_TONES: dict[str, Tone] = {"amber": "doubtful", "red": "bad"}


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
        said = f"Could not be counted: {error_text(error)}" if error else ""
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
            said = f"Failed ({variant}): {error_text(row.error)}"
            return Entry("", marks=(notes.mark(said),))
        entry = _time(row, scope, notes)
        verdict = row.verdict
        if verdict is None or verdict.light not in _LIGHTS:
            return entry
        reasons = "; ".join(verdict.reasons) or "no reason given"
        mark = notes.mark(f"{_LIGHTS[verdict.light]} ({one_line(reasons)})")
        return replace(entry, marks=(*entry.marks, mark), tone=_TONES[verdict.light])

    return cell


def _time(row: Measurement | None, scope: Scope, notes: Notes) -> Entry:
    stats = time_of(row, scope)
    if row is None or stats is None:
        return Entry("")
    short = row.scopes[scope].short
    marks = (notes.mark(one_line(f"n = {stats.n}: {short}")),) if short else ()
    return Entry(significant(stats.median), marks=marks)


def _deviation(line: Line, variant: Variant) -> Entry:
    row = line.rows.get(variant)
    found = row.deviation if row and not row.error else None
    return Entry(f"{found.absolute:.1e}" if found else "")


_VERSIONS = ("fusionbench", "python", "torch", "cuda", "cudnn", "driver")
UNCOUNTED = (
    "activations, normalisation, pooling, resizing, softmax and Fourier transforms are not counted"
)


def write_profile(
    folder: Path,
    results: Results | None = None,
    profile: Profile | None = None,
    *,
    figures: bool = True,
) -> list[Path]:
    """Write the tables and figures of a profile into the folder that holds ``profile/``.

    Args:
        folder: A run's folder.
        results: Of the run: which methods have rows, under which names, and the figures that need
            its scores; None shows all and leaves those figures out.
        profile: Of the run's methods, where it has been read; see :func:`read_profile`.
        figures: Whether figures are drawn.

    Returns:
        The files; none where the folder holds no profile.

    Raises:
        FusionBenchError: A file of the profile cannot be read.
    """
    profile = profile or read_profile(folder, results)
    if profile is None or not profile.blocks:
        return []
    texts = {
        "profile.csv": frame_text(profile_frame(profile)),
        "profile.md": document("Profile", profile_tables(profile)) + _uncounted(profile),
    }
    written = write_texts(folder, texts)
    methods = results.manifest.methods if results else []
    cited = references(results.manifest) if results else {}
    tables = paper_tables(profile, {m.name: m.cite for m in methods})
    written += write_tables(folder, "profile", tables, cited)
    if figures:
        from fusionbench.report.figures.cost import write_figures

        written += write_figures(folder / "figures", profile, results)
    return written


def read_profile(folder: Path, results: Results | None = None) -> Profile | None:
    """The profile of a run's folder, of the run's methods under their names there."""
    profile = read(folder)
    if profile is None or results is None:
        return profile
    known = {method.name: method.label for method in results.manifest.methods}
    shown = [
        method.model_copy(update={"label": known[method.method]})
        for method in profile.methods
        if method.method in known
    ]
    return replace(profile, methods=shown)


def profile_tables(profile: Profile) -> list[Table]:
    """A table for each device and image size, with everything that was measured."""
    return [lay_out(profile, block, "full") for block in profile.blocks]


def paper_tables(profile: Profile, cites: dict[str, str] | None = None) -> list[Table]:
    """As a paper shows them; times in other variants than float32 have a table of their own."""
    tables = []
    for block in profile.blocks:
        tables.append(lay_out(profile, block, "cost", cites))
        if block.variants:
            tables.append(lay_out(profile, block, "variants", cites))
    return tables


def known_profile(folder: Path) -> Profile:
    """The profile of a folder.

    Raises:
        FusionBenchError: The folder holds no profile, or a file of it cannot be read.
    """
    profile = read(folder)
    if profile is None:
        raise FusionBenchError(f"{folder} holds no profile; `fusionbench profile` makes one")
    return profile


def lay_out(
    profile: Profile, block: Block, kind: Kind, cites: dict[str, str] | None = None
) -> Table:
    """Lay out a block, or a part of its columns (see :func:`columns`)."""
    notes, wanted = Notes(), columns(block, kind)
    rows = [[column.cell(line, notes) for column in wanted] for line in block.lines]
    kept = [
        place
        for place, column in enumerate(wanted)
        if not column.optional or any(row[place].text for row in rows)
    ]
    lines = [
        Row(
            Entry(line.method.label),
            tuple(row[place] for place in kept),
            (cites or {}).get(line.method.method, ""),
        )
        for line, row in zip(block.lines, rows, strict=True)
    ]
    headers = tuple(wanted[place].header for place in kept)
    what = "Time in variants" if kind == "variants" else "Computational cost"
    return Table(
        name=f"profile-{block.where.slug}-{kind}",
        heading=f"{what} at {block.where.size} on {block.where.device}",
        headers=tuple(map(Header, headers)),
        blocks=(Rows(tuple(lines)),),
        caption=(_caption(block, kind),),
        notes=notes.texts,
        remarks=tuple(_remarks(profile, block, kind, set(headers))),
    )


def _light(line: Line) -> Light | None:
    row = line.base
    return row.verdict.light if row and row.verdict and not row.error else None


def _caption(block: Block, kind: Kind) -> str:
    precision = "" if kind == "variants" else " in float32 with TF32 off"
    return f"Batch 1{precision}; times are medians{_calls(block)} by {block.where.clock}"


def _remarks(profile: Profile, block: Block, kind: Kind, shown: set[str]) -> Iterator[str]:
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


def _uncounted(profile: Profile) -> str:
    """Once for each method: the operators are the same at every size."""
    found: dict[str, str] = {}
    for block in profile.blocks:
        for label, calls in uncounted(block):
            found.setdefault(label, calls)
    if not found:
        return ""
    said = "Operators that do arithmetic and have no count, with their calls for one image:"
    items = [f"- {escape(label)}: {escape(calls)}." for label, calls in found.items()]
    return "\n".join(["", "## Not counted in MACs and FLOPs", "", said, "", *items, ""])
