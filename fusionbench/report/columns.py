"""The numbers of one column: rounded, ranked, and with their spread."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from fusionbench.manifest import ColumnRecord
from fusionbench.report.collect import Board, Result, is_anchor
from fusionbench.report.options import TableStyle
from fusionbench.report.ranks import Rank, decimals, ranks, rounded, shown

Number = tuple[str, Rank, str]


def column_places(boards: Sequence[Board], column: ColumnRecord, style: TableStyle) -> int:
    """Decimals of a metric in a table: the same on all of its data sets."""
    if style.decimals is not None:
        return style.decimals
    return min(decimals(_contending(board.results, column)) for board in boards)


def column_numbers(
    results: Sequence[Result], column: ColumnRecord, places: int, style: TableStyle
) -> list[Number]:
    """Text, rank and standard deviation of each result's cell; texts are empty where none is.

    Only means over the same pairs compare, so a cell is ranked where it covers every pair that any
    method of the column covers. Ranks are those of the rounded values. The standard deviation is
    that of the sample (divided by the number of pairs less one).
    """
    means = [result.mean(column) for result in results]
    contend = [
        not math.isnan(mean) and not is_anchor(result.method)
        for mean, result in zip(means, results, strict=True)
    ]
    covered = [set(result.cell(column).values) for result in results]
    every = set().union(*(p for p, c in zip(covered, contend, strict=True) if c))
    full = [c and p == every for c, p in zip(contend, covered, strict=True)]
    compared = [rounded(m, places) if f else None for m, f in zip(means, full, strict=True)]
    ranked = ranks(compared, column.better, style.depth)
    named: list[Rank] = [
        "unranked" if c and not f else rank
        for c, f, rank in zip(contend, full, ranked, strict=True)
    ]
    texts = ["" if math.isnan(mean) else shown(mean, places) for mean in means]
    spreads = [_spread(r, column, places) if style.std else "" for r in results]
    return list(zip(texts, named, spreads, strict=True))


def _contending(results: Sequence[Result], column: ColumnRecord) -> list[float]:
    """The means that are ranked, or all of them where none is."""
    means = [(r.mean(column), is_anchor(r.method)) for r in results]
    return [m for m, anchor in means if not anchor and not math.isnan(m)] or [m for m, _ in means]


def _spread(result: Result, column: ColumnRecord, places: int) -> str:
    values = list(result.cell(column).values.values())
    if math.isnan(result.mean(column)) or len(values) < 2 or not all(map(math.isfinite, values)):
        return ""
    return shown(statistics.stdev(values), places)
