"""Runs as they can be compared: a run's folder, or what was published of one."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fusionbench.errors import FusionBenchError
from fusionbench.manifest import Manifest
from fusionbench.results import Result, Results
from fusionbench.runs import Run

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
    found = Results.read(Run(root))
    return Loaded(letter, root, found.manifest, found.every)
