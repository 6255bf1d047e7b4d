"""Speed against quality: which methods no other beats in both."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from fusionbench.cards import Better
from fusionbench.manifest import ColumnRecord, DataSetRecord
from fusionbench.report.collect import Result, collect, full_name, is_anchor
from fusionbench.report.figures.axes import logarithmic
from fusionbench.report.figures.bubbles import add_key, radius
from fusionbench.report.figures.point_labels import Spot, label, settle
from fusionbench.report.figures.style import BLUE, DPI, ORANGE, TEXT_WIDTH
from fusionbench.report.layout import ARROWS
from fusionbench.report.profile.reading import Block, Profile, parameters_of, time_of
from fusionbench.runs import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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


def pareto_figures(profile: Profile, run: Run) -> Iterator[tuple[str, Figure]]:
    """For each device and metric a figure, at the smallest size that was measured there.

    Time is that of scope ``method``; the area of a bubble grows with the parameters that took
    part. Source images are left out: a copy of a source is fast and wins some metrics trivially.
    """
    results = collect(run)
    seen: set[tuple[str, str, int]] = set()
    for block in profile.blocks:
        where = block.where
        device = (where.device_kind, where.device_name, where.threads)
        if device in seen:
            continue
        seen.add(device)
        number = sum(kind == where.device_kind for kind, *_ in seen)
        slug = where.slug if number == 1 else f"{where.slug}_{number}"
        for column in run.manifest.columns:
            facets = [(d, _points(block, results, d, column)) for d in run.manifest.datasets]
            facets = [(d, points) for d, points in facets if points]
            if facets:
                yield f"pareto_{full_name(column)}_{slug}", _figure(block, column, facets)


def _points(
    block: Block, results: Sequence[Result], dataset: DataSetRecord, column: ColumnRecord
) -> list[Point]:
    lines = {line.method.method: line for line in block.lines}
    found = []
    for result in results:
        if result.dataset is not dataset or is_anchor(result.method):
            continue
        line = lines.get(result.method.name)
        stats, mean = time_of(line.base if line else None, "method"), result.mean(column)
        if line and line.base and stats and math.isfinite(mean):
            verdict = line.base.verdict
            red = verdict is not None and verdict.light == "red"
            parameters = parameters_of(line.base) or 0
            found.append(Point(stats.median, mean, parameters, result.method.label, red))
    return found


def _figure(
    block: Block, column: ColumnRecord, facets: list[tuple[DataSetRecord, list[Point]]]
) -> Figure:
    across = min(len(facets), 2)
    down = math.ceil(len(facets) / across)
    width = TEXT_WIDTH if across > 1 else TEXT_WIDTH * 0.75
    figure = Figure(figsize=(width, 0.6 + 3.3 * down), dpi=DPI, layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).flatten().tolist()
    most = max(p.parameters for _, points in facets for p in points)
    for ax, (dataset, points) in zip(axes, facets, strict=False):
        _draw(ax, points, column, most)
        ax.set_title(f"{dataset.name} (N = {len(dataset.pairs)})")
    for ax in axes[len(facets) :]:
        ax.set_axis_off()
    where = block.where
    figure.supxlabel(
        f"Time of one {where.size} pair ↓ (ms, {where.clock}; {where.device})", fontsize=8
    )
    figure.supylabel(
        f"{column.metric} {ARROWS[column.better]}  (convention {column.convention})", fontsize=8
    )
    add_key(figure, most)
    settle(figure)
    for ax, (_, points) in zip(axes, facets, strict=False):
        best = front(points, column.better)
        order = [*best, *(p for p in points if p not in best)]
        spots = [Spot(p.ms, p.value, p.label, radius(p.parameters, most), p in best) for p in order]
        label(ax, spots, steps=_steps(best))
    return figure


def _draw(ax: Axes, points: Sequence[Point], column: ColumnRecord, most: int) -> None:
    best = front(points, column.better)
    ax.set_xscale("log")
    ax.grid(visible=True)
    ax.margins(0.12, 0.16)
    ax.plot(*zip(*_steps(best), strict=True), color=ORANGE, linewidth=1, zorder=2)
    for p in points:
        on_front, bare = p in best, not p.parameters
        colour = ORANGE if on_front else BLUE
        ax.scatter(
            [p.ms],
            [p.value],
            s=(2 * radius(p.parameters, most)) ** 2,
            marker="D" if bare else "o",
            facecolor="white" if p.untrusted else colour,
            edgecolor=colour if p.untrusted else "white",
            alpha=1 if p.untrusted or bare else 0.8,
            linewidth=0.8 if p.untrusted else 0.4,
            zorder=3,
        )
    logarithmic(ax.xaxis)


def _steps(best: Sequence[Point]) -> list[tuple[float, float]]:
    """The corners of the front: level until the next point."""
    turns = [(q.ms, p.value) for p, q in itertools.pairwise(best)]
    ends = [(p.ms, p.value) for p in best]
    return [corner for pair in zip(ends, [*turns, ends[-1]], strict=True) for corner in pair]
