"""Names that figures still use."""

from __future__ import annotations

from fusionbench.manifest import MethodRecord
from fusionbench.results import *  # noqa: F403
from fusionbench.results import Board, Result, Results
from fusionbench.runs import Run


def is_anchor(method: MethodRecord) -> bool:
    return method.is_source


def collect(run: Run) -> list[Result]:
    return list(Results.read(run).every)


def boards(run: Run, results: list[Result]) -> list[Board]:
    return Results(run, tuple(results)).boards()
