"""Against Demšar's and Holm's published examples, scipy, and known distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from fusionbench import statistics as s
from fusionbench.statistics.ranking import average_ranks

DEMSAR = np.array([44.0, 28.0, 40.5, 27.5]) / 14


def demsar_ranks():
    """Ranks of 4 methods on 14 data sets with the mean ranks of Demšar's worked example."""
    rows = [(1, 2, 3, 4)] * 3 + [(1, 2, 4, 3)] + [(4, 2, 3, 1)] * 8 + [(4, 3, 1, 2)]
    return np.array([*rows, (4, 1, 2.5, 2.5)])


def test_demsars_worked_example():
    found = s.friedman(DEMSAR, 14)
    assert DEMSAR.round(3).tolist() == [3.143, 2.000, 2.893, 1.964]
    assert found.statistic == pytest.approx(9.28, abs=0.005)
    assert found.f == pytest.approx(3.69, abs=0.005)
    assert s.critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    assert s.critical_difference(4, 14, alpha=0.10) == pytest.approx(1.12, abs=0.005)
    groups = s.cliques(DEMSAR.tolist(), s.critical_difference(4, 14))
    assert groups == [(3, 1, 2, 0)]
    groups = s.cliques(DEMSAR.tolist(), s.critical_difference(4, 14, alpha=0.10))
    assert groups == [(3, 1, 2), (2, 0)]


@pytest.mark.parametrize(
    ("methods", "q"),
    [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (7, 2.949), (10, 3.164)],
)
def test_critical_values_are_those_of_demsars_table_5(methods, q):
    cd = s.critical_difference(methods, 30)
    assert cd / math.sqrt(methods * (methods + 1) / 180) == pytest.approx(q, abs=0.0011)


def test_friedman_on_ranks_that_give_demsars_means():
    ranks = demsar_ranks()
    assert ranks.mean(axis=0) == pytest.approx(DEMSAR)
    assert (ranks.sum(axis=1) == 10).all()
    assert (np.sort(ranks, axis=1) == [1, 2, 3, 4]).all(axis=1).sum() == 13
    found = s.friedman(ranks.mean(axis=0), 14, s.variance_of_ranks(ranks))
    reference = stats.friedmanchisquare(*ranks.T)
    assert found.statistic == pytest.approx(reference.statistic)
    assert found.p == pytest.approx(reference.pvalue)
    assert s.friedman(ranks.mean(axis=0), 14).statistic == pytest.approx(9.28, abs=0.005)


def test_friedman_with_ties_is_scipys():
    values = np.random.default_rng(1).integers(0, 4, (20, 5)).astype(float)
    ranks = s.rank_pairs(values, "higher")
    found = s.friedman(ranks.mean(axis=0), 20, s.variance_of_ranks(ranks))
    reference = stats.friedmanchisquare(*values.T)
    assert found.statistic == pytest.approx(reference.statistic)
    assert found.p == pytest.approx(reference.pvalue)


def test_untied_ranks_have_the_variance_of_the_textbook():
    ranks = s.rank_pairs(np.random.default_rng(2).normal(size=(9, 7)), "lower")
    assert s.variance_of_ranks(ranks) == pytest.approx(s.untied_variance(7))


def test_friedman_over_averaged_ranks_keeps_its_level():
    """Ranks averaged over correlated metrics: about 5 of 100 tests reject where nothing differs."""
    generator = np.random.default_rng(3)
    rejected = apart = 0
    for _ in range(400):
        shared = generator.normal(size=(20, 6))
        metrics = [shared + generator.normal(size=(20, 6)) for _ in range(5)]
        ranks = np.mean([s.rank_pairs(m, "higher") for m in metrics], axis=0)
        variance, means = s.variance_of_ranks(ranks), ranks.mean(axis=0)
        rejected += s.friedman(means, 20, variance).p < 0.05
        apart += np.ptp(means) >= s.critical_difference(6, 20, variance)
    assert 0.02 < rejected / 400 < 0.08
    assert 0.02 < apart / 400 < 0.08


def test_ranks_share_ties_and_know_the_direction():
    values = np.array([[1.0, 2.0, 2.0, np.inf], [4.0, 3.0, -np.inf, 3.0]])
    assert s.rank_pairs(values, "higher").tolist() == [[4, 2.5, 2.5, 1], [1, 2.5, 4, 2.5]]
    assert s.rank_pairs(values, "lower").tolist() == [[1, 2.5, 2.5, 4], [4, 2.5, 1, 2.5]]
    with pytest.raises(ValueError, match="NaN"):
        s.rank_pairs(np.array([[1.0, np.nan]]), "higher")


