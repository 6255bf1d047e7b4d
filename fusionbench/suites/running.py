"""Running a suite: fuse, score, detect, profile and report, in order."""

from __future__ import annotations

from pathlib import Path

from fusionbench.pipeline import Plan, fuse_all, score_all, start
from fusionbench.report.options import TableStyle
from fusionbench.runs import Run
from fusionbench.suites.planning import Surroundings
from fusionbench.suites.schema import Suite


def run_suite(suite: Suite, plan: Plan, where: Surroundings) -> Run:
    """Do what a suite asks for, but for the report; what is done is not done again."""
    run = start(plan)
    fuse_all(run, plan)
    score_all(run, plan)
    if suite.detection is not None:
        _detect(suite, run, where)
    if suite.profile is not None:
        _profile(suite, run, plan)
    return run


def _detect(suite: Suite, run: Run, where: Surroundings) -> None:
    from fusionbench.detection.boxes import Thresholds
    from fusionbench.detection.running import detect_all, plan_detection

    asked = suite.detection
    assert asked is not None
    named = {d.name: d.labels for d in suite.datasets if d.labels}
    plan = plan_detection(
        run.manifest.datasets,
        asked.detectors,
        labels=named,
        data_root=where.data_root,
        thresholds=Thresholds(asked.score, asked.overlap, asked.most),
        device=where.device,
        finder=where.finder,
        resamples=asked.resamples,
        seed=suite.seed,
        overwrite=where.overwrite,
    )
    detect_all(run, plan)


def _profile(suite: Suite, run: Run, plan: Plan) -> None:
    from fusionbench.profiling.running import profile_run
    from fusionbench.profiling.settings import Effort, ProfileSettings, parse_size

    asked = suite.profile
    assert asked is not None
    settings = ProfileSettings(
        sizes=tuple(map(parse_size, asked.sizes)),
        device=plan.device,
        seed=plan.seed,
        effort=Effort(seconds=asked.seconds, calls=asked.calls),
    )
    profile_run(run, plan, settings)


def table_style(suite: Suite) -> TableStyle:
    """How the suite's tables look."""
    return TableStyle(**suite.report.model_dump())


def default_folder(suite: Suite) -> Path:
    """Where a suite's run lands."""
    return Path("results") / suite.name
