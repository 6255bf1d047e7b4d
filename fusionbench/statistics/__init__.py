"""Ranks, intervals and tests over the pairs of a run.

Pure functions on arrays: a row for each pair, a column for each method. The pairs are taken as
independent; frames of one video are not, and make every interval and every p value too small.
"""

from __future__ import annotations

from fusionbench.statistics.bootstrap import difference_intervals, mean_intervals
from fusionbench.statistics.ranking import (
    borda,
    cliques,
    complete,
    kendall,
    letters,
    moved,
    rank_pairs,
    spearman,
    spearman_matrix,
)
from fusionbench.statistics.significance import (
    Friedman,
    critical_difference,
    friedman,
    holm,
    untied_variance,
    variance_of_ranks,
    wilcoxon,
)

__all__ = [
    "Friedman",
    "borda",
    "cliques",
    "complete",
    "critical_difference",
    "difference_intervals",
    "friedman",
    "holm",
    "kendall",
    "letters",
    "mean_intervals",
    "moved",
    "rank_pairs",
    "spearman",
    "spearman_matrix",
    "untied_variance",
    "variance_of_ranks",
    "wilcoxon",
]
