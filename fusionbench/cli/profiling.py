"""``fusionbench profile``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fusionbench.cli import options as o
from fusionbench.request import METHODS, ProfileRequest

if TYPE_CHECKING:
    from fusionbench.profiling.running import ProfilePlan
    from fusionbench.runs import Run

MEASURING = ("size", "scope", "device", "threads", "calls", "seconds")
VARIANTS = ("amp", "tf32", "channels_last", "compile")


@o.takes(
    *("methods", "plugin", *MEASURING, *VARIANTS, "data_root", "split"),
    *(*o.WEIGHTS, "overwrite", "seed", "timeout", "compare_profiler", "check"),
    methods=METHODS,
)
def profile(
    dataset: Annotated[
        str | None, typer.Option(help="Fuse its first pair, resized (default: a sample scene).")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder of the tables and of profile/; a run's is added to.")
    ] = Path("results/profile"),
    *,
    request: ProfileRequest,
) -> None:
    """Time methods, count their FLOPs and measure their memory, each in a fresh process."""
    from fusionbench import console
    from fusionbench.planning import plan_to_profile

    plan = plan_to_profile(replace(request.with_plugins(), dataset=dataset, out=out))
    console.note(
        f"{plan.settings.threads} CPU threads, device {request.device}, batch 1, "
        f"seed {request.seed}"
    )
    (_check if request.check else _profile)(plan)


def _profile(plan: ProfilePlan) -> None:
    from fusionbench import console
    from fusionbench.locking import hold
    from fusionbench.profiling.running import measure
    from fusionbench.profiling.watching import DRIFT
    from fusionbench.report.profile import known_profile, profile_tables, write_profile
    from fusionbench.results import Results
    from fusionbench.tables.terminal import Shown

    out = plan.out.parent
    if run := _run_of(out):
        hold(out)
    failed = measure(plan)
    profile = known_profile(out)
    write_profile(out, Results.read(run) if run else None)
    console.show(Shown(profile_tables(profile)))
    if (drift := profile.manifest.drift) is not None:
        text = f"{drift.method}, measured first and again last: {drift.share:+.1%}"
        (console.warn if abs(drift.share) > DRIFT else console.note)(text)
    console.note(f"the tables and figures of the profile are in {out}")
    _exit_on(failed)


def _run_of(folder: Path) -> Run | None:
    """The run that the profile belongs to, if it belongs to one."""
    from fusionbench.runs import Run

    return Run(folder) if (folder / "manifest.json").is_file() else None


def _check(plan: ProfilePlan) -> None:
    from fusionbench import console
    from fusionbench.profiling.running import TIMES, check_table
    from fusionbench.profiling.running import check as check_all
    from fusionbench.tables.terminal import Shown

    total = TIMES * len(plan.prepared) * len(plan.settings.sizes)
    with console.progress("checking", total) as advance:
        report = check_all(plan, advance)
    console.show(Shown([check_table(report)]))
    _exit_on([one.error for one in report.repeated if one.error is not None])


def _exit_on(failed: list[str]) -> None:
    from fusionbench import console

    for line in failed:
        console.warn(line)
    if failed:
        raise typer.Exit(1)
