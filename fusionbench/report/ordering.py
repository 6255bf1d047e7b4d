"""In which order the methods of a table come."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fusionbench.errors import UnknownNameError
from fusionbench.manifest import MethodRecord
from fusionbench.report.collect import Board, is_anchor
from fusionbench.report.options import TableStyle
from fusionbench.report.ranking import rank_board


def arranged(boards: Sequence[Board], style: TableStyle) -> list[str]:
    """Names of the methods in the order of the rows: source images, methods, ours.

    Args:
        boards: The boards whose numbers stand in one table; they share the order.
        style: Which order; methods that it cannot tell apart stay as they were given.

    Raises:
        UnknownNameError: ``style.ours`` is no method of the run.
    """
    methods = list({r.method.name: r.method for board in boards for r in board.results}.values())
    last = find_ours(methods, style.ours)
    key = _key(boards, style)
    ordered = sorted(methods, key=lambda m: (not is_anchor(m), m.name == last, key(m)))
    return [method.name for method in ordered]


def find_ours(methods: Iterable[MethodRecord], ours: str) -> str:
    """The name of the method that ``--ours`` means; empty where it means none.

    Raises:
        UnknownNameError: There is no such method (source images are none).
    """
    known = [method for method in methods if not is_anchor(method)]
    wanted = ours.casefold()
    for method in known:
        if ours and wanted in (method.name.casefold(), method.label.casefold()):
            return method.name
    if ours:
        names = [m.name for m in known]
        raise UnknownNameError("method of this run", ours, names, "fusionbench report RUN")
    return ""


def _key(boards: Sequence[Board], style: TableStyle) -> Callable[[MethodRecord], Any]:
    if style.order == "name":
        return lambda method: method.label.casefold()
    if style.order == "year":
        return lambda method: math.inf if method.year is None else method.year
    if style.order == "rank":
        means = mean_ranks(boards)
        return lambda method: means.get(method.name, math.inf)
    return lambda method: 0


def mean_ranks(boards: Iterable[Board]) -> dict[str, float]:
    """The overall mean rank of each method, the mean over the boards that rank it.

    It is the rank of ``ranks.md``: on every pair, over every metric; a method that is in no overall
    order there has none.
    """
    found: dict[str, list[float]] = {}
    for overall in filter(None, (rank_board(board).overall for board in boards)):
        for result, rank in zip(overall.methods, overall.mean_ranks.tolist(), strict=True):
            found.setdefault(result.method.name, []).append(rank)
    return {name: round(math.fsum(ranks) / len(ranks), 9) for name, ranks in found.items()}
