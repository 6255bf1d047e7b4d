"""Ranks, tests and intervals of a run: ``ranks.*``, ``significance.csv`` and ``stability.csv``."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fusionbench.files import write_texts
from fusionbench.manifest import ColumnRecord, MethodRecord
from fusionbench.report.leaderboard import heading, provenance, references
from fusionbench.results import Results
from fusionbench.statistics import (
    difference_intervals,
    holm,
    kendall,
    mean_intervals,
    moved,
    wilcoxon,
)
from fusionbench.statistics.contests import (
    ALPHA,
    Contest,
    Ranking,
    contenders,
    rank_board,
    values_of,
)
from fusionbench.tables.csvs import frame_text
from fusionbench.tables.escaping import symbol
from fusionbench.tables.latex import write_tables
from fusionbench.tables.markdown import document
from fusionbench.tables.model import DASH, Block, Entry, Header, Line, Table
from fusionbench.tables.notes import pairs_word

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
RANKS_HEADER = (
    *("dataset", "convention", "metric", "method", "label", "n", "mean", "mean_low", "mean_high"),
    *("mean_rank", "borda", "groups", "friedman", "friedman_p", "critical_difference"),
)
SIGNIFICANCE_HEADER = (
    *("dataset", "convention", "metric", "first", "second", "n", "difference"),
    *("difference_low", "difference_high", "wilcoxon_p", "holm_p", "better"),
)
STABILITY_HEADER = ("dataset", "first", "second", "methods", "kendall_tau", "moved")
DOWN = r"$\downarrow$"
LEGEND = (
    "Mean rank over the pairs (1 is best; best in bold), overall the mean over the metrics",
    "Methods that share a letter cannot be told apart: Friedman's test, then Nemenyi's critical "
    "difference (CD), both at 0.05",
)
MEANINGS = (
    "Borda counts, over the metrics, the methods with a worse mean. "
    "τ overall is Kendall's tau of a metric's order with the overall one. "
    "Source images are not ranked",
)


def rankings_of(results: Results) -> list[Ranking]:
    """The contests of every data set under every convention."""
    return [rank_board(board) for board in results.boards()]


def write_ranks(
    results: Results,
    rankings: Sequence[Ranking] | None = None,
    significance: pd.DataFrame | None = None,
) -> list[Path]:
    """Write ranks, tests and intervals, for every data set under every convention.

    ``ranks.csv``, ``ranks.md`` and ``ranks.tex`` hold each method's mean rank by every metric and
    overall, its Borda points, and letters of the groups that cannot be told apart (Friedman's test,
    then Nemenyi's critical difference, both at 0.05). ``significance.csv`` compares every two
    methods by every metric: the mean difference with its 95 % bootstrap interval, and Wilcoxon's p
    value as it is and after Holm's correction over all comparisons by that metric on that data set.
    ``stability.csv`` says how far the orders of different metrics and conventions agree.

    Args:
        results: Of a run.
        rankings: What :func:`rankings_of` gives, where it has been computed.
        significance: What :func:`significance_frame` gives of them, likewise.
    """
    root = results.run.root
    rankings = rankings_of(results) if rankings is None else rankings
    frame = significance_frame(rankings) if significance is None else significance
    tables = rank_tables(rankings)
    compared = convention_tables(rankings)
    texts = {
        "ranks.csv": frame_text(rank_frame(rankings)),
        "ranks.md": document("Ranks", [*tables, *compared]),
        "significance.csv": frame_text(frame),
        "stability.csv": frame_text(stability_frame(rankings)),
    }
    cited = references(results.manifest)
    return [*write_texts(root, texts), *write_tables(root, "ranks", tables, cited)]


def rank_frame(rankings: Sequence[Ranking]) -> pd.DataFrame:
    """The rows of ``ranks.csv``: a method's ranks by a metric, or ``overall``, with the tests."""
    import pandas as pd

    return pd.DataFrame(_ranks(rankings), columns=RANKS_HEADER)


def significance_frame(rankings: Sequence[Ranking]) -> pd.DataFrame:
    """The rows of ``significance.csv``: every two methods by every metric."""
    import pandas as pd

    rows = (r for g in rankings for column in g.board.columns for r in _compared(g, column))
    return pd.DataFrame(rows, columns=SIGNIFICANCE_HEADER)


def stability_frame(rankings: Sequence[Ranking]) -> pd.DataFrame:
    """The rows of ``stability.csv``: how far two orders of mean ranks agree.

    Compared are every metric with the overall order of its convention, and the same metric, or the
    overall order, under every two conventions. ``moved`` counts the methods whose place differs.
    """
    import pandas as pd

    return pd.DataFrame(_agreements(rankings), columns=STABILITY_HEADER)


def _ranks(rankings: Sequence[Ranking]) -> Iterator[Sequence[object]]:
    for ranking in rankings:
        columns = {column.metric: column for column in ranking.board.columns}
        for contest in ranking.all:
            means = _means(columns.get(contest.name), contest)
            for place, result in enumerate(contest.methods):
                yield [
                    ranking.board.dataset.name,
                    ranking.board.convention,
                    contest.name,
                    result.method.name,
                    result.method.label,
                    len(contest.pairs),
                    *means[place],
                    contest.mean_ranks[place],
                    contest.points[place],
                    contest.letters[place],
                    contest.test.statistic,
                    contest.test.p,
                    contest.critical_difference,
                ]


def _means(column: ColumnRecord | None, contest: Contest) -> Floats:
    """Mean and its interval over the contest's pairs; the interval is NaN where one is infinite."""
    found = np.full((len(contest.methods), 3), np.nan)
    if column is not None:
        cells = [result.cell(column).values for result in contest.methods]
        values = np.array([[cell[pair] for cell in cells] for pair in contest.pairs], np.float64)
        finite = np.isfinite(values).all(axis=0)
        with np.errstate(invalid="ignore"):
            found[:, 0] = values.mean(axis=0)
        found[finite, 1:] = mean_intervals(values[:, finite])
    return found


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
            *(means[i], *ends[i], p[i], corrected[i]),
            winner if corrected[i] < ALPHA and means[i] != 0 else "",
        ]


