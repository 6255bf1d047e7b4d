"""Whether the numbers of a method differ between runs by more than chance.

Every method of two runs is compared on every column, pair by pair: the mean of the differences
with its bootstrap interval, and Wilcoxon's signed-rank test. The p values of one comparison of runs
are corrected together (Holm). Values that are the same on every pair are called identical; their p
value could be nothing but 1, so they are no tests and do not count in the correction (R. E. Tarone,
"A modified Bonferroni method for discrete data", Biometrics 46, 1990).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fusionbench.comparing.agreeing import Agreed, Common, Loaded, common_result
from fusionbench.manifest import ColumnRecord, MethodRecord
from fusionbench.results import Result
from fusionbench.statistics import difference_intervals, holm, wilcoxon

ALPHA = 0.05
Floats = NDArray[np.float64]
Outcome = Literal["identical", "better", "worse", "not significant", "nothing in common"]


@dataclass(frozen=True)
class Verdict:
    """One metric of one method in two runs.

    Attributes:
        dataset: The data set's name.
        column: The metric under its convention.
        method: The method, as the first run records it.
        first, second: The runs' letters.
        pairs: On how many pairs both have a finite value (or the same infinite one).
        of: Of how many common pairs.
        mean_first, mean_second: Means over these pairs.
        low, high: 95 % interval of the second mean less the first; NaN with fewer than two pairs.
        p: Wilcoxon's p value; NaN where there is nothing to test.
        p_holm: The same, corrected for all tests of the table.
        outcome: What follows at a level of 0.05, from the first run to the second.
    """

    dataset: str
    column: ColumnRecord
    method: MethodRecord
    first: str
    second: str
    pairs: int
    of: int
    mean_first: float
    mean_second: float
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    p_holm: float = math.nan
    outcome: Outcome = "nothing in common"

    @property
    def difference(self) -> float:
        """The second mean less the first; 0 where the values are identical."""
        return 0.0 if self.outcome == "identical" else self.mean_second - self.mean_first

    @property
    def significant(self) -> bool:
        """Whether the runs can be told apart."""
        return self.outcome in ("better", "worse")


@dataclass(frozen=True)
class _Comparison:
    """A verdict to come, with the values of the two runs on the pairs that count."""

    verdict: Verdict
    ids: tuple[str, ...]
    first: Floats
    second: Floats


def compare_means(runs: Sequence[Loaded], agreed: Agreed) -> list[Verdict]:
    """Compare every method that several runs have, each with the first run that has it.

    Returns:
        One verdict for each data set, method, later run and column, in this order.
    """
    comparisons = [
        comparison
        for common in agreed.datasets
        for first, second in _both(runs, common)
        for comparison in _compared(common, agreed.columns, first, second)
    ]
    verdicts = [c.verdict for c in comparisons]
    tested = [i for i, v in enumerate(verdicts) if v.pairs and v.outcome != "identical"]
    by_pairs: dict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
    for i in tested:
        by_pairs[verdicts[i].dataset, comparisons[i].ids].append(i)
    for places in by_pairs.values():
        for i, verdict in zip(places, _tested([comparisons[i] for i in places]), strict=True):
            verdicts[i] = verdict
    corrected = holm(np.array([verdicts[i].p for i in tested], np.float64))
    for i, p in zip(tested, corrected, strict=True):
        verdicts[i] = _decided(verdicts[i], float(p))
    return verdicts


def _both(
    runs: Sequence[Loaded], common: Common
) -> list[tuple[tuple[str, Result], tuple[str, Result]]]:
    """The first run's result of a method with that of each later run."""
    found = []
    for method in dict.fromkeys(m.name for run in runs for m in run.manifest.methods):
        results = [(run.letter, common_result(run, common, method)) for run in runs]
        held = [(letter, r) for letter, r in results if r is not None]
        found += [(held[0], other) for other in held[1:]]
    return found


def _compared(
    common: Common,
    columns: Sequence[ColumnRecord],
    first: tuple[str, Result],
    second: tuple[str, Result],
) -> list[_Comparison]:
    (a, one), (b, two) = first, second
    found = []
    for column in columns:
        x, y = one.cell(column).values, two.cell(column).values
        ids = tuple(i for i in common.pairs[a] if i in x and i in y and _usable(x[i], y[i]))
        before, after = (np.array([v[i] for i in ids], np.float64) for v in (x, y))
        verdict = Verdict(
            dataset=common.record.name,
            column=column,
            method=one.method,
            first=a,
            second=b,
            pairs=len(ids),
            of=len(common.pairs[a]),
            mean_first=_mean(before),
            mean_second=_mean(after),
        )
        if ids and np.array_equal(before, after):
            verdict = replace(verdict, outcome="identical")
        elif ids:
            # infinite values that are the same on both sides cancel, and are no number to test
            finite = np.isfinite(before)
            ids = tuple(i for i, keep in zip(ids, finite, strict=True) if keep)
            before, after = before[finite], after[finite]
            means = _mean(before), _mean(after)
            verdict = replace(verdict, pairs=len(ids), mean_first=means[0], mean_second=means[1])
        found.append(_Comparison(verdict, ids, before, after))
    return found


def _usable(first: float, second: float) -> bool:
    return first == second or (math.isfinite(first) and math.isfinite(second))


def _mean(values: Floats) -> float:
    if not len(values):
        return math.nan
    return math.fsum(values) / len(values) if np.isfinite(values).all() else float(values.sum())


def _tested(comparisons: Sequence[_Comparison]) -> list[Verdict]:
    """Intervals and p values of comparisons on the same pairs."""
    first = np.stack([c.first for c in comparisons], axis=1)
    second = np.stack([c.second for c in comparisons], axis=1)
    count = len(comparisons)
    places = np.arange(count, dtype=np.intp)
    ends = difference_intervals(np.hstack([first, second]), places + count, places)
    p_values = wilcoxon(second - first)
    return [
        replace(c.verdict, low=float(low), high=float(high), p=float(p))
        for c, (low, high), p in zip(comparisons, ends, p_values, strict=True)
    ]


def _decided(verdict: Verdict, p: float) -> Verdict:
    outcome: Outcome = "not significant"
    if p < ALPHA:
        rose = verdict.mean_second > verdict.mean_first
        outcome = "better" if rose == (verdict.column.better == "higher") else "worse"
    return replace(verdict, p_holm=p, outcome=outcome)
