"""The critical-difference diagram: mean ranks on a line, bars over those that are no different."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from fusionbench.names import apart
from fusionbench.report.figures.style import (
    COLUMN_WIDTH,
    DARK,
    DPI,
    TEXT_WIDTH,
    Look,
    looks,
    one_line,
    widest,
)
from fusionbench.statistics.contests import Contest, Ranking

NARROW_UP_TO = 14
TOP, ROW, BAR, TICK = 0.74, 0.15, 0.07, 0.05
LONGEST_LABEL, LONGEST_IN_WIDE = 1.1, 2.4
SIZE = 7


def critical_difference_diagram(ranking: Ranking, highlight: Sequence[str] = ()) -> Figure:
    """Draw the overall mean ranks of a board.

    The best stands on the left. It is as wide as a column of two where all labels fit, else as the
    page. A bar joins methods that lie less than Nemenyi's critical
    difference apart (0.05), or all where Friedman's test finds no difference at all.

    Source: J. Demšar, JMLR 7, 2006, figure 1.
    """
    contest = ranking.overall
    assert contest is not None
    bars = [group for group in contest.cliques if len(group) > 1]
    few = len(contest.methods) <= NARROW_UP_TO
    narrow = few and widest(contest.labels, SIZE) <= LONGEST_LABEL
    width = COLUMN_WIDTH if narrow else TEXT_WIDTH
    labels = apart(contest.labels, lambda text: one_line(text, LONGEST_IN_WIDE, SIZE))
    side = widest(labels, SIZE) + 0.12
    below = 0.1 + BAR * len(bars)
    height = TOP + below + ROW * math.ceil(len(contest.methods) / 2) + 0.06
    figure = Figure(figsize=(width, height), dpi=DPI)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, width), ylim=(height - TOP, -TOP))
    ax.set_axis_off()
    scale = _Scale(contest, side, width - side)
    _axis(ax, scale, contest)
    _say(ax, ranking, contest, width)
    _names(ax, scale, contest, labels, below, looks(ranking, highlight))
    ends = [[scale.at(contest.mean_ranks[group[end]]) for end in (0, -1)] for group in bars]
    heights = [0.09 + BAR * line for line in range(len(bars))]
    _lines(
        ax,
        [[(a - 0.03, y), (b + 0.03, y)] for (a, b), y in zip(ends, heights, strict=True)],
        linewidths=2.4,
        capstyle="butt",
        zorder=4,
    )
    return figure


class _Scale:
    """Where a mean rank lies, in inches: whole ranks around all that occur, best on the left."""

    def __init__(self, contest: Contest, left: float, right: float) -> None:
        self.low = math.floor(float(contest.mean_ranks.min()) + 1e-9)
        self.high = max(math.ceil(float(contest.mean_ranks.max()) - 1e-9), self.low + 1)
        self.left, self.right = left, right

    def at(self, rank: float) -> float:
        """Inches from the left for a mean rank."""
        share = (float(rank) - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)

    @property
    def ticks(self) -> range:
        """Whole ranks with a tick, eleven or fewer."""
        return range(self.low, self.high + 1, max(1, math.ceil((self.high - self.low) / 10)))


def _lines(ax: Axes, lines: Sequence[Sequence[tuple[float, float]]], **how: object) -> None:
    look = {"colors": DARK, "linewidths": 0.8, **how}
    ax.add_collection(LineCollection(lines, **look))  # type: ignore[arg-type]


def _axis(ax: Axes, scale: _Scale, contest: Contest) -> None:
    """The line of ranks with its ticks, and the critical difference above it."""
    ticks = [[(scale.at(t), 0), (scale.at(t), -TICK)] for t in scale.ticks]
    _lines(ax, [[(scale.left, 0), (scale.right, 0)], *ticks])
    for tick in scale.ticks:
        ax.text(scale.at(tick), -TICK - 0.02, str(tick), size=SIZE, ha="center", va="bottom")
    reach = scale.at(scale.low + contest.critical_difference)
    if contest.differs and reach <= scale.right:
        edges = [[(x, -0.31), (x, -0.25)] for x in (scale.left, reach)]
        _lines(ax, [[(scale.left, -0.28), (reach, -0.28)], *edges])
        ax.text(reach + 0.04, -0.28, "CD", size=SIZE, va="center")


def _say(ax: Axes, ranking: Ranking, contest: Contest, width: float) -> None:
    p = contest.test.p
    said = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    where = f"{ranking.board.dataset.name}, {ranking.board.convention}"
    title = f"{where}: mean rank over {len(ranking.contests)} metrics"
    facts = f"N = {len(contest.pairs)}, Friedman {said}, CD = {contest.critical_difference:.2f}"
    for y, text in ((-TOP + 0.14, title), (-TOP + 0.28, facts)):
        ax.text(width / 2, y, one_line(text, width - 0.1, SIZE), size=SIZE, ha="center")


def _names(
    ax: Axes,
    scale: _Scale,
    contest: Contest,
    labels: Sequence[str],
    below: float,
    look: dict[str, Look],
) -> None:
    """The better half of the methods on the left, best on top; the others on the right."""
    order = sorted(range(len(labels)), key=lambda i: (contest.mean_ranks[i], i))
    half = math.ceil(len(order) / 2)
    lines, colours = [], []
    for place, i in enumerate(order):
        left = place < half
        y = below + ROW * (place if left else len(order) - 1 - place) + ROW / 2
        x, end = scale.at(contest.mean_ranks[i]), scale.left if left else scale.right
        out = -0.05 if left else 0.05
        own = look[contest.methods[i].method.name]
        lines.append([(x, 0), (x, y), (end + out, y)])
        colours.append(own.colour if own.stands_out else DARK)
        align = "right" if left else "left"
        ax.text(end + 1.6 * out, y, labels[i], size=SIZE, va="center", ha=align)
    _lines(ax, lines, colors=colours)
