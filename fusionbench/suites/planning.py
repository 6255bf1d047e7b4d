"""From a suite to a plan: every choice resolved and checked, nothing written yet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from fusionbench.checks import Findings
from fusionbench.conventions import select_columns
from fusionbench.datasets import DataSet, open_dataset
from fusionbench.engines import default_workers
from fusionbench.errors import FusionBenchError
from fusionbench.pipeline import Plan, check_datasets
from fusionbench.stages import Overwrite
from fusionbench.stages.preparing import Prepared, prepare_methods
from fusionbench.suites.schema import Suite, SuiteData, SuiteMethod
from fusionbench.weights import WeightsFinder


@dataclass(frozen=True)
class Surroundings:
    """What a suite's file leaves to the machine it runs on.

    Attributes:
        data_root: Folder that holds data sets.
        finder: Where weight files are looked for.
        device: A torch device name.
        findings: Collects what checks find, and knows what the user lets through.
        limit: Use the first pairs of every data set only, to try a suite out.
    """

    data_root: Path | None = None
    finder: WeightsFinder | None = None
    device: str = "cpu"
    limit: int | None = None
    overwrite: Overwrite = "changed"
    workers: int | None = None
    findings: Findings = field(default_factory=Findings)


def plan_suite(suite: Suite, file: Path, out: Path, where: Surroundings) -> Plan:
    """The plan of a suite's fusing and scoring.

    Args:
        suite: The suite.
        file: Its file; pair lists and weights are named relative to it.
        out: The run's folder.
        where: The machine's side of it.

    Raises:
        FusionBenchError: A name, file, weight or pair that is not there.
    """
    columns = select_columns(suite.metrics, suite.conventions)
    prepared = _prepared(suite, file.parent, where)
    found = [_open(data, file.parent, where) for data in suite.datasets]
    twice = [d.name for d in found if sum(d.name == other.name for other in found) > 1]
    if twice:
        raise FusionBenchError(f"{file}: data set {twice[0]} is named twice")
    datasets = check_datasets(found, where.findings)
    return Plan(
        out=out,
        datasets=datasets,
        columns=columns,
        prepared=prepared,
        device=where.device,
        colour=suite.colour,
        overwrite=where.overwrite,
        seed=suite.seed,
        batch=suite.batch,
        workers=where.workers or default_workers(),
        findings=where.findings.records,
        accept=where.findings.accept,
        strict=where.findings.strict,
        configuration={"suite": suite.model_dump(mode="json", exclude_defaults=True)},
    )


def _open(asked: SuiteData, folder: Path, where: Surroundings) -> DataSet:
    found = open_dataset(asked.name, where.data_root, asked.split or None)
    found = found.read_as(asked.reading)
    if asked.pairs is not None:
        found = found.only(folder / asked.pairs)
    return found.first(asked.limit).first(where.limit)


def _prepared(suite: Suite, folder: Path, where: Surroundings) -> list[Prepared]:
    rows: dict[str, Prepared] = {}
    for asked in suite.methods:
        for row in _rows(asked, folder, where):
            if row.record.name in rows and not asked.select:
                raise FusionBenchError(f"two methods are called {row.record.name}: name one anew")
            rows.setdefault(row.record.name, row)
    return list(rows.values())


def _rows(asked: SuiteMethod, folder: Path, where: Surroundings) -> list[Prepared]:
    finder = where.finder or WeightsFinder()
    if asked.select:
        return prepare_methods(asked.select, device=where.device, finder=finder)
    beside = folder / asked.weights
    weights = str(beside) if asked.weights and beside.is_file() else asked.weights
    (row,) = prepare_methods(
        asked.method,
        weights=[f"{asked.method}={weights}"] if weights else [],
        options=[f"{asked.method}.{key}={value}" for key, value in asked.options.items()],
        device=where.device,
        finder=finder,
    )
    named = {"name": asked.name or row.record.name, "label": asked.label or row.record.label}
    return [replace(row, record=row.record.model_copy(update=named))]
