"""Measuring a plan from end to end, by itself or as part of a run: ``RUN/profile``."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from fusionbench import console
from fusionbench.files import digest
from fusionbench.manifest import DataSetRecord, Invocation, command_line, versions
from fusionbench.opened import unchanged
from fusionbench.profiling.ceilings import put_ceilings, read_ceilings
from fusionbench.profiling.modules import check_variants
from fusionbench.profiling.records import (
    MANIFEST,
    SCHEMA,
    VARIANTS,
    Drift,
    Measurement,
    MethodProfile,
    Part,
    ProfileManifest,
    Size,
    Variant,
    Verdict,
    profile_path,
    read_profile,
    read_profiles,
    write_record,
)
from fusionbench.profiling.scopes import Inputs, make_inputs
from fusionbench.profiling.settings import ProfileSettings, Request
from fusionbench.profiling.worker import (
    Ask,
    ask,
    ask_where_it_runs,
    describe,
    failure_line,
    measured_ceilings,
)
from fusionbench.stages import Overwrite, is_done
from fusionbench.stages.preparing import Prepared
from fusionbench.tables.model import Block, Entry, Header, Line, Table, Tone

if TYPE_CHECKING:
    from fusionbench.pipeline import Plan
    from fusionbench.runs import Run


FOLDER = "profile"
"""Of a run, or of the folder that holds the tables."""

MEASURED_BY = 2
"""Version of what decides what a number means: measuring, timing, scopes, memory, variants.

