"""A run's score rows, read once, and what they come to for each cell of a table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from fusionbench.checks import FindingRecord
from fusionbench.manifest import ColumnRecord, DataSetRecord, Manifest, MethodRecord
from fusionbench.runs import Row, Run


def full_name(column: ColumnRecord) -> str:
    """``metric@convention``."""
    return f"{column.metric}@{column.convention}"


def is_anchor(method: MethodRecord) -> bool:
    """Whether a row of the table is a source image itself; those are shown and never ranked."""
    return method.is_source


def anchors_first(methods: Iterable[MethodRecord]) -> list[MethodRecord]:
    """The source images, then the methods, each in their order."""
    return sorted(methods, key=lambda m: not is_anchor(m))


@dataclass(frozen=True)
class Cell:
    """One metric of one method on one data set.

    Attributes:
        values: The value of every pair on which the metric gave one (never NaN; may be infinite).
        undefined: Pairs on which it is NaN.
        reasons: Why, for those of them of which it is known.
        errors: Pairs on which it raised, with ``Type: text``.
    """

    values: dict[str, float] = field(default_factory=dict)
    undefined: tuple[str, ...] = ()
    reasons: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Mean over the pairs that have a value, correctly rounded; NaN where there is none."""
        values = list(self.values.values())
        if not values:
            return math.nan
        if not all(map(math.isfinite, values)):
            return sum(values)
        return math.fsum(values) / len(values)

    @property
    def pairs(self) -> int:
        """On how many pairs the metric was evaluated, whatever came of it."""
        return len(self.values) + len(self.undefined) + len(self.errors)


@dataclass(frozen=True)
class Result:
    """One method on one data set.

    Attributes:
        dataset, method: Whose result this is.
        rows: The newest score row of every pair of the manifest that has one, in its order.
        failed: Pairs on which the method failed, with ``Type: text``.
        absent: Number of pairs for which a folder brought from elsewhere holds no image.
        findings: What checks found in the method's images of the data set, and tables say.
        refused: Those of them because of which there are no numbers; ``failed`` holds every pair.
    """

    dataset: DataSetRecord
    method: MethodRecord
    rows: dict[str, Row]
    failed: dict[str, str]
    absent: int = 0
    findings: tuple[FindingRecord, ...] = ()
    refused: tuple[FindingRecord, ...] = ()
    _cells: dict[str, Cell] = field(default_factory=dict, repr=False, compare=False)

    def cell(self, column: ColumnRecord) -> Cell:
        """What the rows say about one column."""
        name = full_name(column)
        if name not in self._cells:
            self._cells[name] = self._read(name)
        return self._cells[name]

    def _read(self, name: str) -> Cell:
        values, undefined, errors, reasons = {}, [], {}, {}
        for pair, row in self.rows.items():
            if name in row.get("errors", {}):
                errors[pair] = str(row["errors"][name])
            elif name in row.get("values", {}):
                value = float(row["values"][name])
                if math.isnan(value):
                    undefined.append(pair)
                    if why := row.get("reasons", {}).get(name):
                        reasons[pair] = str(why)
                else:
                    values[pair] = value
        return Cell(values, tuple(undefined), reasons, errors)

    def scored(self, columns: Iterable[ColumnRecord]) -> int:
        """The number of pairs that have been scored under any of the columns."""
        return max((self.cell(c).pairs for c in columns), default=0)

    def mean(self, column: ColumnRecord) -> float:
        """The mean as the table holds it: NaN where the method failed on any pair."""
        return math.nan if self.failed else self.cell(column).mean


@dataclass(frozen=True)
class Board:
    """One table: a data set under a convention; ``findings`` are about its pairs."""

    dataset: DataSetRecord
    convention: str
    columns: tuple[ColumnRecord, ...]
    results: tuple[Result, ...]
    version: str
    findings: tuple[FindingRecord, ...] = ()


def collect(run: Run) -> list[Result]:
    """The results of every method on every data set, in the manifest's order.

    Pairs, methods and data sets that the manifest does not name are left out, and so are scores of
    a pair on which the method failed afterwards.
    """
    return [
        _result(run, dataset, method)
        for dataset in run.manifest.datasets
        for method in run.manifest.methods
    ]


def _result(run: Run, dataset: DataSetRecord, method: MethodRecord) -> Result:
    failures = run.failures(dataset.name, method.name)
    scores = run.scores(dataset.name, method.name)
    ids = [pair.id for pair in dataset.pairs]
    failed = {i: str(failures[i]["error"]) for i in ids if i in failures}
    findings = said_of(run.manifest, dataset.name, method.name)
    refused = tuple(found for found in findings if found.stops)
    if refused:
        failed = dict.fromkeys(ids, f"refused: {refused[0].said()}")
    rows = {i: scores[i] for i in ids if i in scores and i not in failed}
    absent = sum(not run.has_image(dataset, method, pair) for pair in dataset.pairs)
    return Result(dataset, method, rows, failed, absent, findings, refused)


def said_of(manifest: Manifest, dataset: str, method: str) -> tuple[FindingRecord, ...]:
    """What tables say of a method's images of a data set, or of the data set alone."""
    about = (found for found in manifest.findings if found.in_tables and found.method == method)
    return tuple(found for found in about if found.dataset in ("", dataset))


def conventions(manifest: Manifest) -> list[str]:
    """Conventions in the order in which the manifest's columns name them."""
    return list(dict.fromkeys(column.convention for column in manifest.columns))


def boards(run: Run, results: list[Result]) -> list[Board]:
    """One board for each data set under each convention."""
    manifest = run.manifest
    return [
        Board(
            dataset,
            convention,
            tuple(c for c in manifest.columns if c.convention == convention),
            tuple(r for r in results if r.dataset is dataset),
            manifest.versions.get("fusionbench", "unknown"),
            said_of(manifest, dataset.name, ""),
        )
        for dataset in manifest.datasets
        for convention in conventions(manifest)
    ]


def counted(texts: Iterable[str]) -> list[tuple[str, int]]:
    """Different texts with how often each occurs, in the order of their first occurrence."""
    return list(Counter(texts).items())
