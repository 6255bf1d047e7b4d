"""What a profile shows: growth with the image's size, rooflines, and speed against quality."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import ArrayLike

from fusionbench.cards import Better
from fusionbench.manifest import ColumnRecord, DataSetRecord
from fusionbench.profiling.ceilings import Ceilings
from fusionbench.profiling.records import Measurement
from fusionbench.profiling.results import (
    Block,
    Profile,
    Where,
    macs_of,
    memory_of,
    parameters_of,
    time_of,
)
from fusionbench.report.figures.point_labels import Spot, label, settle
from fusionbench.report.figures.style import (
    BLUE,
    COLOURS,
    DARK,
    DPI,
    GRAY,
    ORANGE,
    TEXT_WIDTH,
    cut,
    figure_style,
    save,
    text_width,
)
from fusionbench.report.leaderboard import ARROWS
from fusionbench.results import Result, Results, full_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.text import Text

Named = Iterator[tuple[str, Figure]]
SIZE, LONGEST = 6.0, 1.7
"""Of the names beside lines: letters in points, and width in inches at most."""
SMALLEST, LARGEST = 2.5, 11.0
"""Radii in points: of the smallest network, and of the largest."""


def write_figures(folder: Path, profile: Profile, results: Results | None) -> list[Path]:
    """Write all as PNG and PDF: ``scaling_*``, ``roofline_*`` and, with a run, ``pareto_*``."""
    of_run = pareto_figures(profile, results) if results is not None else iter(())
    with figure_style():
        every = itertools.chain(scaling_figures(profile), roofline_figures(profile), of_run)
        return [path for name, figure in every for path in save(figure, folder, name)]


def _device(where: Where) -> tuple[str, str, int]:
    return where.device_kind, where.device_name, where.threads


def _number(name: str, used: list[str]) -> str:
    """What tells a name from those that were used before: nothing, or ``_2`` and so on."""
    used.append(name)
    return "" if used.count(name) == 1 else f"_{used.count(name)}"


def _logarithmic(axis: Axis) -> None:
    """Ticks at 1, 2 and 5 of each decade where there are few decades, else at 1; no powers."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    low, high = axis.get_view_interval()
    few = low > 0 and high / low < 300
    axis.set_major_locator(LogLocator(10, subs=(1, 2, 5) if few else (1,), numticks=20))


def scaling_figures(profile: Profile) -> Named:
    """One figure for each device on which more than one size was measured.

    Beside each name stands the exponent: 1.0 is proportional to the number of pixels.
    """
    used: list[str] = []
    for (kind, *_), group in itertools.groupby(profile.blocks, lambda b: _device(b.where)):
        blocks = list(group)
        panels = [
            (f"Time (ms, {blocks[0].where.clock})", _growth(blocks, _time)),
            ("Peak memory (MB)", _growth(blocks, _memory)),
        ]
        panels = [(title, found) for title, found in panels if len(found)]
        if panels:
            yield f"scaling_{kind}{_number(kind, used)}", _scaling(blocks, panels)


def _time(row: Measurement | None) -> float | None:
    stats = time_of(row, "method")
    return stats.median if stats else None


def _memory(row: Measurement | None) -> float | None:
    found = memory_of(row)
    return found / 1e6 if found else None


def _growth(
    blocks: Sequence[Block], value: Callable[[Measurement | None], float | None]
) -> pd.DataFrame:
    """Megapixels and values, small images first, of methods that have two sizes or more."""
    import pandas as pd

    rows = [
        (line.method.label, block.where.width * block.where.height / 1e6, found)
        for block in blocks
        for line in block.lines
        if (found := value(line.base))
    ]
    frame = pd.DataFrame(rows, columns=["label", "pixels", "value"]).sort_values("pixels")
    return frame[frame.groupby("label")["pixels"].transform("nunique") > 1]


def exponent(pixels: ArrayLike, values: ArrayLike) -> float:
    """The slope on logarithmic axes, by least squares: 1 is proportional to the pixels."""
    return float(np.polyfit(np.log(pixels), np.log(values), 1)[0])


