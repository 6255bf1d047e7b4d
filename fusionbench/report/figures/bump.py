"""Bump charts: how the order of the methods changes across metrics, and across conventions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fusionbench.report.figures.looks import (
    TEXT_OF_OTHERS,
    Look,
    cut,
    labels_of,
    looks,
    one_line,
    widest,
)
from fusionbench.report.figures.style import COLUMN_WIDTH, DARK, DPI, TEXT_WIDTH, axes_at
from fusionbench.report.layout import ARROWS
from fusionbench.report.ranking import Contest, Ranking

TITLE, SIZE, LONGEST_LABEL = 0.28, 7, 1.75


def bump_of_metrics(ranking: Ranking, highlight: Sequence[str] = ()) -> Figure:
    """Each method's place overall, then by every metric, in the order of the tables."""
    assert ranking.overall is not None
    arrows = {column.metric: ARROWS[column.better] for column in ranking.board.columns}
    stops = [("overall", ranking.overall)]
    stops += [(f"{c.name} {arrows[c.name]}", c) for c in ranking.contests]
    board = ranking.board
    title = f"{board.dataset.name}, convention {board.convention}: places by mean rank"
    width = TEXT_WIDTH if len(stops) > 6 else COLUMN_WIDTH
    return _chart(stops, labels_of(ranking), looks(ranking, highlight), title, width)


def bump_of_conventions(rankings: Sequence[Ranking], highlight: Sequence[str] = ()) -> Figure:
    """Each method's overall place under every convention of a data set."""
    stops = [(r.board.convention, r.overall) for r in rankings if r.overall]
    labels = {name: label for r in rankings for name, label in labels_of(r).items()}
    own = {**{name: Look() for name in labels}, **looks(rankings[0], highlight)}
    title = f"{rankings[0].board.dataset.name}: overall places by convention"
    return _chart(stops, labels, own, title, COLUMN_WIDTH)


def _chart(
    stops: Sequence[tuple[str, Contest]],
    labels: dict[str, str],
    look: dict[str, Look],
    title: str,
    width: float,
) -> Figure:
    most = max(len(contest.methods) for _, contest in stops)
    row = 0.17 if most <= 16 else 0.13
    size = SIZE if most <= 16 else 6
    longest = min(LONGEST_LABEL, 0.27 * width)
    shown = cut(labels, longest, size)
    side = widest(list(shown.values()), size) + 0.3
    foot = widest([name for name, _ in stops], SIZE) + 0.12
    tall = row * most
    figure = Figure(figsize=(width, TITLE + tall + foot), dpi=DPI)
    ax = axes_at(figure, side, TITLE, width - 2 * side, tall)
    for name, own in look.items():
        places = [contest.places.get(name, math.nan) for _, contest in stops]
        ax.plot(places, marker=own.marker or ".", ms=3.5 if own.stands_out else 2, **own.of_line)
    _frame(ax, [name for name, _ in stops], most)
    for end, (x, align) in {0: (-0.35, "right"), -1: (len(stops) - 0.65, "left")}.items():
        _name(ax, stops[end][1], shown, look, (x, align, size))
    title = one_line(title, width - 0.1, 8)
    figure.text(0.5, 1 - 0.16 / figure.get_size_inches()[1], title, ha="center", fontsize=8)
    return figure


def _frame(ax: Axes, stops: Sequence[str], most: int) -> None:
    ax.set(xlim=(-0.3, len(stops) - 0.7), ylim=(most + 0.5, 0.5))
    ax.set_xticks(range(len(stops)), stops, rotation=90)
    ax.tick_params(axis="x", length=0)
    ax.set_yticks([])
    ax.grid(visible=True, axis="x")
    for spine in ax.spines.values():
        spine.set_visible(False)


def _name(
    ax: Axes,
    contest: Contest,
    labels: dict[str, str],
    look: dict[str, Look],
    where: tuple[float, str, float],
) -> None:
    """Names at one end, one below the other; methods that share a place stand around it."""
    x, align, size = where
    order = sorted(contest.places, key=lambda name: contest.places[name])
    for line, name in enumerate(order, 1):
        own = look[name]
        colour = own.colour if own.stands_out else TEXT_OF_OTHERS
        text = f"{line} {labels[name]}" if align == "left" else f"{labels[name]} {line}"
        colour = DARK if colour == TEXT_OF_OTHERS and len(order) <= 16 else colour
        ax.text(x, line, text, size=size, color=colour, ha=align, va="center")
