"""Figures of ranks and of values: what stands beside the box plots and the qualitative grids.

Each is one file for a data set under a convention, and readable with 40 methods: those asked for
and the best are drawn in colour, the others in gray. There is no radar chart: the order of its axes
decides the area that a method seems to cover, and lengths on different spokes are hard to compare;
parallel coordinates show the same numbers on a common scale.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fusionbench.results import Results
from fusionbench.statistics.contests import Ranking, rank_board

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_rank_figures(
    results: Results, highlight: Sequence[str] = (), rankings: Sequence[Ranking] | None = None
) -> list[Path]:
    """Write the figures of ranks and values into ``figures/``, each as PNG and PDF.

    ``cd_<data set>@<convention>``: critical-difference diagram of the overall mean ranks.
    ``bump_<data set>@<convention>``: each method's place overall and by every metric.
    ``bump_<data set>``: its overall place under every convention, where there are several.
    ``parallel_<data set>@<convention>``: the means on a scale from worst to best.
    ``curves_<data set>@<convention>``: the values of all pairs, sorted, for every metric.
    ``correlation_<data set>@<convention>``: Spearman's correlation of the metrics.

    Args:
        results: The results of a run.
        highlight: Names of methods that are drawn in colour, before the best.
        rankings: The contests of the boards, where they have been computed.

    Returns:
        The files; a figure that would have nothing to compare is left out.
    """
    from fusionbench.report.figures.style import figure_style, save

    if rankings is None:
        rankings = [rank_board(board) for board in results.boards()]
    with figure_style():
        return [
            path
            for name, figure in _figures(rankings, highlight)
            for path in save(figure, results.run.root / "figures", name)
        ]


def _figures(rankings: Sequence[Ranking], highlight: Sequence[str]) -> Iterator[tuple[str, Figure]]:
    from fusionbench.report.figures.bump import bump_of_conventions

    for ranking in rankings:
        yield from _of_board(ranking, highlight)
    for dataset in dict.fromkeys(ranking.board.dataset.name for ranking in rankings):
        own = [r for r in rankings if r.board.dataset.name == dataset and r.overall]
        if len(own) > 1:
            yield f"bump_{dataset}", bump_of_conventions(own, highlight)


def _of_board(ranking: Ranking, highlight: Sequence[str]) -> Iterator[tuple[str, Figure]]:
    from fusionbench.report.figures.bump import bump_of_metrics, parallel_coordinates
    from fusionbench.report.figures.correlation import correlation
    from fusionbench.report.figures.critical import critical_difference_diagram
    from fusionbench.report.figures.curves import curves

    where = f"{ranking.board.dataset.name}@{ranking.board.convention}"
    several = len(ranking.contests) > 1
    if ranking.overall and len(ranking.overall.pairs) > 1:
        yield f"cd_{where}", critical_difference_diagram(ranking, highlight)
    if ranking.overall and several:
        yield f"bump_{where}", bump_of_metrics(ranking, highlight)
        yield f"parallel_{where}", parallel_coordinates(ranking, highlight)
    if ranking.contests:
        for number, sheet in enumerate(curves(ranking, highlight)):
            yield f"curves_{where}{f'_{number + 1}' if number else ''}", sheet
    if several and (matrix := correlation(ranking)) is not None:
        yield f"correlation_{where}", matrix
