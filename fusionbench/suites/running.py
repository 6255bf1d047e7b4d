"""Running a suite: planned as a request is, then fused, scored, detected and profiled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fusionbench.datasets import DataSet, open_dataset
from fusionbench.errors import FusionBenchError
from fusionbench.planning import carry_out, plan, plan_to_detect, prepare
from fusionbench.request import Request
from fusionbench.runs import Run
from fusionbench.stages.preparing import Prepared
from fusionbench.suites.schema import Suite, SuiteData, SuiteDetection, SuiteMethod, SuiteProfile

if TYPE_CHECKING:
    from fusionbench.profiling.settings import ProfileSettings


def run_suite(suite: Suite, file: Path, where: Request) -> Run:
    """Do what a suite asks for, but for the report; what is done is not done again.

    Args:
        suite: The suite.
        file: Its file; pair lists and weights are named relative to it.
        where: What the file leaves to the machine: folders, device, workers, the run's folder; and
            ``limit``, which takes the first pairs of every data set, to try a suite out.

    Raises:
        FusionBenchError: A name, file, weight or pair that is not there.
    """
    request = replace(
        where,
        out=where.out or Path("results") / suite.name,
        metrics=suite.metrics,
        convention=suite.conventions,
        colour=suite.colour,
        seed=suite.seed,
        batch=suite.batch,
    )
    configuration = {"suite": suite.model_dump(mode="json", exclude_defaults=True)}
    prepared = _prepared(suite, file.parent, request)
    found = [_open(data, file.parent, request) for data in suite.datasets]
    names = [dataset.name for dataset in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise FusionBenchError(f"{file}: data set {twice[0]} is named twice")
    planned = plan(request, prepared, found, configuration)
    detection = None
    if suite.detection is not None:
        labels = {data.name: data.labels for data in suite.datasets if data.labels}
        asked = _detecting(suite.detection, request)
        detection = plan_to_detect(asked, planned.datasets, labels)
    profile = _settings(suite.profile, request) if suite.profile is not None else False
    return carry_out(planned, detection, profile)


def _open(asked: SuiteData, folder: Path, request: Request) -> DataSet:
    found = open_dataset(asked.name, request.root(), asked.split or None).read_as(asked.reading)
    if asked.pairs is not None:
        found = found.only(folder / asked.pairs)
    return found.first(asked.limit).first(request.limit)


def _prepared(suite: Suite, folder: Path, request: Request) -> list[Prepared]:
    rows: dict[str, Prepared] = {}
    for asked in suite.methods:
        for row in _rows(asked, folder, request):
            if row.record.name in rows and not asked.select:
                raise FusionBenchError(f"two methods are called {row.record.name}: name one anew")
            rows.setdefault(row.record.name, row)
    return list(rows.values())


def _rows(asked: SuiteMethod, folder: Path, request: Request) -> list[Prepared]:
    if asked.select:
        return prepare(replace(request, methods=asked.select))
    beside = folder / asked.weights
    weights = str(beside) if asked.weights and beside.is_file() else asked.weights
    (row,) = prepare(
        replace(
            request,
            methods=asked.method,
            weights=[f"{asked.method}={weights}"] if weights else None,
            option=[f"{asked.method}.{key}={value}" for key, value in asked.options.items()],
        )
    )
    named = {"name": asked.name or row.record.name, "label": asked.label or row.record.label}
    return [replace(row, record=row.record.model_copy(update=named))]


def _detecting(asked: SuiteDetection, request: Request) -> Request:
    return replace(
        request,
        detector=list(asked.detectors),
        conf=asked.score,
        iou=asked.overlap,
        max_det=asked.most,
        bootstrap=asked.resamples,
        batch=1,
    )


def _settings(asked: SuiteProfile, request: Request) -> ProfileSettings:
    from fusionbench.profiling.settings import Effort, ProfileSettings, parse_size

    return ProfileSettings(
        sizes=tuple(map(parse_size, asked.sizes)),
        device=request.device,
        seed=request.seed,
        effort=Effort(seconds=asked.seconds, calls=asked.calls),
    )
