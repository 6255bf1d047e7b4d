"""A comparison as text: the cells and sentences that the terminal and Markdown share."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from fusionbench.comparing.reading import Loaded
from fusionbench.comparing.testing import ALPHA, Verdict
from fusionbench.report.notes import pairs_word

TEXT_COLUMNS = ("Method", "Metric", "Change")
MOST_DECIMALS = 8
DASH = "–"
EXPLANATION = (
    "Means over the common pairs on which both runs have a value; the difference is second less "
    "first, with its paired bootstrap interval; p is that of Wilcoxon's signed-rank test, "
    "corrected for all tests of this comparison (Holm); better or worse means that it is below "
    "0.05. The test takes pairs as independent; frames of one video are not."
)


def groups(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    """Verdicts of one data set, convention and two runs together, in their order."""
    found: dict[tuple[str, ...], list[Verdict]] = {}
    for verdict in verdicts:
        key = (verdict.dataset, verdict.first, verdict.second, verdict.column.convention)
        found.setdefault(key, []).append(verdict)
    return list(found.values())


def group_title(group: Sequence[Verdict]) -> str:
    """The data set, the two runs, how many pairs they have in common, and the convention."""
    one = group[0]
    pairs = pairs_word(one.of)
    runs = f"{one.first} → {one.second}"
    return f"{one.dataset}: {runs}, {pairs} in common, convention {one.column.convention}"


def identical_methods(group: Sequence[Verdict]) -> list[str]:
    """Labels of the methods whose values are the same in both runs on every common pair."""
    names = dict.fromkeys(v.method.name for v in group)
    return [
        next(v.method.label for v in group if v.method.name == name)
        for name in names
        if all(_same(v) for v in group if v.method.name == name)
    ]


def _same(verdict: Verdict) -> bool:
    return verdict.outcome == "identical" and verdict.pairs == verdict.of


def headers(group: Sequence[Verdict]) -> list[str]:
    """The heads of the columns; that of the pairs is left out where all pairs count."""
    means = [f"Mean {group[0].first}", f"Mean {group[0].second}"]
    pairs = [] if _whole(group) else ["Pairs"]
    return ["Method", "Metric", *pairs, *means, "Difference", "95 % interval", "p", "Change"]


def lines(group: Sequence[Verdict]) -> list[list[str]]:
    """A line of cells for each verdict, without the methods that are identical throughout."""
    same, whole = set(identical_methods(group)), _whole(group)
    return [_line(verdict, whole) for verdict in group if verdict.method.label not in same]


def _whole(group: Sequence[Verdict]) -> bool:
    return all(verdict.pairs == verdict.of for verdict in group)


def _line(verdict: Verdict, whole: bool) -> list[str]:
    low, high = verdict.low, verdict.high
    places = _places(high - low)
    return [
        verdict.method.label,
        verdict.column.metric,
        *([] if whole else [str(verdict.pairs)]),
        _mean(verdict.mean_first),
        _mean(verdict.mean_second),
        "0" if verdict.outcome == "identical" else _signed(verdict.difference, places),
        f"{_signed(low, places)} … {_signed(high, places)}" if math.isfinite(low) else DASH,
        _p(verdict.p_holm),
        verdict.outcome,
    ]


def _places(width: float) -> int:
    """Decimals that show two digits of an interval's width."""
    if not (math.isfinite(width) and width > 0):
        return 4
    return min(max(1 - math.floor(math.log10(width)), 0), MOST_DECIMALS)


def _mean(value: float) -> str:
    return DASH if math.isnan(value) else f"{value:.5g}"


def _signed(value: float, places: int) -> str:
    return DASH if math.isnan(value) else f"{value:+.{places}f}"


def _p(value: float) -> str:
    if math.isnan(value):
        return DASH
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def summary(verdicts: Sequence[Verdict]) -> list[str]:
    """How many means changed and how many of them significantly, and whether any could have."""
    if not verdicts:
        return ["No method is in two runs: there is nothing to test."]
    count = Counter(verdict.outcome for verdict in verdicts)
    said = [
        f"Of {len(verdicts)} means in two runs {count['identical']} are identical, "
        f"{count['better']} significantly better, {count['worse']} significantly worse, "
        f"{count['not significant']} changed without significance."
    ]
    tested = [verdict for verdict in verdicts if not math.isnan(verdict.p_holm)]
    most = max((verdict.pairs for verdict in tested), default=0)
    least = 2.0 ** (1 - most)
    if tested and least * len(tested) >= ALPHA:
        said.append(
            f"With {pairs_word(most)} and {len(tested)} tests none could be significant: "
            f"Wilcoxon's smallest p value is then {least:.2g}."
        )
    return said


def run_lines(runs: Sequence[Loaded]) -> list[str]:
    """The letters and what they stand for."""
    return [f"{run.letter}: {run.root}" for run in runs]