Raise it with any change to them that changes a number; rows of another version are made again.
"""


@dataclass(frozen=True)
class ProfilePlan:
    """Everything that will be measured, checked before anything is written.

    Attributes:
        prepared: The methods, in the order of the tables.
        settings: How they are measured.
        out: The profile folder; ``RUN/profile`` where it belongs to a run.
        dataset: Its first pair is what is fused; by default a synthetic scene.
        overwrite: What is measured again (see :data:`fusionbench.stages.Overwrite`).
        configuration: The command's choices, for the manifest.
        asking: How a request is answered: in a fresh process.
    """

    prepared: Sequence[Prepared]
    settings: ProfileSettings
    out: Path
    dataset: DataSetRecord | None = None
    overwrite: Overwrite = "changed"
    configuration: dict[str, Any] = field(default_factory=dict)
    asking: Ask = ask

    @property
    def variants(self) -> list[Variant]:
        """The variants in their order; ``fp32`` is always there, and first."""
        return [v for v in VARIANTS if v == "fp32" or v in self.settings.variants]

    @property
    def rows(self) -> int:
        """How many rows there can be."""
        return len(self.prepared) * len(self.settings.sizes) * len(self.variants)


def shuffled(names: Sequence[str], seed: int) -> list[str]:
    """Names in an order that the seed decides; the order they come in does not matter."""
    return random.Random(seed).sample(sorted(names), len(names))


def new_manifest(plan: ProfilePlan, machine: dict[str, Any]) -> ProfileManifest:
    """The manifest of a plan; one in the folder becomes ``earlier``, its methods stay."""
    records = {p.record.name: p.record for p in plan.prepared}
    earlier = []
    if (plan.out / MANIFEST).is_file():
        before, _ = read_profiles(plan.out)
        last = {name: getattr(before, name) for name in Invocation.model_fields}
        earlier = [*before.earlier, Invocation(**last)]
        records = {**{r.name: r for r in before.methods}, **records}
    return ProfileManifest(
        command=command_line(),
        configuration=plan.configuration,
        versions=versions(),
        hardware=machine,
        seed=plan.settings.seed,
        order=shuffled([p.record.name for p in plan.prepared], plan.settings.seed),
        settings=plan.settings.model_dump(mode="json"),
        methods=list(records.values()),
        earlier=earlier,
    )


def row_hash(
    plan: ProfilePlan,
    prepared: Prepared,
    machine: dict[str, Any],
    size: Size,
    variant: Variant,
    inputs: Inputs,
) -> str:
    """A hash of everything that a row is made from, the machine and the versions among it."""
    chosen = plan.settings.model_dump(mode="json", exclude={"sizes", "variants", "timeout_s"})
    made_from = [SCHEMA, MEASURED_BY, prepared.record.fingerprint, chosen, machine, versions()]
    return digest([*made_from, str(size), variant, inputs.fingerprint])


@dataclass
class Work:
    """A plan being carried out, with the folder and the images that all processes share."""

    plan: ProfilePlan
    machine: dict[str, Any]
    folder: Path
    inputs: list[tuple[Size, Inputs]]

    def request(self, prepared: Prepared, at: int, size: Size, variant: Variant) -> Request:
        """The request for one row."""
        plan, setting = self.plan, prepared.method.setting
        inputs = next(inputs for s, inputs in self.inputs if s == size)
        return Request(
            method=prepared.method.card.name,
            weights=setting.weights,
            options=dict(setting.options),
            weights_folders=setting.finder.folders,
            settings=plan.settings,
            size=size,
            variant=variant,
            images=inputs.what,
            ir=inputs.ir,
            vis=inputs.vis,
            device_name=str(self.machine.get("gpu") or self.machine["processor"]),
            hash=row_hash(plan, prepared, self.machine, size, variant, inputs),
            position=at,
            work=self.folder,
        )


def profile(plan: ProfilePlan, advance: Callable[[], None] = lambda: None) -> list[str]:
    """Measure what is not measured yet.

    A row that fails is lost alone; it stays in the method's file with its error. After the last
    method the first one is measured again: if the machine has changed meanwhile, it shows.

    Args:
        plan: What to do.
        advance: Called once per row.

    Returns:
        One line for each row that failed.

    Raises:
        FusionBenchError: The device is not there, or a variant means nothing on it.
    """
    check_variants(plan.variants, plan.settings.device)
    machine = describe(plan.settings.device)
    manifest = new_manifest(plan, machine)
    plan.out.mkdir(parents=True, exist_ok=True)
    write_record(plan.out / MANIFEST, manifest)
    by_name = {p.record.name: p for p in plan.prepared}
    failed: list[str] = []
    first: tuple[Request, float] | None = None
    with tempfile.TemporaryDirectory(prefix="fusionbench-") as folder:
        inputs = [(s, make_inputs(s, Path(folder), plan.dataset)) for s in plan.settings.sizes]
        at_work = Work(plan, machine, Path(folder), inputs)
        for at, name in enumerate(manifest.order):
            for request, row in _measure_method(at_work, by_name[name], at, advance):
                if row.error is not None:
                    failed.append(failure_line(name, row))
                elif first is None and "method" in row.scopes:
                    first = request, row.scopes["method"].wall_ms.median
        if first is not None:
            manifest.drift = _again(plan, *first)
            write_record(plan.out / MANIFEST, manifest)
    return failed


def _measure_method(
    at_work: Work, prepared: Prepared, at: int, advance: Callable[[], None]
) -> Iterator[tuple[Request, Measurement]]:
    """Measure the rows of a method that are not done, writing its file after each."""
    plan = at_work.plan
    path = profile_path(plan.out, prepared.record.name)
    known = _known(path, prepared, plan.settings.seed)
    for size in plan.settings.sizes:
        for variant in plan.variants:
            request = at_work.request(prepared, at, size, variant)
            there = known.row(size, variant)
            if not _done(there, request.hash, plan.overwrite) and _applies(known, size, variant):
                row = ask_where_it_runs(request, plan.asking).row
                if row is not None:
                    known.put(row)
                    write_record(path, known)
                    yield request, row
            advance()


def _applies(known: MethodProfile, size: Size, variant: Variant) -> bool:
    """A variant changes modules: where plain fp32 failed or ran none, there is nothing to see."""
    plain = known.row(size, "fp32")
    return variant == "fp32" or (plain is not None and bool(plain.modules))


def _again(plan: ProfilePlan, request: Request, first_ms: float) -> Drift | None:
    settings = request.settings.model_copy(update={"scopes": ("method",), "count": False})
    again = request.model_copy(update={"settings": settings, "position": len(plan.prepared)})
    row = ask_where_it_runs(again, plan.asking).row
    if row is None or row.error is not None:
        return None
    again_ms = row.scopes["method"].wall_ms.median
    return Drift(method=request.method, size=request.size, first_ms=first_ms, again_ms=again_ms)


def _known(path: Path, prepared: Prepared, seed: int) -> MethodProfile:
    """The method's file as it is, with what it says of the method brought up to date."""
    record = prepared.record
    rows = read_profile(path).rows if path.is_file() else []
    return MethodProfile(
        method=record.name,
        label=record.label,
        family=record.family,
        versions=versions(),
        seed=seed,
        rows=rows,
    )


def _done(row: Measurement | None, hash_: str, overwrite: Overwrite) -> bool:
    if row is None:
        return False
    current = row.hash == hash_ and unchanged(row.files)
    return is_done(True, row.error is not None, current, overwrite)


def profile_run(run: Run, plan: Plan, settings: ProfileSettings | None = None) -> None:
    """Profile the methods of a run, without the source images, with a progress bar.

    A method that fails is said to have failed, and the others go on.

    Args:
        run: The run; ``RUN/profile`` is added to.
        plan: What is profiled, on which device.
        settings: How, by default in fp32 at 640x480.
    """
    profiled = ProfilePlan(
        prepared=[p for p in plan.prepared if not p.record.is_source],
        settings=settings or ProfileSettings(device=plan.device, seed=plan.seed),
        out=run.root / FOLDER,
        overwrite=plan.overwrite,
    )
    for line in measure(profiled):
        console.warn(line)