def _agreements(rankings: Sequence[Ranking]) -> Iterator[Sequence[object]]:
    for ranking in rankings:
        for contest in ranking.contests:
            if ranking.overall:
                yield _agreed(ranking, contest, ranking, ranking.overall)
    for first, second, one, other in _same_contests(rankings):
        yield _agreed(first, one, second, other)


def _same_contests(
    rankings: Sequence[Ranking],
) -> Iterator[tuple[Ranking, Ranking, Contest, Contest]]:
    """The same contest under every two conventions of a data set."""
    for first, second in itertools.combinations(rankings, 2):
        if first.board.dataset.name == second.board.dataset.name:
            others = {contest.name: contest for contest in second.all}
            for one in first.all:
                if one.name in others:
                    yield first, second, one, others[one.name]


def agreement(first: Contest, second: Contest) -> tuple[int, float, int]:
    """Over the methods that both rank: their number, Kendall's tau, and how many moved."""
    common = [name for name in first.places if name in second.places]
    one = np.array([first.places[name] for name in common])
    other = np.array([second.places[name] for name in common])
    return len(common), kendall(one, other), moved(one, other)


def _agreed(one: Ranking, first: Contest, other: Ranking, second: Contest) -> Sequence[object]:
    names = (
        f"{contest.name}@{ranking.board.convention}"
        for ranking, contest in ((one, first), (other, second))
    )
    return [one.board.dataset.name, *names, *agreement(first, second)]


def rank_tables(rankings: Sequence[Ranking]) -> list[Table]:
    """Mean ranks with the groups that cannot be told apart: a table for each board."""
    return [_table(ranking) for ranking in rankings]


