"""Names beside points, placed so that none covers another name or a point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fusionbench.names import apart
from fusionbench.report.figures.style import DARK, GRAY, ORANGE, one_line, text_width

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

F64 = NDArray[np.float64]
"""Boxes are N×4: left, bottom, right, top in points from the figure's lower left corner."""
ANGLES = 24
RINGS = np.array([0, 4, 9, 15, 22, 30, 40, 52, 66, 82, 100])
NEAR = 6
"""Points between a mark and its name up to which no line joins them."""
LONGEST = 0.5
"""Width of a name as a share of the axes, at most."""


@dataclass(frozen=True)
class Spot:
    """A point in data coordinates, the radius of its mark in points, and its name."""

    x: float
    y: float
    text: str
    radius: float = 2.5
    marked: bool = False


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
) -> F64:
    """Write the names of points into axes of a figure that is settled.

    Args:
        ax: The axes, with their final limits.
        spots: The points; the first have the first choice.
        size: Of the letters, in points.
        avoid: Other texts that no name may cover.
        steps: Corners, in data coordinates, of a line of level and upright parts; likewise.

    Returns:
        The boxes in which the names stand.
    """
    from matplotlib.collections import LineCollection

    figure = ax.get_figure(root=True)
    assert figure is not None
    scale, inches = 72 / figure.dpi, figure.dpi_scale_trans

    def on_page(points: Sequence[tuple[float, float]]) -> F64:
        return np.asarray(ax.transData.transform(np.reshape(points, (-1, 2))) * scale, np.float64)

    def extent(artist: Artist) -> F64:
        return np.array(artist.get_window_extent().extents, np.float64) * scale

    room = extent(ax)
    longest = (room[2] - room[0]) / 72 * LONGEST
    shown = apart([spot.text for spot in spots], lambda text: one_line(text, longest, size))
    spots = [replace(spot, text=text) for spot, text in zip(spots, shown, strict=True)]
    at, corners = on_page([(s.x, s.y) for s in spots]), on_page(steps)
    marks = [around(at, np.array([[s.radius] for s in spots]))]
    marks += [extent(text)[None] for text in avoid]
    if len(corners):
        ends = np.stack([corners[:-1], corners[1:]])
        marks.append(np.hstack([ends.min(0) - 0.5, ends.max(0) + 0.5]))
    placed = place(spots, at, np.vstack(marks), room, size)
    lines = []
    for spot, point, box in zip(spots, at, placed, strict=True):
        x, y = ((box[:2] + box[2:]) / 2 / 72).tolist()
        said = ax.text(x, y, spot.text, transform=inches, ha="center", va="center", zorder=6)
        said.set(fontsize=size, color=ORANGE if spot.marked else DARK)
        away = _nearest(point, box) - point
        if (length := math.hypot(*away)) > spot.radius + NEAR:
            lines.append(np.array([point + away * spot.radius / length, point + away]) / 72)
    ax.add_collection(
        LineCollection(lines, transform=inches, colors=GRAY, linewidths=0.4, zorder=2),
        autolim=False,
    )
    return placed


def place(spots: Sequence[Spot], at: F64, marks: F64, room: F64, size: float) -> F64:
    """A box for each name: the nearest free one, else the one that covers least.

    Args:
        spots: The points; the first have the first choice.
        at: Where they are on the page, N×2.
        marks: Boxes that no name may cover.
        room: The box in which names should stay.
        size: Of the letters, in points.
    """
    taken, placed = marks, np.zeros((0, 4))
    for spot, point in zip(spots, at, strict=True):
        wide, high = text_width(spot.text, size) * 72, size * 1.15
        boxes = _places(point, spot.radius, wide, high)
        costs = covered(boxes, taken) + 10 * (wide * high - covered(boxes, room[None]))
        best = boxes[costs.argmin()]
        for box in boxes[costs < 1e-6]:
            if not covered(_line(point, box, spot.radius), placed).any():
                best = box
                break
        placed = np.vstack([placed, best])
        taken = np.vstack([taken, best, _line(point, best, spot.radius)])
    return placed


def around(points: F64, radius: float | F64) -> F64:
    """Square boxes around points."""
    return np.hstack([points - radius, points + radius])


def covered(boxes: F64, others: F64) -> F64:
    """The area of each box that others cover, added up."""
    low = np.maximum(boxes[:, None, :2], others[:, :2])
    high = np.minimum(boxes[:, None, 2:], others[:, 2:])
    areas: F64 = np.clip(high - low, 0, None).prod(2).sum(1)
    return areas


def _places(point: F64, radius: float, wide: float, high: float) -> F64:
    """Boxes around a mark, near ones first, to the right first."""
    steps = np.arange(ANGLES)
    angle = np.where(steps % 2, -1, 1) * ((steps + 1) // 2) * 2 * np.pi / ANGLES
    cos, sin, away = np.cos(angle), np.sin(angle), (radius + 1.5 + RINGS)[:, None]
    left = (point[0] + away * cos - wide * (1 - cos) / 2).ravel()
    bottom = (point[1] + away * sin - high * (1 - sin) / 2).ravel()
    return np.stack([left, bottom, left + wide, bottom + high], axis=1)


def _nearest(point: F64, box: F64) -> F64:
    return np.clip(point, box[:2], box[2:])


def _line(point: F64, box: F64, radius: float) -> F64:
    """The line from a mark to its name as a row of small boxes; none where they are close."""
    away = _nearest(point, box) - point
    length = math.hypot(*away)
    if length <= radius + NEAR:
        return np.zeros((0, 4))
    count = max(int(length // 3), 2)
    shares = np.arange(1, count) / count
    return around(point + shares[shares * length > radius + 1, None] * away, 0.5)