def measure(plan: ProfilePlan) -> list[str]:
    """Measure what a plan says, with a progress bar, and its devices' ceilings.

    Returns:
        One line for each row that failed.
    """
    with console.progress("profiling", plan.rows) as advance:
        failed = profile(plan, advance)
    add_ceilings(plan)
    return failed


def add_ceilings(plan: ProfilePlan) -> None:
    """Measure the ceilings of every device with counted FLOPs, where they are not there yet."""
    _, profiles = read_profiles(plan.out)
    there = {(c.device_kind, c.device_name, c.threads) for c in read_ceilings(plan.out)}
    rows = [row for profile in profiles for row in profile.rows if row.flops is not None]
    wanted = {(row.device_kind, row.device_name, row.threads) for row in rows} - there
    for kind, name, threads in sorted(wanted):
        device = "cpu" if kind == "cpu" else plan.settings.device
        found = measured_ceilings(device, threads)
        if found is not None and found.device_name == name:
            put_ceilings(plan.out, found)


TIMES = 3
REPORT = "check.json"


class Repeated(Part):
    """Medians of the scope ``method`` (fp32) in several fresh processes, in milliseconds.

    Attributes:
        clock: ``device`` where there is one, else ``wall``.
        verdicts: Of every measurement.
        error: Why there are none.
    """

    method: str
    size: Size
    clock: str = "wall"
    medians_ms: list[float] = Field(default_factory=list)
    verdicts: list[Verdict] = Field(default_factory=list)
    error: str | None = None

    @property
    def spread(self) -> float | None:
        """Largest minus smallest median, as a share of the smallest."""
        if not self.medians_ms:
            return None
        return (max(self.medians_ms) - min(self.medians_ms)) / min(self.medians_ms)


class CheckReport(Part):
    """``profile/check.json``."""

    repeated: list[Repeated]


def check(plan: ProfilePlan, advance: Callable[[], None] = lambda: None) -> CheckReport:
    """Measure every method of a plan three times at every size and write ``check.json``.

    The methods take turns, so that what changes on the machine meanwhile shows as spread.

    Raises:
        FusionBenchError: The device is not there.
    """
    machine = describe(plan.settings.device)
    settings = plan.settings.model_copy(update={"scopes": ("method",), "count": False})
    by_name = {p.record.name: p for p in plan.prepared}
    order = shuffled(list(by_name), plan.settings.seed)
    found = {
        (name, str(s)): Repeated(method=name, size=s) for name in order for s in settings.sizes
    }
    with tempfile.TemporaryDirectory(prefix="fusionbench-") as folder:
        inputs = [(s, make_inputs(s, Path(folder), plan.dataset)) for s in settings.sizes]
        work = Work(plan, machine, Path(folder), inputs)
        for _ in range(TIMES):
            for at, name in enumerate(order):
                for size in settings.sizes:
                    request = work.request(by_name[name], at, size, "fp32")
                    request = request.model_copy(update={"settings": settings})
                    row = ask_where_it_runs(request, plan.asking).row
                    _note(found[name, str(size)], row)
                    advance()
    report = CheckReport(repeated=list(found.values()))
    write_record(plan.out / REPORT, report)
    return report


def _note(repeated: Repeated, row: Measurement | None) -> None:
    if row is None or row.error is not None or row.verdict is None:
        repeated.error = failure_line(repeated.method, row) if row else "no row"
        return
    times = row.scopes["method"]
    repeated.clock = "device" if times.device_ms else "wall"
    repeated.medians_ms.append((times.device_ms or times.wall_ms).median)
    repeated.verdicts.append(row.verdict)


TONES: dict[str, Tone] = {"green": "good", "amber": "doubtful", "red": "bad"}


def check_table(report: CheckReport) -> Table:
    """The medians of the repeated measurements and their spread."""
    lines = []
    for one in report.repeated:
        lights = [verdict.light for verdict in one.verdicts]
        worst = max(lights, key=list(TONES).index, default="green")
        medians = one.error or ", ".join(f"{m:.4g}" for m in one.medians_ms)
        cells = [str(one.size), one.clock, medians]
        spread = "" if one.spread is None else f"{one.spread:.1%}"
        verdicts = Entry(", ".join(lights), tone=TONES[worst])
        lines.append(Line(Entry(one.method), (*map(Entry, cells), Entry(spread), verdicts)))
    heads = [Header(name, left=True) for name in ("Size", "Clock", "Medians (ms)")]
    heads += [Header("Spread"), Header("Verdicts", left=True)]
    title = "The same measurement in fresh processes"
    return Table("check", title, tuple(heads), (Block(tuple(lines)),) if lines else ())
