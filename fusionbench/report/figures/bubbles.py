"""Bubbles whose area grows with the parameters, and the key that says so."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fusionbench.report.figures.style import DARK, GRAY, ORANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALLEST, LARGEST = 2.5, 11.0
"""Radii in points: of the smallest network, and of the largest."""


def radius(parameters: int, most: int) -> float:
    """The area grows with the parameters, from a mark that can still be seen."""
    if not parameters:
        return SMALLEST * 0.8
    share = parameters / most
    return math.sqrt(SMALLEST**2 + share * (LARGEST**2 - SMALLEST**2))


def add_key(figure: Figure, most: int) -> None:
    """What the marks mean."""
    from matplotlib.lines import Line2D

    def mark(style: str, radius: float, face: str, edge: str = "white") -> Line2D:
        return Line2D(
            [], [], ls="", marker=style, ms=2 * radius, markerfacecolor=face, markeredgecolor=edge
        )

    handles = [Line2D([], [], color=ORANGE, lw=1), mark("D", SMALLEST * 0.8, GRAY)]
    names = ["no other is both faster and better", "no parameters"]
    handles.append(mark("o", SMALLEST, "white", DARK))
    names.append("time not to be relied on")
    for count in _round_counts(most):
        handles.append(mark("o", radius(count, most), GRAY))
        names.append(f"{count / 1e6:g} M parameters")
    figure.legend(
        handles,
        names,
        loc="outside upper center",
        ncols=min(len(names), 3),
        fontsize=6,
        frameon=False,
        borderpad=0.8,
        labelspacing=1.2,
        handletextpad=1.2,
    )


def _round_counts(most: int) -> list[int]:
    """Two numbers of parameters for the key: a round one up to the largest, and a tenth of it."""
    if not most:
        return []
    unit = 10 ** int(math.log10(most))
    top = max(k * unit for k in (1, 2, 5) if k * unit <= most)
    return [count for count in (top // 10, top) if count]
