"""``ranks.md``: mean ranks with the groups that cannot be told apart, and how stable orders are."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fusionbench.report.layout import heading, provenance
from fusionbench.report.markdown import escape
from fusionbench.report.notes import pairs_word
from fusionbench.report.ranking import Contest, Ranking
from fusionbench.report.stability import agreement

DASH = "–"
LEGEND = (
    "Each method's rank on each pair (1 is best), averaged over the pairs; *overall* is the mean "
    "of its ranks over the metrics. Methods that share a letter cannot be told apart: Friedman's "
    "test, then Nemenyi's critical difference (CD), both at 0.05. *Borda* counts, over the "
    "metrics, the methods with a worse mean. *τ overall* is Kendall's tau of a metric's order "
    "with the overall one. Source images are not ranked."
)


def ranks_markdown(rankings: Sequence[Ranking]) -> str:
    """A section for each data set under each convention, then how far conventions agree."""
    sections = ["# Ranks", "", LEGEND, ""]
    for ranking in rankings:
        sections += [f"## {escape(heading(ranking.board))}", "", *_section(ranking), ""]
    conventions = _conventions(rankings)
    if conventions:
        sections += ["## The same order under other conventions", "", *conventions, ""]
    return "\n".join(sections)


def _section(ranking: Ranking) -> list[str]:
    lines = _table(ranking) if ranking.contests else ["No two methods can be compared."]
    said = [f"{escape(label)}: {escape(reason)}" for label, reason in ranking.left_out]
    dropped = [
        f"{escape(contest.name)}: {pairs_word(contest.dropped)} left out for want of a value"
        for contest in ranking.all
        if contest.dropped
    ]
    notes = [*(["Not ranked overall: " + "; ".join(said) + "."] if said else [])]
    notes += ["; ".join(dropped) + "."] if dropped else []
    return [*lines, "", *[f"{note}\n" for note in notes], f"{escape(provenance(ranking.board))}."]


def _table(ranking: Ranking) -> list[str]:
    overall = ranking.overall
    shown = [*([overall] if overall else []), *ranking.contests]
    heads = ["Method", *(["Overall", "Borda"] if overall else [])]
    heads += [escape(contest.name) for contest in ranking.contests]
    rows = [heads, [":---", *["---:"] * (len(heads) - 1)]]
    for name, label in _order(ranking):
        row = [_cell(contest, name) for contest in shown]
        row[1:1] = [_borda(overall, name)] if overall else []
        rows.append([escape(label), *row])
    blank = [""] if overall else []
    for title, texts in _facts(shown, overall):
        rows.append([f"*{title}*", *texts[:1], *blank, *texts[1:]] if overall else [title, *texts])
    return [f"| {' | '.join(row)} |" for row in rows]


def _order(ranking: Ranking) -> list[tuple[str, str]]:
    """Names and labels of every method that is ranked anywhere, best overall first."""
    labels = {r.method.name: r.method.label for c in ranking.all for r in c.methods}
    places = ranking.overall.places if ranking.overall else {}
    return sorted(labels.items(), key=lambda item: places.get(item[0], math.inf))


def _cell(contest: Contest, method: str) -> str:
    names = list(contest.places)
    if method not in names:
        return DASH
    place = names.index(method)
    rank = f"{contest.mean_ranks[place]:.2f}"
    best = contest.places[method] == min(contest.places.values())
    return f"{f'**{rank}**' if best else rank} <sup>{contest.letters[place]}</sup>"


def _borda(overall: Contest, method: str) -> str:
    names = list(overall.places)
    return f"{overall.points[names.index(method)]:g}" if method in names else DASH


def _facts(shown: Sequence[Contest], overall: Contest | None) -> list[tuple[str, list[str]]]:
    facts = [
        ("Pairs", [str(len(contest.pairs)) for contest in shown]),
        ("Friedman p", [_p(contest.test.p) for contest in shown]),
        ("CD", [_number(contest.critical_difference) for contest in shown]),
    ]
    if overall:
        taus = [_number(agreement(contest, overall)[1]) for contest in shown[1:]]
        facts.append(("τ overall", ["", *taus]))
    return facts


def _number(value: float) -> str:
    return DASH if math.isnan(value) else f"{value:.2f}".replace("-", "−")


def _p(value: float) -> str:
    if math.isnan(value):
        return DASH
    return "&lt; 0.001" if value < 0.001 else f"{value:.3f}"


def _conventions(rankings: Sequence[Ranking]) -> list[str]:
    rows = []
    for i, first in enumerate(rankings):
        for second in rankings[i + 1 :]:
            if first.board.dataset.name == second.board.dataset.name:
                rows += _compared(first, second)
    if not rows:
        return []
    heads = ["Data set", "Conventions", "Order by", "Methods", "Kendall's τ", "Moved"]
    table = [heads, [":---", ":---", ":---", "---:", "---:", "---:"], *rows]
    return [f"| {' | '.join(row)} |" for row in table]


def _compared(first: Ranking, second: Ranking) -> list[list[str]]:
    others = {contest.name: contest for contest in second.all}
    rows = []
    for contest in reversed(first.all):
        if contest.name in others:
            methods, tau, changed = agreement(contest, others[contest.name])
            conventions = f"{first.board.convention}, {second.board.convention}"
            facts = [first.board.dataset.name, conventions, contest.name]
            rows.append([*map(escape, facts), str(methods), _number(tau), str(changed)])
    return rows
