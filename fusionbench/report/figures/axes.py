"""Logarithmic axes with plain numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

if TYPE_CHECKING:
    from matplotlib.axis import Axis


def logarithmic(axis: Axis) -> None:
    """Ticks at 1, 2 and 5 of each decade where there are few decades, else at 1; no powers."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    low, high = axis.get_view_interval()
    few = low > 0 and high / low < 300
    axis.set_major_locator(LogLocator(10, subs=(1, 2, 5) if few else (1,), numticks=20))
