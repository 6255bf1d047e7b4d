"""Who is compared with whom on which pairs, and the ranks that follow, for every board of a run.

The methods are ranked on every pair, and the pairs are the blocks of Friedman's test. Source
images are not ranked, and neither is a method whose mean the tables do not hold over the pairs that
the others cover: one that failed, or that has not been scored on all of them. A pair on which a
metric is undefined for any method is left out of that metric for all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fusionbench.manifest import ColumnRecord
from fusionbench.results import Board, Result
from fusionbench.statistics import (
    Friedman,
    borda,
    cliques,
    complete,
    critical_difference,
    friedman,
    letters,
    rank_pairs,
    variance_of_ranks,
)

Floats = NDArray[np.float64]
ALPHA = 0.05
OVERALL = "overall"


@dataclass(frozen=True)
class Contest:
    """Methods that are ranked against each other on the same pairs.

    Attributes:
        name: The metric, or ``overall``.
        methods: The methods, in the table's order.
        pairs: The pairs that count.
        ranks: Pairs × methods, 1 is best; for ``overall`` averaged over the metrics.
        points: Borda points: one vote for each metric, by the means of the tables.
        dropped: Number of pairs left out because a method has no value there.
    """

    name: str
    methods: tuple[Result, ...]
    pairs: tuple[str, ...]
    ranks: Floats
    points: Floats
    dropped: int = 0

    @property
    def labels(self) -> list[str]:
        """The methods as tables name them."""
        return [result.method.label for result in self.methods]

    @cached_property
    def mean_ranks(self) -> Floats:
        """One for each method."""
        means: Floats = self.ranks.mean(axis=0)
        return means

    @cached_property
    def test(self) -> Friedman:
        """Friedman's test: whether the methods differ at all."""
        return friedman(self.mean_ranks, len(self.pairs), variance_of_ranks(self.ranks))

    @cached_property
    def critical_difference(self) -> float:
        """Nemenyi's critical difference at 0.05."""
        variance = variance_of_ranks(self.ranks)
        return critical_difference(len(self.methods), len(self.pairs), variance, ALPHA)

    @property
    def differs(self) -> bool:
        """Whether Friedman's test finds any difference at 0.05."""
        return self.test.p < ALPHA

    @cached_property
    def cliques(self) -> list[tuple[int, ...]]:
        """Groups that cannot be told apart; all are one group where Friedman finds nothing."""
        reach = self.critical_difference if self.differs else math.inf
        return cliques(self.mean_ranks.tolist(), reach)

    @cached_property
    def letters(self) -> list[str]:
        """The letters of each method's groups."""
        return letters(self.cliques, len(self.methods))

    @cached_property
    def places(self) -> dict[str, float]:
        """The place of each method by its mean rank, by name: 1 is best, ties share the mean."""
        means = np.round(self.mean_ranks, 9)[None]
        places = rank_pairs(means, "lower")[0].tolist()
        return {r.method.name: p for r, p in zip(self.methods, places, strict=True)}


@dataclass(frozen=True)
class Ranking:
    """Every contest of a board: one for each metric with two methods to compare, and overall.

    ``left_out`` says for each method that is in no overall order why.
    """

    board: Board
    contests: tuple[Contest, ...]
    overall: Contest | None
    left_out: tuple[tuple[str, str], ...]

    @property
    def all(self) -> list[Contest]:
        """The contests of the metrics and then the overall one."""
        return [*self.contests, *([self.overall] if self.overall else [])]


def rank_board(board: Board) -> Ranking:
    """Rank the methods of a board by every metric and overall.

    Overall, the methods that every metric ranks are ranked on the pairs that every metric has, and
    a method's rank on a pair is the mean of its ranks there over the metrics. A metric without two
    methods to compare on a common pair has no contest, and takes no part.
    """
    entered = [(column, contenders(board, column)) for column in board.columns]
    made = [(c, methods, _contest(c, methods)) for c, methods in entered if len(methods) > 1]
    held = [(column, methods) for column, methods, contest in made if contest.pairs]
    contests = tuple(contest for _, _, contest in made if contest.pairs)
    return Ranking(board, contests, _overall(held), tuple(_left_out(board, held)))


def contenders(board: Board, column: ColumnRecord) -> tuple[Result, ...]:
    """The methods that a column ranks: not failed, and evaluated on as many pairs as any other."""
    able = [r for r in board.results if not r.method.is_source and not r.failed]
    most = max((r.cell(column).pairs for r in able), default=0)
    return tuple(r for r in able if r.cell(column).pairs == most and r.cell(column).values)


def values_of(column: ColumnRecord, methods: Sequence[Result]) -> tuple[list[str], Floats]:
    """The pairs that any of the methods has been scored on, and pairs × methods with NaN."""
    order = [pair.id for pair in methods[0].dataset.pairs] if methods else []
    cells = [result.cell(column).values for result in methods]
    pairs = [pair for pair in order if any(pair in r.rows for r in methods)]
    table = [[cell.get(pair, math.nan) for cell in cells] for pair in pairs]
    return pairs, np.array(table, np.float64).reshape(len(pairs), len(cells))


def _contest(column: ColumnRecord, methods: tuple[Result, ...]) -> Contest:
    pairs, values = values_of(column, methods)
    kept = complete(values)
    ranks = rank_pairs(values[kept], column.better) if kept.any() else np.ones((0, len(methods)))
    return Contest(
        column.metric,
        methods,
        tuple(pair for pair, keep in zip(pairs, kept, strict=True) if keep),
        ranks,
        _points(column, methods),
        int((~kept).sum()),
    )


def _points(column: ColumnRecord, methods: Sequence[Result]) -> Floats:
    means = np.array([r.mean(column) for r in methods])
    # an infinite value of each sign has no mean: such a method comes last
    worst = -np.inf if column.better == "higher" else np.inf
    return borda(np.where(np.isnan(means), worst, means), column.better)


def _overall(fields: Sequence[tuple[ColumnRecord, tuple[Result, ...]]]) -> Contest | None:
    if not fields:
        return None
    methods = tuple(r for r in fields[0][1] if all(r in others for _, others in fields))
    if len(methods) < 2:
        return None
    tables = [values_of(column, methods) for column, _ in fields]
    pairs = tables[0][0]
    kept = complete(np.hstack([values for _, values in tables]))
    ranks = [
        rank_pairs(values[kept], column.better)
        for (_, values), (column, _) in zip(tables, fields, strict=True)
    ]
    points = sum((_points(column, methods) for column, _ in fields), np.zeros(len(methods)))
    names = tuple(pair for pair, keep in zip(pairs, kept, strict=True) if keep)
    if not names:
        return None
    return Contest(OVERALL, methods, names, np.mean(ranks, axis=0), points, int((~kept).sum()))


def _left_out(
    board: Board, fields: Sequence[tuple[ColumnRecord, tuple[Result, ...]]]
) -> list[tuple[str, str]]:
    said = []
    for result in board.results:
        lacking = [column.metric for column, methods in fields if result not in methods]
        if result.method.is_source or not lacking:
            continue
        if result.failed:
            reason = f"failed on {len(result.failed)} of {len(result.dataset.pairs)} pairs"
        else:
            reason = f"not on the pairs of the others in {', '.join(lacking)}"
        said.append((result.method.label, reason))
    return said
