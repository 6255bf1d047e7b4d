"""Parallel coordinates: every method's means by all metrics on a scale from worst to best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fusionbench.manifest import ColumnRecord
from fusionbench.report.figures.looks import cut, labels_of, looks, widest
from fusionbench.report.figures.style import DPI, TEXT_WIDTH, axes_at, text_width
from fusionbench.report.layout import ARROWS
from fusionbench.report.ranking import Ranking
from fusionbench.report.ranks import decimals, shown

Floats = NDArray[np.float64]
TITLE, TALL, SIDE = 0.3, 1.7, 0.45


def parallel_coordinates(ranking: Ranking, highlight: Sequence[str] = ()) -> Figure:
    """Draw the table's means; the best of each metric is on top, the worst at the bottom.

    Both are written at the ends of the metric's line. A method without a mean has a gap there.
    """
    look = looks(ranking, highlight)
    labels = cut(labels_of(ranking), 1.6, 7)
    columns = {c.metric: c for c in ranking.board.columns}
    chosen = [columns[contest.name] for contest in ranking.contests]
    means = np.array([_means(ranking, column, list(look)) for column in chosen])
    heads = [f"{c.metric} {ARROWS[c.better]}" for c in chosen]
    foot = 0.5 + widest(heads, 7)
    standing = [name for name, own in look.items() if own.stands_out]
    lines = _lines([labels[name] for name in standing])
    figure = Figure(figsize=(TEXT_WIDTH, TITLE + TALL + foot + 0.16 * lines), dpi=DPI)
    ax = axes_at(figure, SIDE, TITLE + 0.1, TEXT_WIDTH - 2 * SIDE, TALL)
    scaled = np.array(
        [_scaled(row, c.better == "higher") for row, c in zip(means, chosen, strict=True)]
    )
    for place, (name, own) in enumerate(look.items()):
        label = labels[name] if own.stands_out else None
        ax.plot(scaled[:, place], marker=own.marker or "", ms=3.5, label=label, **own.of_line)
    _frame(ax, heads)
    _ends(ax, chosen, means)
    figure.legend(
        loc="lower center",
        ncols=-(-len(standing) // lines),
        fontsize=7,
        frameon=False,
        borderpad=0.1,
    )
    board = ranking.board
    title = f"{board.dataset.name}, convention {board.convention}: means from worst to best"
    figure.text(0.5, 1 - 0.16 / figure.get_size_inches()[1], title, ha="center", fontsize=8)
    return figure


def _lines(labels: Sequence[str]) -> int:
    """Lines of the legend."""
    needed = sum(text_width(label, 7) + 0.55 for label in labels)
    return max(1, -(-int(needed * 100) // int(TEXT_WIDTH * 100)))


def _means(ranking: Ranking, column: ColumnRecord, names: Sequence[str]) -> list[float]:
    contest = next(c for c in ranking.contests if c.name == column.metric)
    of = {r.method.name: r.mean(column) for r in contest.methods}
    found = [of.get(name, np.nan) for name in names]
    return [mean if np.isfinite(mean) else np.nan for mean in found]


def _scaled(means: Floats, higher: bool) -> Floats:
    if np.isnan(means).all():
        return means
    low, high = np.nanmin(means), np.nanmax(means)
    share = (means - low) / (high - low) if high > low else np.where(np.isnan(means), np.nan, 0.5)
    found: Floats = share if higher else 1 - share
    return found


def _frame(ax: Axes, heads: Sequence[str]) -> None:
    ax.set(xlim=(-0.3, len(heads) - 0.7), ylim=(-0.04, 1.04))
    ax.set_xticks(range(len(heads)), heads, rotation=90)
    ax.tick_params(axis="x", length=0, pad=12)
    ax.set_yticks([0, 1], ["worst", "best"])
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=True, axis="x")
    for spine in ax.spines.values():
        spine.set_visible(False)


def _ends(ax: Axes, columns: Sequence[ColumnRecord], means: Floats) -> None:
    for place, (column, row) in enumerate(zip(columns, means, strict=True)):
        known = row[~np.isnan(row)]
        if not len(known):
            continue
        digits = min(decimals(known), 4)
        ends = sorted((float(known.min()), float(known.max())), reverse=column.better == "lower")
        for y, value, va in ((-0.06, ends[0], "top"), (1.06, ends[1], "bottom")):
            ax.text(place, y, shown(value, digits), size=5, ha="center", va=va)