def _table(ranking: Ranking) -> Table:
    overall, board = ranking.overall, ranking.board
    shown = [*([overall] if overall else []), *ranking.contests]
    heads = [Header(text) for text in ("Overall ↓", "Borda ↑")] if overall else []
    heads += [Header(f"{c.name} ↓", tex=rf"{symbol(c.name)} {DOWN}") for c in ranking.contests]
    lines = []
    for method in _order(ranking):
        cells = [_cell(contest, method.name) for contest in shown]
        cells[1:1] = [_borda(overall, method.name)] if overall else []
        lines.append(Line(Entry(method.label), tuple(cells), method.cite))
    said = [f"{label}: {reason}" for label, reason in ranking.left_out]
    dropped = [
        f"{contest.name}: {pairs_word(contest.dropped)} left out for want of a value"
        for contest in ranking.all
        if contest.dropped
    ]
    remarks = ["Not ranked overall: " + "; ".join(said)] if said else []
    remarks += ["; ".join(dropped)] if dropped else []
    return Table(
        name=f"ranks-{board.dataset.name}-{board.convention}",
        heading=f"Ranks on {heading(board)}",
        headers=tuple(heads),
        blocks=(Block(tuple(lines)), Block(_facts(shown, overall), "Tests")) if lines else (),
        caption=LEGEND if lines else ("No two methods can be compared",),
        remarks=(*remarks, *MEANINGS, provenance(board)),
    )


def _order(ranking: Ranking) -> list[MethodRecord]:
    """Every method that is ranked anywhere, best overall first."""
    methods = {r.method.name: r.method for c in ranking.all for r in c.methods}
    places = ranking.overall.places if ranking.overall else {}
    return sorted(methods.values(), key=lambda method: places.get(method.name, math.inf))


def _cell(contest: Contest, method: str) -> Entry:
    names = list(contest.places)
    if method not in names:
        return Entry("")
    place = names.index(method)
    best = contest.places[method] == min(contest.places.values())
    text = f"{contest.mean_ranks[place]:.2f}"
    return Entry(text, "best" if best else "", letters=contest.letters[place])


def _borda(overall: Contest, method: str) -> Entry:
    names = list(overall.places)
    if method not in names:
        return Entry("")
    points = overall.points[names.index(method)]
    return Entry(f"{points:g}", "best" if points == overall.points.max() else "")


def _facts(shown: Sequence[Contest], overall: Contest | None) -> tuple[Line, ...]:
    facts = [
        ("Pairs", [str(len(contest.pairs)) for contest in shown]),
        ("Friedman p", [p_text(contest.test.p) for contest in shown]),
        ("CD", [_number(contest.critical_difference) for contest in shown]),
    ]
    if overall:
        taus = [_number(agreement(contest, overall)[1]) for contest in shown[1:]]
        facts.append(("τ overall", ["", *taus]))
    blank = [Entry("")] if overall else []  # below Borda
    return tuple(
        Line(Entry(title), (Entry(texts[0]), *blank, *map(Entry, texts[1:])))
        for title, texts in facts
    )


def convention_tables(rankings: Sequence[Ranking]) -> list[Table]:
    """How far the orders under different conventions agree; none for a single convention."""
    lines = []
    for first, second, one, other in _same_contests(rankings):
        methods, tau, changed = agreement(one, other)
        conventions = f"{first.board.convention}, {second.board.convention}"
        facts = [conventions, one.name, str(methods), _number(tau), str(changed)]
        label = Entry(first.board.dataset.name)
        lines.append(Line(label, tuple(map(Entry, facts))))
    if not lines:
        return []
    heads = [Header("Conventions", left=True), Header("Order by", left=True)]
    heads += [Header(text) for text in ("Methods", "Kendall's τ", "Moved")]
    block = Block(tuple(lines))
    return [Table("conventions", "Conventions", tuple(heads), (block,), stub="Data set")]


def _number(value: float) -> str:
    return DASH if math.isnan(value) else f"{value:.2f}".replace("-", "−")


def p_text(value: float) -> str:
    """A p value with three decimals."""
    if math.isnan(value):
        return DASH
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
