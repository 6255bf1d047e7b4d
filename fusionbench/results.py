"""A run, read once: what its rows come to for each cell of a table, and tidy frames of it."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fusionbench.checks import FindingRecord
from fusionbench.choosing import Choice
from fusionbench.errors import FusionBenchError
from fusionbench.files import plain_cell
from fusionbench.manifest import ColumnRecord, DataSetRecord, Manifest, MethodRecord
from fusionbench.runs import Row, Run

if TYPE_CHECKING:
    import pandas as pd

SCORES = ("dataset", "pair", "method", "metric", "convention", "value")
"""The columns of ``scores.csv``."""


def full_name(column: ColumnRecord) -> str:
    """``metric@convention``."""
    return f"{column.metric}@{column.convention}"


def sources_first(methods: Iterable[MethodRecord]) -> list[MethodRecord]:
    """The source images, then the methods, each in their order."""
    return sorted(methods, key=lambda m: not m.is_source)


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

    def listed(self, order: Iterable[str]) -> Iterator[tuple[str, float, str]]:
        """Pair, value (NaN where there is none) and why there is none, in the order of pairs."""
        undefined = set(self.undefined)
        for pair in order:
            if pair in self.values:
                yield pair, self.values[pair], ""
            elif pair in undefined:
                yield pair, math.nan, f"undefined: {self.reasons.get(pair, '')}".rstrip(": ")
            elif pair in self.errors:
                yield pair, math.nan, f"failed: {self.errors[pair]}"


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

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Every value of the board; see :func:`scores_frame`."""
        return scores_frame(self.results, self.columns)