def _scaling(blocks: Sequence[Block], panels: list[tuple[str, pd.DataFrame]]) -> Figure:
    names = sorted({name for _, found in panels for name in found["label"]})
    colours = dict(zip(names, itertools.cycle(COLOURS)))
    sizes = {b.where.width * b.where.height / 1e6: b.where.size for b in blocks}
    width = TEXT_WIDTH if len(panels) > 1 else TEXT_WIDTH / 2
    height = max(3.0, 0.9 + 0.115 * len(names))
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0].tolist()
    for ax, (title, found) in zip(axes, panels, strict=True):
        ax.set(xscale="log", yscale="log", title=title)
        for name, own in found.groupby("label"):
            look = {"marker": "o", "ms": 3, "lw": 1, "mec": "white", "mew": 0.4}
            ax.plot(own["pixels"], own["value"], color=colours[name], **look)
        ax.grid(visible=True, axis="y")
        ax.set_xticks(list(sizes), list(sizes.values()), fontsize=6, rotation=30, ha="right")
        ax.minorticks_off()
        ax.margins(y=0.06)
        _logarithmic(ax.yaxis)
    figure.supxlabel(f"Image size (pixels; {blocks[0].where.device})", fontsize=8)
    settle(figure)
    for ax, (_, found) in zip(axes, panels, strict=True):
        _name(ax, found, cut(dict(zip(names, names, strict=True)), LONGEST, SIZE), colours)
    return figure


def _name(ax: Axes, found: pd.DataFrame, labels: dict[str, str], colours: dict[str, str]) -> None:
    """Names to the right of the lines, in their order, moved apart where they would overlap."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    powers = {str(n): exponent(own["pixels"], own["value"]) for n, own in found.groupby("label")}
    texts = {name: f" {labels[name]} ({round(power, 1) + 0.0})" for name, power in powers.items()}
    area = ax.get_window_extent()
    wide = max(text_width(text, SIZE) for text in texts.values()) * figure.dpi + 4
    small, large = found["pixels"].min(), found["pixels"].max()
    span = math.log(large / small)
    left, at = small * math.exp(-0.06 * span), large * math.exp(0.1 * span)
    ax.set_xlim(left, left * math.exp(1.16 * span / (1 - min(wide / area.width, 0.8))))
    low, top = (math.log(v) for v in ax.get_ylim())
    gap = SIZE * 1.25 / (area.height * 72 / figure.dpi) * (top - low)
    ends = found.groupby("label").last().sort_values("value")
    places = np.exp(spread(np.log(ends["value"].to_numpy()), gap, low + gap / 2, top - gap / 2))
    for (name, end), y in zip(ends.iterrows(), places, strict=True):
        ax.plot([end["pixels"], at], [end["value"], y], color=GRAY, lw=0.4, zorder=1)
        ax.text(at, y, texts[str(name)], fontsize=SIZE, va="center", color=colours[str(name)])
    ax.set_ylim(math.exp(low), math.exp(top))


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places at least ``gap`` apart and as near to the wanted, ascending ones as that allows.

    Where there is no room for that between ``low`` and ``high`` they are evenly spaced.
    """
    from scipy.optimize import isotonic_regression

    steps = np.arange(len(wanted)) * min(gap, (high - low) / max(len(wanted) - 1, 1))
    level = isotonic_regression(np.subtract(wanted, steps)).x
    places: list[float] = (np.clip(level, low, high - steps[-1]) + steps).tolist()
    return places


def roofline_figures(profile: Profile) -> Named:
    """One figure for each device and size whose ceilings were measured.

    A point is a method in float32: its FLOPs over its time, against its FLOPs over the bytes that
    its counted operators read and write. Those bytes are an estimate: operators without a count
    move more, and caches save some.
    """
    used: list[str] = []
    for block in profile.blocks:
        ceilings, spots = profile.ceilings_of(block.where), _intensities(block)
        if ceilings is not None and spots:
            slug = block.where.slug
            yield f"roofline_{slug}{_number(slug, used)}", _roofline(block, ceilings, spots)


def _intensities(block: Block) -> list[Spot]:
    """FLOPs per byte and 10⁹ FLOPs per second of every method that has a count."""
    found = []
    for line in block.lines:
        stats, macs = time_of(line.base, "method"), macs_of(line.base)
        moved = (line.base.flops or {}).get("bytes_moved") if line.base else None
        if stats and macs and moved:
            speed = 2 * macs / stats.median / 1e6
            found.append(Spot(2 * macs / moved, speed, line.method.label, 2.5))
    return found


