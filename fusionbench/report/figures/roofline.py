"""Rooflines: how much of what a device can do a method gets out of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from fusionbench.profiling.ceilings import Ceilings
from fusionbench.report.figures.axes import logarithmic
from fusionbench.report.figures.point_labels import Spot, label, settle
from fusionbench.report.figures.style import BLUE, DARK, DPI, TEXT_WIDTH
from fusionbench.report.profile.reading import Block, Profile, macs_of, time_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text


def roofline_figures(profile: Profile) -> Iterator[tuple[str, Figure]]:
    """One figure for each device and size whose ceilings were measured.

    A point is a method in float32: its FLOPs over its time, against its FLOPs over the bytes that
    its counted operators read and write. Those bytes are an estimate: operators without a count
    move more, and caches save some.
    """
    used: list[str] = []
    for block in profile.blocks:
        ceilings, spots = profile.ceilings_of(block.where), points(block)
        if ceilings is None or not spots:
            continue
        used.append(block.where.slug)
        number = used.count(block.where.slug)
        suffix = "" if number == 1 else f"_{number}"
        yield f"roofline_{block.where.slug}{suffix}", _figure(block, ceilings, spots)


def points(block: Block) -> list[Spot]:
    """FLOPs per byte and 10⁹ FLOPs per second of every method that has a count."""
    found = []
    for line in block.lines:
        stats, macs = time_of(line.base, "method"), macs_of(line.base)
        moved = (line.base.flops or {}).get("bytes_moved") if line.base else None
        if stats and macs and moved:
            flops = 2 * macs
            speed = flops / stats.median / 1e6
            found.append(Spot(flops / moved, speed, line.method.label, 2.5))
    return found


def _figure(block: Block, ceilings: Ceilings, spots: Sequence[Spot]) -> Figure:
    figure = Figure(figsize=(TEXT_WIDTH * 0.75, 3.6), dpi=DPI, layout="constrained")
    ax = figure.subplots()
    ax.set(xscale="log", yscale="log")
    left = min([ceilings.ridge, *(s.x for s in spots)]) / 3
    right = max([ceilings.ridge, *(s.x for s in spots)]) * 3
    top = max([ceilings.flops_per_second / 1e9, *(s.y for s in spots)])
    _roof(ax, ceilings, left, right)
    ax.scatter([s.x for s in spots], [s.y for s in spots], s=22, c=BLUE, ec="white", lw=0.4)
    ax.set_xlim(left, right)
    low = min(*(s.y for s in spots), left * ceilings.bytes_per_second / 1e9)
    ax.set_ylim(low / 2, top * 2.2)
    ax.grid(visible=True)
    logarithmic(ax.xaxis)
    logarithmic(ax.yaxis)
    ax.set_xlabel("Arithmetic intensity (FLOPs per byte of counted operators)")
    ax.set_ylabel("Achieved GFLOP/s")
    ax.set_title(f"{block.where.size}, {block.where.device}")
    settle(figure)
    label(ax, spots, avoid=_say(ax, ceilings, left, right))
    return figure


def _roof(ax: Axes, ceilings: Ceilings, left: float, right: float) -> None:
    peak, speed = ceilings.flops_per_second / 1e9, ceilings.bytes_per_second / 1e9
    ax.plot([left, ceilings.ridge, right], [left * speed, peak, peak], color=DARK, lw=1.2)


def _say(ax: Axes, ceilings: Ceilings, left: float, right: float) -> list[Text]:
    """What the ceilings are, along them."""
    peak, speed = ceilings.flops_per_second / 1e9, ceilings.bytes_per_second / 1e9
    middle = math.sqrt(left * ceilings.ridge)
    (x0, y0), (x1, y1) = ax.transData.transform(
        [(middle, middle * speed), (ceilings.ridge, peak)]
    ).tolist()
    angle = math.degrees(math.atan2(y1 - y0, x1 - x0))
    turned = {"rotation": angle, "rotation_mode": "anchor", "ha": "center"}
    return [
        _text(ax, f"matrix product: {_round(peak)} GFLOP/s", (right, peak), {"ha": "right"}),
        _text(ax, f"memory: {_round(speed)} GB/s", (middle, middle * speed), turned),
    ]


def _text(ax: Axes, words: str, at: tuple[float, float], how: dict[str, Any]) -> Text:
    """A text just above a point of a line, along it."""
    angle = math.radians(how.get("rotation", 0))
    above = (-3 * math.sin(angle), 3 * math.cos(angle))
    return ax.annotate(
        words,
        at,
        xytext=above,
        textcoords="offset points",
        fontsize=6,
        color=DARK,
        va="bottom",
        **how,
    )


def _round(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
