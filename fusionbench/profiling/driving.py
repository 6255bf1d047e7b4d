"""The profile stage: every method in fresh processes, in a shuffled order, into one folder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusionbench.manifest import versions
from fusionbench.profiling.asking import ask_where_it_runs, describe, failure_line
from fusionbench.profiling.inputs import Inputs, make_inputs
from fusionbench.profiling.plans import ProfilePlan, new_manifest, row_hash
from fusionbench.profiling.records import (
    MANIFEST,
    Drift,
    Measurement,
    MethodProfile,
    Size,
    Variant,
    profile_path,
    read_profile,
    write_record,
)
from fusionbench.profiling.requests import Request
from fusionbench.profiling.variants import check_variants
from fusionbench.stages import Overwrite, is_done
from fusionbench.stages.preparing import Prepared


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
    return is_done(True, row.error is not None, row.hash == hash_, overwrite)