def _roofline(block: Block, ceilings: Ceilings, spots: Sequence[Spot]) -> Figure:
    figure = Figure(figsize=(TEXT_WIDTH * 0.75, 3.6), dpi=DPI, layout="constrained")
    ax = figure.subplots()
    x, y = [s.x for s in spots], [s.y for s in spots]
    left, right = min(ceilings.ridge, *x) / 3, max(ceilings.ridge, *x) * 3
    peak, speed = ceilings.flops_per_second / 1e9, ceilings.bytes_per_second / 1e9
    ax.plot([left, ceilings.ridge, right], [left * speed, peak, peak], color=DARK, lw=1.2)
    ax.scatter(x, y, s=22, c=BLUE, ec="white", lw=0.4)
    ax.set(xscale="log", yscale="log", xlim=(left, right))
    ax.set_ylim(min(*y, left * speed) / 2, max(peak, *y) * 2.2)
    ax.grid(visible=True)
    _logarithmic(ax.xaxis)
    _logarithmic(ax.yaxis)
    ax.set_xlabel("Arithmetic intensity (FLOPs per byte of counted operators)")
    ax.set_ylabel("Achieved GFLOP/s")
    ax.set_title(f"{block.where.size}, {block.where.device}")
    settle(figure)
    middle = math.sqrt(left * ceilings.ridge)
    slope = ax.transData.transform([(middle, middle * speed), (ceilings.ridge, peak)])
    angle = math.degrees(math.atan2(*(slope[1] - slope[0])[::-1]))
    said = [
        _along(ax, f"matrix product: {_round(peak)} GFLOP/s", (right, peak), 0, "right"),
        _along(ax, f"memory: {_round(speed)} GB/s", (middle, middle * speed), angle, "center"),
    ]
    label(ax, spots, avoid=said)
    return figure


def _along(ax: Axes, words: str, at: tuple[float, float], angle: float, align: Any) -> Text:
    """A text just above a point of a line, along it."""
    turned = math.radians(angle)
    return ax.annotate(
        words,
        at,
        xytext=(-3 * math.sin(turned), 3 * math.cos(turned)),
        textcoords="offset points",
        rotation=angle,
        rotation_mode="anchor",
        fontsize=6,
        color=DARK,
        ha=align,
        va="bottom",
    )


