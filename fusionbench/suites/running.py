"""Running a suite: fuse, score, detect, profile and report, in order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fusionbench.pipeline import Plan, fuse_all, score_all, start
from fusionbench.report.options import TableStyle
from fusionbench.runs import Run
from fusionbench.suites.planning import Surroundings
from fusionbench.suites.schema import Suite

if TYPE_CHECKING:
    from fusionbench.detection.planning import DetectionPlan


def run_suite(suite: Suite, plan: Plan, where: Surroundings) -> Run:
    """Do what a suite asks for, but for the report; what is done is not done again."""
    looking = _plan_detection(suite, plan, where) if suite.detection is not None else None
    run = start(plan)
    fuse_all(run, plan)
    score_all(run, plan)
    if looking is not None:
        from fusionbench.detection.running import detect_all

        detect_all(run, looking)
    if suite.profile is not None:
        _profile(suite, run, plan)
    return run


def _plan_detection(suite: Suite, plan: Plan, where: Surroundings) -> DetectionPlan:
    from fusionbench.boxes import Thresholds
    from fusionbench.detection.planning import plan_detection

    asked = suite.detection
    assert asked is not None
    named = {d.name: d.labels for d in suite.datasets if d.labels}
    return plan_detection(
        plan.datasets,
        asked.detectors,
        labels=named,
        data_root=where.data_root,
        thresholds=Thresholds(asked.score, asked.overlap, asked.most),
        device=where.device,
        finder=where.finder,
        findings=where.findings.like(),
        resamples=asked.resamples,
        seed=suite.seed,
        overwrite=where.overwrite,
    )


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
