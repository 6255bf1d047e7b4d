"""Runs as they can be compared: a run's folder, or what was published of one."""

from __future__ import annotations

import csv
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fusionbench.errors import FusionBenchError
from fusionbench.files import plain_cell
from fusionbench.manifest import Manifest
from fusionbench.report.collect import Result, collect, said_of
from fusionbench.report.csvs import SCORES_HEADER
from fusionbench.runs import Row, Run

LETTERS = string.ascii_uppercase


@dataclass(frozen=True)
class Loaded:
    """A run under its letter.

    Attributes:
        letter: ``A`` for the first run.
        root: Its folder.
        manifest: What it was made from.
        results: The results of every method on every data set.
    """

    letter: str
    root: Path
    manifest: Manifest
    results: tuple[Result, ...]

    def result(self, dataset: str, method: str) -> Result | None:
        """The result of a method on a data set, if the run has it."""
        for result in self.results:
            if (result.dataset.name, result.method.name) == (dataset, method):
                return result
        return None


def load(folders: Sequence[Path]) -> list[Loaded]:
    """Read runs, or what ``fusionbench publish`` wrote of them.

    Raises:
        FusionBenchError: A folder holds no run or no scores, or there are too few or too many runs.
    """
    if not 2 <= len(folders) <= len(LETTERS):
        raise FusionBenchError(
            f"{len(folders)} runs given: expected two at least and {len(LETTERS)} at most"
        )
    loaded = [_load(letter, root) for letter, root in zip(LETTERS, folders, strict=False)]
    if empty := [str(run.root) for run in loaded if not any(r.rows for r in run.results)]:
        raise FusionBenchError(
            f"no scores in {', '.join(empty)}: `fusionbench score RUN` computes them"
        )
    return loaded


def _load(letter: str, root: Path) -> Loaded:
    run = Run(root)
    if (root / "scores").is_dir() or not (root / "scores.csv").is_file():
        results = collect(run)
    else:
        results = _published(run)
    return Loaded(letter, root, run.manifest, tuple(results))


def _published(run: Run) -> list[Result]:
    """The results that ``scores.csv`` holds; which pairs a method failed on is not in it."""
    rows: dict[tuple[str, str], dict[str, Row]] = {}
    for line in _lines(run.root / "scores.csv"):
        of_method = rows.setdefault((line["dataset"], line["method"]), {})
        row = of_method.setdefault(line["pair"], {"values": {}})
        row["values"][f"{line['metric']}@{line['convention']}"] = float(line["value"])
    found = []
    for dataset in run.manifest.datasets:
        for method in run.manifest.methods:
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
            if tuple(reader.fieldnames or ()) != SCORES_HEADER:
                raise ValueError(f"its first line is not {','.join(SCORES_HEADER)}")
            for line in lines:
                float(line["value"])
                for name in ("dataset", "pair", "method"):
                    line[name] = plain_cell(line[name])
    except (OSError, ValueError, TypeError) as error:
        raise FusionBenchError(f"{path} does not hold the scores of a run: {error}") from error
    return lines
