"""How the order of the methods changes across metrics and across conventions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from fusionbench.report.ranking import Contest, Ranking
from fusionbench.statistics import kendall, moved

HEADER = ("dataset", "first", "second", "methods", "kendall_tau", "moved")


def agreements(rankings: Sequence[Ranking]) -> Iterator[tuple[object, ...]]:
    """Rows of ``stability.csv``: how far two orders of mean ranks agree.

    Compared are every metric with the overall order of its convention, and the same metric, or the
    overall order, under every two conventions. ``moved`` counts the methods whose place differs.
    """
    for ranking in rankings:
        for contest in ranking.contests:
            if ranking.overall:
                yield _row(ranking, contest, ranking, ranking.overall)
    for first, second in itertools.combinations(rankings, 2):
        if first.board.dataset.name == second.board.dataset.name:
            others = {contest.name: contest for contest in second.all}
            for contest in first.all:
                if contest.name in others:
                    yield _row(first, contest, second, others[contest.name])


def agreement(first: Contest, second: Contest) -> tuple[int, float, int]:
    """Over the methods that both rank: their number, Kendall's tau, and how many moved."""
    common = [name for name in first.places if name in second.places]
    one = np.array([first.places[name] for name in common])
    other = np.array([second.places[name] for name in common])
    return len(common), kendall(one, other), moved(one, other)


def _row(one: Ranking, first: Contest, other: Ranking, second: Contest) -> tuple[object, ...]:
    methods, tau, changed = agreement(first, second)
    return (
        one.board.dataset.name,
        f"{first.name}@{one.board.convention}",
        f"{second.name}@{other.board.convention}",
        methods,
        "" if np.isnan(tau) else repr(tau),
        changed,
    )