@dataclass(frozen=True)
class Results:
    """Everything that a run's score rows say, read once.

    Attributes:
        run: The run; its manifest holds the rows and columns that were chosen.
        every: The results of every method on every data set, in the manifest's order.
        whole: The results before any were chosen.
        sources: Whether the source images are shown.
    """

    run: Run
    every: tuple[Result, ...]
    whole: Results | None = None
    sources: bool = True

    @classmethod
    def read(cls, run: Run, choice: Choice | None = None) -> Results:
        """Read a run, or what ``fusionbench publish`` wrote of it.

        Pairs, methods and data sets that the manifest does not name are left out, and so are scores
        of a pair on which the method failed afterwards.

        Args:
            run: The run.
            choice: Which of its methods and metrics, and under which names.

        Raises:
            FusionBenchError: The folder is not a run, or its ``scores.csv`` is damaged.
            UnknownNameError: The choice names what the run has not.
        """
        if (run.root / "scores").is_dir() or not (run.root / "scores.csv").is_file():
            found = [_result(run, *names) for names in _cells(run.manifest)]
        else:
            found = _published(run)
        whole = cls(run, tuple(found))
        return whole if choice is None else whole.choose(choice)

    def choose(self, choice: Choice) -> Results:
        """Some of the results, or all under other names.

        Raises:
            UnknownNameError: The choice names what the run has not.
        """
        run = choice.of(self.run)
        known = {(r.dataset.name, r.method.name): r for r in self.every}
        found = [
            replace(known[dataset.name, method.name], method=method)
            for dataset, method in _cells(run.manifest)
        ]
        return Results(run, tuple(found), self.whole or self, choice.sources)

    @property
    def manifest(self) -> Manifest:
        """What the run was made from."""
        return self.run.manifest

    def boards(self, *, side_by_side: bool = False) -> list[Board]:
        """One board for each data set under each convention, or under all of them at once."""
        manifest = self.manifest
        named = conventions(manifest)
        groups = [tuple(named)] if side_by_side else [(name,) for name in named]
        return [
            Board(
                dataset,
                ", ".join(group),
                tuple(c for c in manifest.columns if c.convention in group),
                tuple(r for r in self.every if r.dataset is dataset),
                manifest.versions.get("fusionbench", "unknown"),
                said_of(manifest, dataset.name, ""),
            )
            for dataset in manifest.datasets
            for group in groups
        ]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Every value of the run; see :func:`scores_frame`."""
        return scores_frame(self.every, self.manifest.columns)

    @cached_property
    def means(self) -> pd.DataFrame:
        """The leaderboard: a row for each method on a data set under a convention.

        ``n`` is the number of pairs scored; then a column for each metric, NaN where the method
        failed on a pair or the metric is not of the convention; ``notes`` is what checks found.
        """
        import pandas as pd

        metrics = list(dict.fromkeys(column.metric for column in self.manifest.columns))
        rows = []
        for board in self.boards():
            of = {column.metric: column for column in board.columns}
            for result in board.results:
                found = [*result.findings, *board.findings]
                means = [result.mean(of[m]) if m in of else math.nan for m in metrics]
                rows.append(
                    [
                        *(board.dataset.name, board.convention, result.method.name),
                        *(result.method.label, result.scored(board.columns), *means),
                        "; ".join(one.said() for one in found),
                    ]
                )
        names = ["dataset", "convention", "method", "label", "n", *metrics, "notes"]
        return pd.DataFrame(rows, columns=names)

    @cached_property
    def detection(self) -> pd.DataFrame:
        """Average precision of every class and method; no rows for a run without detection."""
        from fusionbench.detection.results import collect_detection, detection_frame

        return detection_frame(collect_detection(self.run))

    @cached_property
    def profile(self) -> pd.DataFrame:
        """Every time, memory and count that was measured; no rows for a run without a profile."""
        import pandas as pd

        from fusionbench.profiling.results import COLUMNS, profile_frame, read

        found = read(self.run.root)
        return profile_frame(found) if found else pd.DataFrame(columns=list(COLUMNS))

    @cached_property
    def methods(self) -> pd.DataFrame:
        """The methods of the run: one row each."""
        import pandas as pd

        return pd.DataFrame(
            {
                "method": m.name,
                "label": m.label,
                "family": m.family,
                "year": m.year,
                "source": m.is_source,
                "weights": m.weights.file if m.weights else "",
                "weights_sha256": m.weights.sha256 if m.weights else "",
                "options": ", ".join(f"{k}={v}" for k, v in m.options.items()),
                "trained_on": ", ".join(m.trained_on),
                "fingerprint": m.fingerprint,
            }
            for m in self.manifest.methods
        )

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """The pairs of the run: their files and checksums."""
        import pandas as pd

        names = ("ir", "vis", "ir_sha256", "vis_sha256")
        rows = [
            (d.name, d.split, p.id, *(getattr(p, name) for name in names))
            for d in self.manifest.datasets
            for p in d.pairs
        ]
        return pd.DataFrame(rows, columns=["dataset", "split", "pair", *names])

    @cached_property
    def failures(self) -> pd.DataFrame:
        """Pairs on which a method failed, and values that a metric could not compute."""
        import pandas as pd

        rows = [
            (r.dataset.name, r.method.name, pair, "", text)
            for r in self.every
            for pair, text in r.failed.items()
        ]
        rows += [
            (r.dataset.name, r.method.name, pair, full_name(column), text)
            for r in self.every
            for column in self.manifest.columns
            for pair, text in r.cell(column).errors.items()
        ]
        return pd.DataFrame(rows, columns=["dataset", "method", "pair", "column", "error"])


def scores_frame(results: Iterable[Result], columns: Sequence[ColumnRecord]) -> pd.DataFrame:
    """One row for each value: a metric under a convention, of a method's image of a pair.

    ``value`` is NaN where the metric gives none; ``problem`` says why. ``source`` is whether the
    method is a copy of a source image, which is never ranked.
    """
    import pandas as pd

    rows = []
    for r in results:
        data, who = r.dataset, (r.method.name, r.method.label, r.method.is_source)
        cells = [(c, {pair: found for pair, *found in r.cell(c).listed(r.rows)}) for c in columns]
        for pair in r.rows:
            where = (data.name, data.split, pair)
            for c, of in cells:
                if pair in of:
                    rows.append((*where, *who, c.metric, c.convention, c.better, *of[pair]))
    names = "dataset split pair method label source metric convention better value problem"
    frame = pd.DataFrame(rows, columns=names.split())
    return frame.astype({"source": bool, "value": float})  # of no rows too


def _cells(manifest: Manifest) -> list[tuple[DataSetRecord, MethodRecord]]:
    return [(dataset, method) for dataset in manifest.datasets for method in manifest.methods]


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


def _published(run: Run) -> list[Result]:
    """The results that ``scores.csv`` holds; which pairs a method failed on is not in it."""
    rows: dict[tuple[str, str], dict[str, Row]] = {}
    for line in _lines(run.root / "scores.csv"):
        of_method = rows.setdefault((line["dataset"], line["method"]), {})
        row = of_method.setdefault(line["pair"], {"values": {}})
        row["values"][f"{line['metric']}@{line['convention']}"] = float(line["value"])
    found = []
    for dataset, method in _cells(run.manifest):
        known = rows.get((dataset.name, method.name), {})
        in_order = {pair.id: known[pair.id] for pair in dataset.pairs if pair.id in known}
        said = said_of(run.manifest, dataset.name, method.name)
        found.append(Result(dataset, method, in_order, {}, findings=said))
    return found


def _lines(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            lines = list(reader)
            if tuple(reader.fieldnames or ()) != SCORES:
                raise ValueError(f"its first line is not {','.join(SCORES)}")
            for line in lines:
                float(line["value"])
                for name in ("dataset", "pair", "method"):
                    line[name] = plain_cell(line[name])
    except (OSError, ValueError, TypeError) as error:
        raise FusionBenchError(f"{path} does not hold the scores of a run: {error}") from error
    return lines


def said_of(manifest: Manifest, dataset: str, method: str) -> tuple[FindingRecord, ...]:
    """What tables say of a method's images of a data set, or of the data set alone."""
    about = (found for found in manifest.findings if found.in_tables and found.method == method)
    return tuple(found for found in about if found.dataset in ("", dataset))


def conventions(manifest: Manifest) -> list[str]:
    """Conventions in the order in which the manifest's columns name them."""
    return list(dict.fromkeys(column.convention for column in manifest.columns))


def counted(texts: Iterable[str]) -> list[tuple[str, int]]:
    """Different texts with how often each occurs, in the order of their first occurrence."""
    return list(Counter(texts).items())
