"""Measuring a plan from end to end, by itself or as part of a run: ``RUN/profile``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusionbench import console
from fusionbench.profiling.asking import measured_ceilings
from fusionbench.profiling.ceilings import put_ceilings, read_ceilings
from fusionbench.profiling.driving import profile
from fusionbench.profiling.plans import FOLDER, ProfilePlan
from fusionbench.profiling.records import read_profiles
from fusionbench.profiling.settings import ProfileSettings
from fusionbench.report.collect import is_anchor

if TYPE_CHECKING:
    from fusionbench.pipeline import Plan
    from fusionbench.runs import Run


def profile_run(run: Run, plan: Plan, settings: ProfileSettings | None = None) -> None:
    """Profile the methods of a run, without the source images, with a progress bar.

    A method that fails is said to have failed, and the others go on.

    Args:
        run: The run; ``RUN/profile`` is added to.
        plan: What is profiled, on which device.
        settings: How, by default in fp32 at 640x480.
    """
    profiled = ProfilePlan(
        prepared=[p for p in plan.prepared if not is_anchor(p.record)],
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
