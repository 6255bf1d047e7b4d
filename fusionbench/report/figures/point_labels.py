"""Names beside points, placed so that none covers another name or a point."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fusionbench.report.figures.style import DARK, GRAY, ORANGE, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from matplotlib.transforms import BboxBase

F64 = NDArray[np.float64]
ANGLES = 24
RINGS = (0, 4, 9, 15, 22, 30, 40, 52, 66, 82, 100)
NEAR = 6
"""Points between a mark and its name up to which no line joins them."""


@dataclass(frozen=True)
class Spot:
    """A point in data coordinates, the radius of its mark in points, and its name."""

    x: float
    y: float
    text: str
    radius: float = 2.5
    marked: bool = False


@dataclass(frozen=True)
class Box:
    """A rectangle in points from the figure's lower left corner."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: Box) -> float:
        """The area that both cover."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(wide, 0) * max(high, 0)

    def outside(self, room: Box) -> float:
        """The area that is not in ``room``."""
        whole = (self.right - self.left) * (self.top - self.bottom)
        return whole - self.overlap(room)


def settle(figure: Figure) -> None:
    """Lay a figure out for good: what is measured afterwards stays where it is."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def label(
    ax: Axes,
    spots: Sequence[Spot],
    size: float = 6,
    avoid: Sequence[Text] = (),
    steps: Sequence[tuple[float, float]] = (),
) -> list[Box]:
    """Write the names of points into axes of a figure that is settled.

    Args:
        ax: The axes, with their final limits.
        spots: The points; the first have the first choice.
        size: Of the letters, in points.
        avoid: Other texts that no name may cover.
        steps: Corners, in data coordinates, of a line of level and upright parts; likewise.

    Returns:
        Where the names stand.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    scale = 72 / figure.dpi

    def on_page(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        moved = ax.transData.transform(np.array(points).reshape(-1, 2)) * scale
        return [(float(x), float(y)) for x, y in moved]

    room = _box(ax.get_window_extent(), scale)
    at = on_page([(s.x, s.y) for s in spots])
    marks = [_around(x, y, s.radius) for (x, y), s in zip(at, spots, strict=True)]
    marks += [_box(text.get_window_extent(), scale) for text in avoid]
    marks += [_between(*ends) for ends in itertools.pairwise(on_page(steps))]
    placed = place(spots, at, marks, room, size)
    for spot, (x, y), box in zip(spots, at, placed, strict=True):
        _write(ax, spot, box, (x, y), size)
    return placed


def _box(area: BboxBase, scale: float) -> Box:
    return Box(area.x0 * scale, area.y0 * scale, area.x1 * scale, area.y1 * scale)


def _between(a: tuple[float, float], b: tuple[float, float]) -> Box:
    """A level or upright part of a line, with room for its width."""
    (x0, x1), (y0, y1) = sorted((a[0], b[0])), sorted((a[1], b[1]))
    return Box(x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5)


def place(
    spots: Sequence[Spot],
    at: Sequence[tuple[float, float]],
    marks: Sequence[Box],
    room: Box,
    size: float,
) -> list[Box]:
    """A box for each name: the nearest free one, else the one that covers least."""
    taken, placed = list(marks), list[Box]()
    for spot, (x, y) in zip(spots, at, strict=True):
        wide, high = text_width(spot.text, size) * 72, size * 1.15
        boxes = list(_around_spot(x, y, spot.radius, wide, high))
        costs = _covered(boxes, taken) + 10 * (wide * high - _covered(boxes, [room]))
        free = (boxes[k] for k in np.flatnonzero(costs < 1e-6))
        clear = (box for box in free if not _crosses(_line(x, y, box, spot.radius), placed))
        best = next(clear, boxes[int(costs.argmin())])
        placed.append(best)
        taken += [best, *_line(x, y, best, spot.radius)]
    return placed


def _covered(boxes: Sequence[Box], others: Sequence[Box]) -> F64:
    """The area of each box that the others cover, added up."""
    if not others:
        return np.zeros(len(boxes))
    one, two = (np.array([(b.left, b.bottom, b.right, b.top) for b in g]) for g in (boxes, others))
    low = np.maximum(one[:, None, :2], two[None, :, :2])
    high = np.minimum(one[:, None, 2:], two[None, :, 2:])
    areas: F64 = np.clip(high - low, 0, None).prod(2)
    total: F64 = areas.sum(1)
    return total


def _crosses(line: Sequence[Box], placed: Sequence[Box]) -> bool:
    return any(part.overlap(other) for part in line for other in placed)


def _around(x: float, y: float, radius: float) -> Box:
    return Box(x - radius, y - radius, x + radius, y + radius)


def _around_spot(x: float, y: float, radius: float, wide: float, high: float) -> Iterator[Box]:
    """Boxes around a mark, near ones first, to the right first."""
    for ring in RINGS:
        away = radius + 1.5 + ring
        for step in range(ANGLES):
            angle = (-1) ** step * ((step + 1) // 2) * 2 * math.pi / ANGLES
            cos, sin = math.cos(angle), math.sin(angle)
            left = x + away * cos - wide * (1 - cos) / 2
            bottom = y + away * sin - high * (1 - sin) / 2
            yield Box(left, bottom, left + wide, bottom + high)


def _nearest(x: float, y: float, box: Box) -> tuple[float, float]:
    return min(max(x, box.left), box.right), min(max(y, box.bottom), box.top)


def _line(x: float, y: float, box: Box, radius: float) -> list[Box]:
    """The line from a mark to its name as a row of small boxes; none where they are close."""
    end = _nearest(x, y, box)
    length = math.dist((x, y), end)
    if length <= radius + NEAR:
        return []
    count = max(int(length // 3), 2)
    shares = [k / count for k in range(1, count)]
    parts = [(x + s * (end[0] - x), y + s * (end[1] - y)) for s in shares]
    return [_around(*part, 0.5) for part in parts if math.dist(part, (x, y)) > radius + 1]


def _write(ax: Axes, spot: Spot, box: Box, at: tuple[float, float], size: float) -> None:
    x, y = at
    offset = ((box.left + box.right) / 2 - x, (box.bottom + box.top) / 2 - y)
    words = ax.annotate(
        spot.text,
        (spot.x, spot.y),
        xytext=offset,
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=size,
        color=ORANGE if spot.marked else DARK,
        zorder=6,
    )
    words.set_in_layout(False)
    end = _nearest(x, y, box)
    if math.dist((x, y), end) > spot.radius + NEAR:
        line = ax.annotate(
            "",
            (spot.x, spot.y),
            xytext=(end[0] - x, end[1] - y),
            textcoords="offset points",
            arrowprops={
                "arrowstyle": "-",
                "lw": 0.4,
                "color": GRAY,
                "shrinkA": 0,
                "shrinkB": spot.radius,
            },
            zorder=2,
        )
        line.set_in_layout(False)
