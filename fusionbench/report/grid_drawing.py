"""How a qualitative grid is drawn: every length is in inches, from the top left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fusionbench.images import U8
from fusionbench.report.scenes import BOX_ASPECT, Box
from fusionbench.report.style import DARK, DPI, LIGHT, TEXT_WIDTH, YELLOW, fitted

ONE_LINE_UP_TO = 10
MOST_IN_LINE = 12
GAP = 0.04
SCENE_GAP = 0.08
SIDE = 0.2
LABEL = 0.3
_WIDEST, _NARROWEST = 2.2, 1.0
_Place = tuple[float, float, float, float]


@dataclass(frozen=True)
class Panel:
    """One image of a scene, or why there is none."""

    label: str
    image: U8 | None
    reason: str = ""


@dataclass(frozen=True)
class SceneView:
    """One pair: its panels, the box that is enlarged, and height over width of its images."""

    pair: str
    panels: list[Panel]
    box: Box
    aspect: float


@dataclass(frozen=True)
class _Layout:
    """``lines`` lines of ``across`` panels for each scene, each ``wide`` inches wide."""

    lines: int
    across: int
    wide: float

    def line(self, scene: SceneView) -> float:
        """Height of one line of a scene without its labels."""
        return self.wide * (scene.aspect + BOX_ASPECT) + 2 * GAP

    def labelled(self, first: bool) -> bool:
        """Whether a scene repeats the labels: where they are not the heads of one column each."""
        return first or self.lines > 1

    def scene(self, scene: SceneView, first: bool) -> float:
        """Height of a scene with its labels."""
        return self.lines * (self.line(scene) + LABEL * self.labelled(first))


def draw_grid(scenes: Sequence[SceneView]) -> Figure:
    """Draw scenes below each other.

    Up to ten panels stand in one line under one row of labels; more are wrapped into even lines
    of twelve at most, and every panel has its label.
    """
    layout = _layout(len(scenes[0].panels))
    heights = [layout.scene(scene, i == 0) for i, scene in enumerate(scenes)]
    width = SIDE + layout.across * (layout.wide + GAP)
    figure = Figure(
        figsize=(width, sum(heights) + SCENE_GAP * (len(scenes) - 1)),
        dpi=DPI,
    )
    labels = [fitted(panel.label, layout.wide, 8) for panel in scenes[0].panels]
    top = 0.0
    for i, (scene, height) in enumerate(zip(scenes, heights, strict=True)):
        _scene(figure, layout, scene, labels if layout.labelled(i == 0) else [], top)
        above = LABEL if layout.labelled(i == 0) else 0
        name, size = fitted(scene.pair, height - above, 7)
        _text(figure, name, size, (SIDE * 0.45, top + (above + height) / 2), rotation=90)
        top += height + SCENE_GAP
    return figure


def _layout(panels: int) -> _Layout:
    lines = 1 if panels <= ONE_LINE_UP_TO else math.ceil(panels / MOST_IN_LINE)
    across = math.ceil(panels / lines)
    wide = (TEXT_WIDTH - SIDE) / across - GAP
    return _Layout(lines, across, max(_NARROWEST, min(_WIDEST, wide)))


def _scene(
    figure: Figure,
    layout: _Layout,
    scene: SceneView,
    labels: list[tuple[str, float]],
    top: float,
) -> None:
    above = LABEL if labels else 0
    wide, tall, zoom = layout.wide, layout.wide * scene.aspect, layout.wide * BOX_ASPECT
    for i, panel in enumerate(scene.panels):
        line, place = divmod(i, layout.across)
        left = SIDE + place * (wide + GAP)
        upper = top + line * (layout.line(scene) + above) + above
        _image(_axes(figure, (left, upper, wide, tall)), panel, scene.box)
        _crop(_axes(figure, (left, upper + tall + GAP, wide, zoom)), panel, scene.box)
        if labels:
            text, size = labels[i]
            _text(figure, text, size, (left + wide / 2, upper - 0.06), va="baseline")


def _text(
    figure: Figure,
    text: str,
    size: float,
    place: tuple[float, float],
    *,
    va: str = "center",
    rotation: float = 0,
) -> None:
    width, height = figure.get_size_inches()
    x, y = place[0] / width, 1 - place[1] / height
    figure.text(x, y, text, size=size, ha="center", va=va, rotation=rotation, linespacing=1.0)


def _axes(figure: Figure, place: _Place) -> Axes:
    width, height = figure.get_size_inches()
    left, upper, wide, tall = place
    bounds = (left / width, 1 - (upper + tall) / height, wide / width, tall / height)
    ax = figure.add_axes(bounds)
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def _image(ax: Axes, panel: Panel, box: Box) -> None:
    if panel.image is None:
        ax.set_facecolor(LIGHT)
        ax.text(0.5, 0.5, panel.reason, ha="center", va="center", size=7, color=DARK)
        return
    _show(ax, panel.image)
    corner = (box.x - 0.5, box.y - 0.5)
    for colour, line in (("black", 1.6), (YELLOW, 0.9)):
        ax.add_patch(Rectangle(corner, box.width, box.height, fill=False, ec=colour, lw=line))


def _crop(ax: Axes, panel: Panel, box: Box) -> None:
    if panel.image is None:
        ax.set_facecolor(LIGHT)
        return
    _show(ax, box.cut(panel.image))
    for spine in ax.spines.values():
        spine.set(visible=True, color=YELLOW, linewidth=0.9)


def _show(ax: Axes, image: U8) -> None:
    ax.imshow(image, cmap="gray", vmin=0, vmax=255, aspect="auto")