def _round(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


@dataclass(frozen=True)
class Point:
    """One method: its time in milliseconds, its mean, its parameters and its name."""

    ms: float
    value: float
    parameters: int
    label: str
    untrusted: bool = False


def front(points: Sequence[Point], better: Better) -> list[Point]:
    """The points that no other beats: faster or equal, better or equal, and not equal in both.

    Fastest first; of points that are equal in both all are on the front.
    """
    sign = 1 if better == "higher" else -1

    def beaten(p: Point) -> bool:
        return any(
            q.ms <= p.ms and sign * q.value >= sign * p.value and (q.ms, q.value) != (p.ms, p.value)
            for q in points
        )

    return sorted((p for p in points if not beaten(p)), key=lambda p: (p.ms, p.label))


def pareto_figures(profile: Profile, results: Results) -> Named:
    """For each device and metric a figure, at the smallest size that was measured there.

    Time is that of scope ``method``; the area of a bubble grows with the parameters that took
    part. Source images are left out: a copy of a source is fast and wins some metrics trivially.
    """
    run, used = results.run, list[str]()
    first = {_device(block.where): block for block in reversed(profile.blocks)}
    for block in profile.blocks:
        if first[_device(block.where)] is not block:
            continue
        slug = block.where.slug + _number(block.where.device_kind, used)
        for column in run.manifest.columns:
            facets = [(d, _points(block, results.every, d, column)) for d in run.manifest.datasets]
            facets = [(d, points) for d, points in facets if points]
            if facets:
                yield f"pareto_{full_name(column)}_{slug}", _pareto(block, column, facets)


def _points(
    block: Block, results: Sequence[Result], dataset: DataSetRecord, column: ColumnRecord
) -> list[Point]:
    lines = {line.method.method: line for line in block.lines}
    found = []
    for result in results:
        if result.dataset is not dataset or result.method.is_source:
            continue
        line = lines.get(result.method.name)
        stats, mean = time_of(line.base if line else None, "method"), result.mean(column)
        if line and line.base and stats and math.isfinite(mean):
            verdict = line.base.verdict
            red = verdict is not None and verdict.light == "red"
            parameters = parameters_of(line.base) or 0
            found.append(Point(stats.median, mean, parameters, result.method.label, red))
    return found


def _pareto(
    block: Block, column: ColumnRecord, facets: list[tuple[DataSetRecord, list[Point]]]
) -> Figure:
    across, where = min(len(facets), 2), block.where
    down = math.ceil(len(facets) / across)
    width = TEXT_WIDTH if across > 1 else TEXT_WIDTH * 0.75
    figure = Figure(figsize=(width, 0.6 + 3.3 * down), dpi=DPI, layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).flatten().tolist()
    most = max(p.parameters for _, points in facets for p in points)
    for ax, (dataset, points) in zip(axes, facets, strict=False):
        _bubbles(ax, points, column, most)
        ax.set_title(f"{dataset.name} (N = {len(dataset.pairs)})")
    for ax in axes[len(facets) :]:
        ax.set_axis_off()
    said = f"Time of one {where.size} pair ↓ (ms, {where.clock}; {where.device})"
    figure.supxlabel(said, fontsize=8)
    said = f"{column.metric} {ARROWS[column.better]}  (convention {column.convention})"
    figure.supylabel(said, fontsize=8)
    _key(figure, most)
    settle(figure)
    for ax, (_, points) in zip(axes, facets, strict=False):
        best = front(points, column.better)
        order = [*best, *(p for p in points if p not in best)]
        spots = [
            Spot(p.ms, p.value, p.label, _radius(p.parameters, most), p in best) for p in order
        ]
        label(ax, spots, steps=_steps(best))
    return figure


def _bubbles(ax: Axes, points: Sequence[Point], column: ColumnRecord, most: int) -> None:
    best = front(points, column.better)
    ax.set_xscale("log")
    ax.grid(visible=True)
    ax.margins(0.12, 0.16)
    ax.plot(*zip(*_steps(best), strict=True), color=ORANGE, linewidth=1, zorder=2)
    for p in points:
        colour = ORANGE if p in best else BLUE
        ax.scatter(
            [p.ms],
            [p.value],
            s=(2 * _radius(p.parameters, most)) ** 2,
            marker="o" if p.parameters else "D",
            facecolor="white" if p.untrusted else colour,
            edgecolor=colour if p.untrusted else "white",
            alpha=0.8 if p.parameters and not p.untrusted else 1,
            linewidth=0.8 if p.untrusted else 0.4,
            zorder=3,
        )
    _logarithmic(ax.xaxis)


def _steps(best: Sequence[Point]) -> list[tuple[float, float]]:
    """The corners of the front: level until the next point."""
    turns = [(q.ms, p.value) for p, q in itertools.pairwise(best)]
    ends = [(p.ms, p.value) for p in best]
    return [corner for pair in zip(ends, [*turns, ends[-1]], strict=True) for corner in pair]


def _radius(parameters: int, most: int) -> float:
    """The area grows with the parameters, from a mark that can still be seen."""
    if not parameters:
        return SMALLEST * 0.8
    return math.sqrt(SMALLEST**2 + parameters / most * (LARGEST**2 - SMALLEST**2))


def _key(figure: Figure, most: int) -> None:
    """What the marks mean, with a round number of parameters up to the largest, and a tenth."""
    from matplotlib.lines import Line2D

    def mark(style: str, radius: float, face: str, edge: str = "white") -> Line2D:
        return Line2D([], [], ls="", marker=style, ms=2 * radius, mfc=face, mec=edge)

    marks = {
        "no other is both faster and better": Line2D([], [], color=ORANGE, lw=1),
        "no parameters": mark("D", SMALLEST * 0.8, GRAY),
        "time not to be relied on": mark("o", SMALLEST, "white", DARK),
    }
    unit = 10 ** int(math.log10(max(most, 1)))
    top = max(k * unit for k in (1, 2, 5) if k * unit <= max(most, 1))
    for count in (top // 10, top) if most else ():
        if count:
            marks[f"{count / 1e6:g} M parameters"] = mark("o", _radius(count, most), GRAY)
    figure.legend(
        list(marks.values()),
        list(marks),
        loc="outside upper center",
        ncols=min(len(marks), 3),
        fontsize=6,
        borderpad=0.8,
        labelspacing=1.2,
        handletextpad=1.2,
    )
