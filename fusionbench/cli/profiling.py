"""``fusionbench profile``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fusionbench.cli import options as o

if TYPE_CHECKING:
    from fusionbench.profiling.running import ProfilePlan
    from fusionbench.runs import Run


class ScopeName(StrEnum):
    """What is timed."""

    model = "model"
    method = "method"
    end_to_end = "end-to-end"
    transfer = "transfer"


def profile(
    methods: o.MethodsOption = "cmtfusion,baselines",
    plugin: o.PluginOption = None,
    size: Annotated[
        list[str] | None, typer.Option(help="Image size, repeatable [640x480].")
    ] = None,
    scope: Annotated[
        list[ScopeName] | None, typer.Option(help="What is timed, repeatable (default: all).")
    ] = None,
    device: o.DeviceOption = "cpu",
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads (default: all cores).")
    ] = None,
    calls: Annotated[int, typer.Option(min=1, help="Timed calls; ends with these ...")] = 100,
    seconds: Annotated[float, typer.Option(min=0, help="... or after this long.")] = 3.0,
    amp: Annotated[bool, typer.Option("--amp", help="Also with autocast.")] = False,
    tf32: Annotated[bool, typer.Option("--tf32", help="Also with TF32 (CUDA).")] = False,
    channels_last: Annotated[
        bool, typer.Option("--channels-last", help="Also with channels-last networks.")
    ] = False,
    compile_: Annotated[
        bool, typer.Option("--compile", help="Also with compiled networks.")
    ] = False,
    dataset: Annotated[
        str | None, typer.Option(help="Fuse its first pair, resized (default: a synthetic scene).")
    ] = None,
    data_root: o.DataRootOption = None,
    split: o.SplitOption = None,
    out: Annotated[
        Path, typer.Option(help="Folder of the tables and of profile/; a run's is added to.")
    ] = Path("results/profile"),
    weights: o.WeightsOption = None,
    weights_dir: o.WeightsDirOption = None,
    download: o.DownloadOption = False,
    option: o.MethodOptionOption = None,
    overwrite: o.OverwriteOption = o.Overwrite.changed,
    seed: o.SeedOption = 0,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds after which a row is given up.")
    ] = 3600.0,
    compare_profiler: Annotated[
        bool, typer.Option(help="Compare CUDA events with the profiler's kernels (CUDA).")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Measure three times and report the spread.")
    ] = False,
) -> None:
    """Time methods, count their FLOPs and measure their memory, each in a fresh process."""
    asked = locals()
    plan = _plan(asked)
    from fusionbench import console

    console.note(f"{plan.settings.threads} CPU threads, device {device}, batch 1, seed {seed}")
    (_check if check else _profile)(plan)


def _plan(asked: dict[str, Any]) -> ProfilePlan:
    """Every choice resolved and checked; nothing is written, no GPU is opened."""
    from fusionbench.profiling.running import FOLDER, ProfilePlan
    from fusionbench.registry import add_plugin_files
    from fusionbench.settings import weights_folders
    from fusionbench.stages.preparing import prepare_methods
    from fusionbench.weights import WeightsFinder

    add_plugin_files(asked["plugin"] or ())
    return ProfilePlan(
        prepared=prepare_methods(
            asked["methods"],
            weights=asked["weights"] or (),
            options=asked["option"] or (),
            device=asked["device"],
            finder=WeightsFinder(weights_folders(asked["weights_dir"]), download=asked["download"]),
        ),
        settings=_settings(asked),
        out=asked["out"] / FOLDER,
        dataset=_dataset(asked),
        overwrite=asked["overwrite"].value,
        configuration={key: _plain(value) for key, value in asked.items() if value is not None},
    )


def _settings(asked: dict[str, Any]) -> Any:
    from fusionbench.errors import FusionBenchError
    from fusionbench.profiling.records import SCOPES, VARIANTS
    from fusionbench.profiling.settings import (
        Effort,
        ProfileSettings,
        available_cores,
        parse_size,
    )

    device = asked["device"]
    if asked["compare_profiler"] and not device.startswith("cuda"):
        raise FusionBenchError(f"--compare-profiler needs a CUDA --device, got {device}")
    flags = {v: asked["compile_" if v == "compile" else v.replace("-", "_")] for v in VARIANTS[1:]}
    scopes = [scope.value.replace("-", "_") for scope in asked["scope"] or ()]
    return ProfileSettings(
        sizes=tuple(dict.fromkeys(map(parse_size, asked["size"] or ["640x480"]))),
        variants=("fp32", *(v for v in VARIANTS[1:] if flags[v])),
        scopes=tuple(s for s in SCOPES if not scopes or s in scopes),
        device=device,
        threads=asked["threads"] or available_cores(),
        seed=asked["seed"],
        effort=Effort(calls=asked["calls"], seconds=asked["seconds"]),
        compare_profiler=asked["compare_profiler"],
        timeout_s=asked["timeout"],
    )


def _dataset(asked: dict[str, Any]) -> Any:
    if asked["dataset"] is None:
        return None
    from fusionbench.datasets import check_pairs, open_dataset
    from fusionbench.settings import data_root

    found = open_dataset(asked["dataset"], data_root(asked["data_root"]), asked["split"])
    return check_pairs(found.first(1), skip_bad=False)


def _profile(plan: ProfilePlan) -> None:
    from fusionbench import console
    from fusionbench.locking import hold
    from fusionbench.profiling.records import read_profiles
    from fusionbench.profiling.running import measure
    from fusionbench.profiling.watching import DRIFT
    from fusionbench.report.profile import known_profile, profile_tables, write_profile
    from fusionbench.results import Results
    from fusionbench.tables.terminal import Shown

    out = plan.out.parent
    if run := _run_of(out):
        hold(out)
    failed = measure(plan)
    manifest, _ = read_profiles(plan.out)
    write_profile(out, Results.read(run) if run else None)
    console.show(Shown(profile_tables(known_profile(out))))
    if manifest.drift is not None:
        drift = manifest.drift
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

    total = TIMES * len(plan.prepared) * len(plan.settings.sizes)
    with console.progress("checking", total) as advance:
        report = check_all(plan, advance)
    console.show(check_table(report))
    _exit_on([one.error for one in report.repeated if one.error is not None])


def _exit_on(failed: list[str]) -> None:
    from fusionbench import console

    for line in failed:
        console.warn(line)
    if failed:
        raise typer.Exit(1)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path | StrEnum) else value
