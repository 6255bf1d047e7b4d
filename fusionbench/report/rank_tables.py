"""``ranks.csv``, ``ranks.md``, ``significance.csv`` and ``stability.csv``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusionbench.files import csv_text, write_text
from fusionbench.manifest import ColumnRecord
from fusionbench.report import stability
from fusionbench.report.collect import Result, boards
from fusionbench.report.rank_markdown import ranks_markdown
from fusionbench.report.ranking import ALPHA, Contest, Ranking, contenders, rank_board, values_of
from fusionbench.runs import Run
from fusionbench.statistics import difference_intervals, holm, mean_intervals, wilcoxon

Floats = NDArray[np.float64]
RANKS_HEADER = (
    *("dataset", "convention", "metric", "method", "label", "n", "mean", "mean_low", "mean_high"),
    *("mean_rank", "borda", "groups", "friedman", "friedman_p", "critical_difference"),
)
SIGNIFICANCE_HEADER = (
    *("dataset", "convention", "metric", "first", "second", "n", "difference"),
    *("difference_low", "difference_high", "wilcoxon_p", "holm_p", "better"),
)


def write_ranks(run: Run, results: list[Result]) -> list[Path]:
    """Write ranks, tests and intervals, for every data set under every convention.

    ``ranks.csv`` and ``ranks.md`` hold each method's mean rank by every metric and overall, its
    Borda points, and letters of the groups that cannot be told apart (Friedman's test, then
    Nemenyi's critical difference, both at 0.05). ``significance.csv`` compares every two methods
    by every metric: the mean difference with its 95 % bootstrap interval, and Wilcoxon's p value
    as it is and after Holm's correction over all comparisons by that metric on that data set.
    ``stability.csv`` says how far the orders of different metrics and conventions agree.

    Returns:
        The four files.
    """
    rankings = [rank_board(board) for board in boards(run, results)]
    texts = {
        "ranks.csv": csv_text([RANKS_HEADER, *_ranks(rankings)]),
        "ranks.md": ranks_markdown(rankings),
        "significance.csv": csv_text([SIGNIFICANCE_HEADER, *_comparisons(rankings)]),
        "stability.csv": csv_text([stability.HEADER, *stability.agreements(rankings)]),
    }
    for name, text in texts.items():
        write_text(run.root / name, text)
    return [run.root / name for name in texts]


def _number(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))


def _ranks(rankings: Sequence[Ranking]) -> Iterator[Sequence[object]]:
    for ranking in rankings:
        columns = {column.metric: column for column in ranking.board.columns}
        for contest in ranking.all:
            means = _means(columns.get(contest.name), contest)
            for place, result in enumerate(contest.methods):
                numbers = (contest.mean_ranks[place], contest.points[place])
                yield [
                    ranking.board.dataset.name,
                    ranking.board.convention,
                    contest.name,
                    result.method.name,
                    result.method.label,
                    len(contest.pairs),
                    *map(_number, means[place]),
                    *map(_number, numbers),
                    contest.letters[place],
                    _number(contest.test.statistic),
                    _number(contest.test.p),
                    _number(contest.critical_difference),
                ]


def _means(column: ColumnRecord | None, contest: Contest) -> Floats:
    """Mean and its interval over the contest's pairs; the interval is NaN where one is infinite."""
    found = np.full((len(contest.methods), 3), np.nan)
    if column is not None:
        values = _values(column, contest.methods, contest.pairs)
        finite = np.isfinite(values).all(axis=0)
        with np.errstate(invalid="ignore"):
            found[:, 0] = values.mean(axis=0)
        found[finite, 1:] = mean_intervals(values[:, finite])
    return found


def _values(column: ColumnRecord, methods: Sequence[Result], pairs: Sequence[str]) -> Floats:
    cells = [result.cell(column).values for result in methods]
    return np.array([[cell[pair] for cell in cells] for pair in pairs], np.float64)


def _comparisons(rankings: Sequence[Ranking]) -> Iterator[Sequence[object]]:
    for ranking in rankings:
        for column in ranking.board.columns:
            yield from _compared(ranking, column)


def _compared(ranking: Ranking, column: ColumnRecord) -> Iterator[Sequence[object]]:
    """Every two methods of a column, on the pairs where every method has a finite value."""
    methods = contenders(ranking.board, column)
    values = values_of(column, methods)[1] if len(methods) > 1 else np.ones((0, 0))
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        return
    first, second = np.triu_indices(len(methods), 1)
    differences = values[:, first] - values[:, second]
    means = differences.mean(axis=0)
    ends = difference_intervals(values, first, second)
    p = wilcoxon(differences)
    corrected = holm(p)
    for i, (one, other) in enumerate(zip(first, second, strict=True)):
        wins = (means[i] > 0) == (column.better == "higher")
        winner = methods[one if wins else other].method.name
        yield [
            ranking.board.dataset.name,
            ranking.board.convention,
            column.metric,
            methods[one].method.name,
            methods[other].method.name,
            len(values),
            *map(_number, (means[i], *ends[i], p[i], corrected[i])),
            winner if corrected[i] < ALPHA and means[i] != 0 else "",
        ]
