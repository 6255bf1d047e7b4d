"""How time and memory grow with the number of pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from fusionbench.profiling.records import Measurement
from fusionbench.report.figures.axes import logarithmic
from fusionbench.report.figures.point_labels import settle
from fusionbench.report.figures.style import BLUE, DARK, DPI, GRAY, ORANGE, TEXT_WIDTH, text_width
from fusionbench.report.profile.reading import Block, Profile, memory_of, time_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#56B4E9", "#E69F00", DARK)
SIZE = 6.0
MOST_FOR_NAMES = 0.6
"""Width of the names beside the lines, as a share of the panel, at most."""


@dataclass(frozen=True)
class Curve:
    """One method: ``(megapixels, value)``, small images first."""

    label: str
    points: tuple[tuple[float, float], ...]

    @property
    def exponent(self) -> float:
        """The slope on logarithmic axes, by least squares: 1 is proportional to the pixels."""
        x = [math.log(p) for p, _ in self.points]
        y = [math.log(v) for _, v in self.points]
        mx, my = sum(x) / len(x), sum(y) / len(y)
        return sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum(
            (a - mx) ** 2 for a in x
        )


def scaling_figures(profile: Profile) -> Iterator[tuple[str, Figure]]:
    """One figure for each device on which more than one size was measured.

    Beside each name stands the exponent: 1.0 is proportional to the number of pixels.
    """
    devices: dict[tuple[str, str, int], list[Block]] = {}
    for block in profile.blocks:
        where = block.where
        key = (where.device_kind, where.device_name, where.threads)
        devices.setdefault(key, []).append(block)
    used: list[str] = []
    for (kind, *_), blocks in devices.items():
        panels = [
            (f"Time (ms, {blocks[0].where.clock})", curves(blocks, _time)),
            ("Peak memory (MB)", curves(blocks, _memory)),
        ]
        panels = [(title, found) for title, found in panels if found]
        if panels:
            used.append(kind)
            name = kind if used.count(kind) == 1 else f"{kind}_{used.count(kind)}"
            yield f"scaling_{name}", _figure(blocks, panels)


def _time(row: Measurement | None) -> float | None:
    stats = time_of(row, "method")
    return stats.median if stats else None


def _memory(row: Measurement | None) -> float | None:
    found = memory_of(row)
    return found / 1e6 if found else None


def curves(
    blocks: Sequence[Block], value: Callable[[Measurement | None], float | None]
) -> list[Curve]:
    """The methods that have a value at two numbers of pixels or more."""
    found: dict[str, list[tuple[float, float]]] = {}
    for block in blocks:
        pixels = block.where.width * block.where.height / 1e6
        for line in block.lines:
            seen = value(line.base)
            if seen:
                found.setdefault(line.method.label, []).append((pixels, seen))
    return [
        Curve(label, tuple(sorted(points)))
        for label, points in found.items()
        if len({pixels for pixels, _ in points}) > 1
    ]


def _figure(blocks: Sequence[Block], panels: list[tuple[str, list[Curve]]]) -> Figure:
    most = max(len(found) for _, found in panels)
    height = max(3.0, 0.9 + 0.115 * most)
    width = TEXT_WIDTH if len(panels) > 1 else TEXT_WIDTH / 2
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    names = sorted({curve.label for _, found in panels for curve in found})
    colours = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
    sizes = {b.where.width * b.where.height / 1e6: b.where.size for b in blocks}
    axes = figure.subplots(1, len(panels), squeeze=False)[0].tolist()
    for ax, (title, found) in zip(axes, panels, strict=True):
        _draw(ax, found, colours, sizes)
        ax.set_title(title)
    figure.supxlabel(f"Image size (pixels; {blocks[0].where.device})", fontsize=8)
    settle(figure)
    for ax, (_, found) in zip(axes, panels, strict=True):
        _name(ax, found, colours, min(sizes), max(sizes))
    return figure


def _draw(
    ax: Axes, found: Sequence[Curve], colours: dict[str, str], sizes: dict[float, str]
) -> None:
    ax.set(xscale="log", yscale="log")
    for curve in found:
        x, y = zip(*curve.points, strict=True)
        ax.plot(x, y, marker="o", ms=3, lw=1, color=colours[curve.label], mec="white", mew=0.4)
    ax.grid(visible=True, axis="y")
    ax.set_xticks(list(sizes), list(sizes.values()), fontsize=6, rotation=30, ha="right")
    ax.minorticks_off()
    ax.margins(y=0.06)
    logarithmic(ax.yaxis)


def _name(
    ax: Axes, found: Sequence[Curve], colours: dict[str, str], small: float, large: float
) -> None:
    """Names to the right of the lines, in their order, moved apart where they would overlap."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    area = ax.get_window_extent()
    texts = {c.label: f" {c.label} ({c.exponent:.1f})" for c in found}
    wide = max(text_width(text, SIZE) for text in texts.values()) * figure.dpi + 4
    span = math.log(large / small)
    whole = 1.16 * span / (1 - min(wide / area.width, MOST_FOR_NAMES))
    left, at = small * math.exp(-0.06 * span), large * math.exp(0.1 * span)
    ax.set_xlim(left, left * math.exp(whole))
    low, top = (math.log(v) for v in ax.get_ylim())
    gap = SIZE * 1.25 / (area.height * 72 / figure.dpi) * (top - low)
    order = sorted(found, key=lambda c: c.points[-1][1])
    wanted = [math.log(curve.points[-1][1]) for curve in order]
    for curve, y in zip(order, spread(wanted, gap, low, top), strict=True):
        end, value = curve.points[-1]
        ax.plot([end, at], [value, math.exp(y)], color=GRAY, lw=0.4, zorder=1)
        colour = colours[curve.label]
        ax.text(at, math.exp(y), texts[curve.label], fontsize=SIZE, va="center", color=colour)
    ax.set_ylim(math.exp(low), math.exp(top))


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places at least ``gap`` apart and as near to the wanted, ascending ones as that allows.

    Where there is no room for that between ``low`` and ``high`` they are evenly spaced.
    """
    if len(wanted) > 1 and gap * (len(wanted) - 1) > high - low:
        step = (high - low) / (len(wanted) - 1)
        return [low + step * k for k in range(len(wanted))]
    groups: list[tuple[float, int]] = []
    for place in wanted:
        groups.append((place, 1))
        while len(groups) > 1 and _reach(groups[-2], gap)[1] + gap > _reach(groups[-1], gap)[0]:
            (a, m), (b, n) = groups[-2:]
            groups[-2:] = [((a * m + b * n) / (m + n), m + n)]
        groups[-1] = _inside(groups[-1], gap, low, high)
    return [_reach(g, gap)[0] + gap * k for g in groups for k in range(g[1])]


def _reach(group: tuple[float, int], gap: float) -> tuple[float, float]:
    centre, count = group
    return centre - gap * (count - 1) / 2, centre + gap * (count - 1) / 2


def _inside(group: tuple[float, int], gap: float, low: float, high: float) -> tuple[float, int]:
    first, last = _reach(group, gap)
    centre = group[0] + max(low - first, 0) - max(last - high, 0)
    return centre, group[1]