@pytest.mark.parametrize("shape", [(7,), (1, 9), (40, 12), (0, 3)])
def test_average_ranks_are_scipys(shape):
    values = np.random.default_rng(5).integers(0, 6, shape).astype(float)
    values[values == 5] = np.inf
    found = average_ranks(values)
    assert found.tolist() == stats.rankdata(values, axis=-1).tolist()


def test_kendall_is_scipys():
    generator = np.random.default_rng(6)
    for _ in range(20):
        first, second = generator.integers(0, 6, (2, 12)).astype(float)
        assert s.kendall(first, second) == stats.kendalltau(first, second).statistic


def test_borda_counts_the_methods_that_are_worse():
    assert s.borda(np.array([3.0, 1.0, 3.0, 2.0]), "higher").tolist() == [2.5, 0, 2.5, 1]
    assert s.borda(np.array([3.0, 1.0, 3.0, 2.0]), "lower").tolist() == [0.5, 3, 0.5, 2]


def test_complete_pairs_have_every_value():
    values = np.array([[1.0, np.nan], [1.0, np.inf], [np.nan, np.nan]])
    assert s.complete(values).tolist() == [False, True, False]


@pytest.mark.parametrize("pairs", [6, 15, 50, 51, 200])
def test_wilcoxon_is_scipys(pairs):
    generator = np.random.default_rng(pairs)
    clean = generator.normal(0.2, 1, (pairs, 5))
    tied = generator.integers(1, 9, (pairs, 5)) * generator.choice([-1, 1], (pairs, 5))
    tied[:2] = 3
    zeros = np.where(generator.random((pairs, 5)) < 0.2, 0, clean)
    found = s.wilcoxon(np.hstack([clean, tied, zeros]))
    exact = "exact" if pairs <= 50 else "asymptotic"
    reference = [stats.wilcoxon(c, method=exact).pvalue for c in clean.T]
    kind = stats.PermutationMethod() if pairs <= 13 else "asymptotic"
    reference += [stats.wilcoxon(c, method=kind).pvalue for c in tied.T]
    kept = [column[column != 0] for column in zeros.T]
    reference += [
        stats.wilcoxon(c, method="exact" if len(c) <= 50 else "asymptotic").pvalue for c in kept
    ]
    assert found == pytest.approx(reference, rel=1e-9)


def test_wilcoxons_smallest_sample():
    """Six differences of one sign: 2 of 64 assignments of signs are as extreme."""
    assert s.wilcoxon(np.arange(1.0, 7.0)[:, None])[0] == pytest.approx(2 / 64)
    assert s.wilcoxon(np.full((6, 1), 0.5))[0] == pytest.approx(2 / 64)
    assert s.wilcoxon(np.array([[1.0], [1], [1], [1], [1], [1], [0]]))[0] == pytest.approx(2 / 64)


def test_wilcoxon_without_differences():
    assert s.wilcoxon(np.zeros((5, 2))).tolist() == [1, 1]
    assert np.isnan(s.wilcoxon(np.zeros((0, 2)))).all()
    assert s.wilcoxon(np.zeros((3, 0))).shape == (0,)
    assert s.wilcoxon(np.array([[2.0]]))[0] == 1


def test_holms_worked_example():
    """p of 0.01, 0.04, 0.03, 0.005: times 4, 3, 2, 1 from the smallest on, never decreasing."""
    assert s.holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert s.holm(np.array([0.5, 0.9])).tolist() == [1, 1]


def test_holm_leaves_nan_alone_and_agrees_with_its_definition():
    p = np.random.default_rng(4).random(9) ** 4
    found = s.holm(np.append(p, np.nan))
    assert np.isnan(found[-1])
    for i, value in enumerate(p):
        smaller = [(9 - k) * q for k, q in enumerate(sorted(p)) if q <= value]
        assert found[i] == pytest.approx(min(1, max(smaller)))
    assert s.holm(np.array([])).shape == (0,)


def test_bootstrap_intervals_cover_known_means():
    generator = np.random.default_rng(5)
    values = generator.gamma(4.0, 1.0, (60, 400))
    low, high = s.mean_intervals(values, draws=500).T
    assert 0.90 < np.mean((low <= 4) & (high >= 4)) < 0.98
    shifted = values[:, :200] + generator.normal(0.3, 1, (60, 200))
    both = np.hstack([shifted, values[:, :200]])
    first = np.arange(200)
    low, high = s.difference_intervals(both, first, first + 200, draws=500).T
    assert 0.90 < np.mean((low <= 0.3) & (high >= 0.3)) < 0.98


