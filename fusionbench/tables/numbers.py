"""How numbers are rounded for a table, and which of them are best, second and third."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from fusionbench.cards import Better
from fusionbench.tables.style import MOST_DECIMALS

Rank = Literal["", "best", "second", "third", "unranked"]
PLACES: tuple[Rank, ...] = ("best", "second", "third")


def decimals(values: Iterable[float]) -> int:
    """Decimals for a whole column, from the largest magnitude in it.

    Two from 100 up, three from 10, four from 0.1; below that as many as give the largest value
    four significant digits, up to eight.
    """
    largest = max((abs(v) for v in values if math.isfinite(v)), default=1.0)
    exponent = math.floor(math.log10(largest)) if largest > 0 else 0
    if exponent >= 2:
        return 2
    if exponent == 1:
        return 3
    return min(max(4, 3 - exponent), MOST_DECIMALS)


def rounded(value: float, places: int) -> float:
    """The value that a cell shows (no negative zero)."""
    return float(f"{value:.{places}f}") + 0.0


def shown(value: float, places: int) -> str:
    """A number as a cell shows it."""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{rounded(value, places):.{places}f}".replace("-", "−")


def ranks(values: Sequence[float | None], better: Better, depth: int = 2) -> list[Rank]:
    """Best and second (and third) of a column, on the rounded values; ties are all marked.

    ``None`` is not ranked. Where the best are tied the next distinct value is still second. Fewer
    than two ranked values are no contest, and nothing is marked.
    """
    ranked = [v for v in values if v is not None]
    if len(ranked) < 2:
        return [""] * len(values)
    order = sorted(set(ranked), reverse=better == "higher")
    names = dict(zip(order[:depth], PLACES, strict=False))
    return ["" if v is None else names.get(v, "") for v in values]
