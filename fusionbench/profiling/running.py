"""A profile as part of a run: ``RUN/profile``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from fusionbench.profiling.asking import measured_ceilings
from fusionbench.profiling.ceilings import put_ceilings, read_ceilings
from fusionbench.profiling.driving import profile
from fusionbench.profiling.plans import FOLDER, ProfilePlan
from fusionbench.profiling.records import read_profiles
from fusionbench.profiling.settings import ProfileSettings
from fusionbench.stages import Overwrite
from fusionbench.stages.preparing import Prepared


def profile_run(
    run: Path,
    prepared: Sequence[Prepared],
    *,
    device: str = "cpu",
    seed: int = 0,
    overwrite: Overwrite = "changed",
    advance: Callable[[], None] = lambda: None,
) -> list[str]:
    """Profile the methods of a run with the default settings, in fp32 at 640×480.

    Args:
        run: The run's folder.
        prepared: Its methods, not loaded.
        device: A torch device name.
        seed: Of the order and of the methods.
        overwrite: What is measured again.
        advance: Called once per method.

    Returns:
        One line for each method that failed.
    """
    settings = ProfileSettings(device=device, seed=seed)
    plan = ProfilePlan(prepared, settings, run / FOLDER, overwrite=overwrite)
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