def test_bootstrap_agrees_with_scipys():
    values = np.random.default_rng(6).normal(5, 2, 80)
    reference = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(1)
    ).confidence_interval
    found = s.mean_intervals(values[:, None], draws=20_000)[0]
    assert found == pytest.approx([reference.low, reference.high], abs=0.02)


def test_paired_intervals_ignore_what_the_methods_share():
    generator = np.random.default_rng(7)
    scene = generator.normal(0, 100, (40, 1))
    values = scene + np.array([[1.0, 0.0]]) + generator.normal(0, 0.1, (40, 2))
    low, high = s.difference_intervals(values, np.array([0]), np.array([1]))[0]
    assert 0.9 < low < 1 < high < 1.1


def test_the_seed_decides():
    values = np.random.default_rng(8).normal(size=(12, 2))
    assert (s.mean_intervals(values) == s.mean_intervals(values)).all()
    assert (s.mean_intervals(values) != s.mean_intervals(values, seed=1)).any()


def test_one_pair_or_one_method_is_no_contest():
    one = s.rank_pairs(np.array([[1.0, 2.0, 3.0]]), "higher")
    assert math.isnan(s.friedman(one[0], 1, s.variance_of_ranks(one)).p)
    assert math.isnan(s.critical_difference(3, 1))
    assert math.isnan(s.critical_difference(1, 30))
    assert math.isnan(s.friedman(np.ones(1), 9).p)
    assert math.isnan(s.variance_of_ranks(np.ones((3, 1))))
    assert np.isnan(s.mean_intervals(np.ones((1, 2)))).all()
    assert np.isnan(s.mean_intervals(np.ones((0, 2)))).all()


def test_all_ties_are_no_difference():
    ranks = s.rank_pairs(np.ones((5, 3)), "higher")
    found = s.friedman(ranks.mean(axis=0), 5, s.variance_of_ranks(ranks))
    assert (found.statistic, found.p) == (0, 1)
    difference = s.critical_difference(3, 5, s.variance_of_ranks(ranks))
    assert difference == 0


def test_the_same_order_on_every_pair():
    ranks = np.tile([1.0, 2.0, 3.0], (8, 1))
    found = s.friedman(ranks.mean(axis=0), 8)
    assert found.statistic == pytest.approx(16)
    assert (found.f, found.f_p) == (math.inf, 0)


@pytest.mark.parametrize("seed", range(5))
def test_two_share_a_letter_exactly_where_they_are_close(seed):
    ranks = np.random.default_rng(seed).uniform(1, 12, 12).tolist()
    difference = 2.5
    marks = s.letters(s.cliques(ranks, difference), 12)
    for i in range(12):
        for j in range(12):
            close = abs(ranks[i] - ranks[j]) < difference
            assert bool(set(marks[i]) & set(marks[j])) == (close or i == j)


def test_groups_at_the_ends():
    assert s.cliques([1.0, 2.0, 3.0], math.inf) == [(0, 1, 2)]
    assert s.cliques([1.0, 2.0, 3.0], 0.0) == [(0,), (1,), (2,)]
    assert s.cliques([2.0], 1.0) == [(0,)]
    assert s.cliques([], 1.0) == []
    assert s.letters([(i,) for i in range(54)], 54)[51:] == ["Z", "aa", "bb"]


def test_agreement_of_orders_is_scipys():
    generator = np.random.default_rng(9)
    x, y = generator.normal(size=30), generator.integers(0, 5, 30).astype(float)
    assert s.kendall(x, y) == pytest.approx(stats.kendalltau(x, y).statistic)
    assert s.spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    holed = np.column_stack([x, y, np.where(x > 1, np.nan, -x)])
    matrix = s.spearman_matrix(holed)
    assert matrix[0, 2] == pytest.approx(-1)
    assert (matrix == matrix.T).all()


def test_agreement_with_nothing_to_order():
    assert math.isnan(s.kendall(np.ones(4), np.arange(4.0)))
    assert math.isnan(s.kendall(np.ones(1), np.ones(1)))
    assert math.isnan(s.spearman(np.ones(4), np.arange(4.0)))
    assert math.isnan(s.spearman(np.array([1.0, np.nan, 3.0]), np.arange(3.0)))


def test_moved_counts_places():
    order = np.array([1.0, 2.0, 3.0, 4.0])
    assert s.moved(order, order * 7) == 0
    assert s.moved(order, np.array([1.0, 3.0, 2.0, 4.0])) == 2
    assert s.moved(order, np.array([1.0, 1.0, 3.0, 4.0])) == 1
