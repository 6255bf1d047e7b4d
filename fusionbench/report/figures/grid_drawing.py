"""How a qualitative grid is drawn: every length is in inches, from the top left.

All images are put into one picture, which is drawn once: axes for each would take far longer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backend_bases import RendererBase
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from fusionbench.images import U8
from fusionbench.names import apart
from fusionbench.report.figures.style import DARK, DPI, LIGHT, SKY, TEXT_WIDTH, YELLOW, fitted

ONE_LINE_UP_TO = 10
MOST_IN_LINE = 12
GAP = 0.04
SCENE_GAP = 0.08
SIDE = 0.2
LABEL = 0.3
COLOURS = (YELLOW, SKY)
_WIDEST, _NARROWEST = 2.2, 1.0
Place = tuple[float, float, float, float]
"""Left, top, width and height in inches."""


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels: its left upper corner and its size."""

    x: int
    y: int
    width: int
    height: int

    def cut(self, image: U8) -> U8:
        """The part of an image that the box holds."""
        return image[self.y : self.y + self.height, self.x : self.x + self.width]


@dataclass(frozen=True)
class Panel:
    """One image of a scene, or why there is none."""

    label: str
    image: U8 | None
    reason: str = ""


@dataclass(frozen=True)
class SceneView:
    """One pair: its panels, the boxes that are enlarged, and height over width of its images."""

    pair: str
    panels: list[Panel]
    boxes: tuple[Box, Box]
    aspect: float

    def tall(self, wide: float) -> float:
        """Height of one of its panels with the crops below it."""
        return wide * self.aspect + self.crops(wide)[0][2] + 2 * GAP

    def crops(self, wide: float) -> list[tuple[float, float, float]]:
        """Left edge, width and height of each crop below an image: side by side, equally tall."""
        shapes = [box.width / box.height for box in self.boxes]
        tall = min((wide - GAP) / sum(shapes), wide)
        left = (wide - GAP - tall * sum(shapes)) / 2
        return [
            (left, tall * shapes[0], tall),
            (left + tall * shapes[0] + GAP, tall * shapes[1], tall),
        ]


class _Picture(Artist):
    """A picture of the figure's own size and resolution, which `imshow` would sample again."""

    def __init__(self, pixels: U8) -> None:
        super().__init__()
        self.pixels = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
        self.set_zorder(0)

    def draw(self, renderer: RendererBase) -> None:
        """Draw it from the lower left corner, bottom line first, as renderers take it."""
        context = renderer.new_gc()
        renderer.draw_image(context, 0, 0, self.pixels[::-1])
        context.restore()


@dataclass
class Sheet:
    """What stands on a figure: a picture of all images, frames by their look, and texts."""

    wide: float
    tall: float
    picture: U8 = field(init=False)
    frames: dict[tuple[str, Any], list[list[tuple[float, float]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = (round(self.tall * DPI), round(self.wide * DPI), 3)
        self.picture = np.full(size, 255, np.uint8)
        self.figure = Figure(figsize=(size[1] / DPI, size[0] / DPI), dpi=DPI)
        self.ax = self.figure.add_axes((0, 0, 1, 1))
        self.ax.set_axis_off()

    def paste(self, image: U8 | None, place: Place) -> None:
        """Put an image, or an empty field, somewhere."""
        left, top = round(place[0] * DPI), round(place[1] * DPI)
        right, bottom = round((place[0] + place[2]) * DPI), round((place[1] + place[3]) * DPI)
        target = self.picture[top:bottom, left:right]
        if image is None:
            target[:] = np.round(np.multiply(to_rgb(LIGHT), 255))
            return
        size = (target.shape[1], target.shape[0])
        kind = cv2.INTER_AREA if size[0] < image.shape[1] else cv2.INTER_LINEAR
        scaled = cv2.resize(np.ascontiguousarray(image), size, interpolation=kind)
        target[:] = scaled if scaled.ndim == 3 else scaled[:, :, None]

    def frame(self, place: Place, colour: str, line: Any = "-") -> None:
        """Draw a frame, over those of looks that were used before."""
        left, top, wide, tall = place
        right, bottom = left + wide, top + tall
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        self.frames.setdefault((colour, line), []).append(corners)

    def text(self, x: float, y: float, text: str, **how: object) -> None:
        """Write a text."""
        look = {"ha": "center", "va": "center", "linespacing": 1.0, **how}
        self.ax.text(x, y, text, **look)  # type: ignore[arg-type]

    def scene(
        self, name: str, labels: Sequence[tuple[str, float]], place: Place, across: int, down: float
    ) -> list[tuple[float, float]]:
        """Write a scene's name beside it and its labels; the corners below the labels.

        Args:
            name: Its name.
            labels: One for each of its panels, with its size in points.
            place: Where its panels stand; the width is that of one.
            across: Panels in a line.
            down: Height of a line.
        """
        left, top, wide, tall = place
        shown, size = fitted(name, tall, 7, SIDE)
        self.text(SIDE * 0.45, top + tall / 2, shown, size=size, rotation=90)
        corners = []
        for i, (text, points) in enumerate(labels):
            line, column = divmod(i, across)
            corners.append((left + column * (wide + GAP), top + line * down))
            x, y = corners[-1]
            self.text(x + wide / 2, y - 0.05, text, size=points, va="baseline")
        return corners

    def finish(self) -> Figure:
        """The figure, with the picture and the frames on it."""
        height, width = (length / DPI for length in self.picture.shape[:2])
        self.ax.add_artist(_Picture(self.picture))
        for (colour, line), frames in self.frames.items():
            for edge, style, wide in (("black", "-", 1.5), (colour, line, 0.9)):
                drawn = PolyCollection(frames, fc="none", ec=edge, linestyles=[style])
                drawn.set_linewidth(wide)
                self.ax.add_collection(drawn)
        self.ax.set(xlim=(0, width), ylim=(height, 0))
        return self.figure


def draw_grid(scenes: Sequence[SceneView]) -> Figure:
    """Draw scenes below each other.

    Up to ten panels stand in one line under one row of labels; more are wrapped into even lines
    of twelve at most, and every panel has its label.
    """
    panels = scenes[0].panels
    lines = 1 if len(panels) <= ONE_LINE_UP_TO else math.ceil(len(panels) / MOST_IN_LINE)
    across = math.ceil(len(panels) / lines)
    wide = max(_NARROWEST, min(_WIDEST, (TEXT_WIDTH - SIDE) / across - GAP))
    labels = apart([panel.label for panel in panels], lambda text: fitted(text, wide, 8))
    # labels that are the heads of one column each stand there once
    heads = [LABEL if i == 0 or lines > 1 else 0 for i in range(len(scenes))]
    downs = [scene.tall(wide) + head for scene, head in zip(scenes, heads, strict=True)]
    sheet = Sheet(SIDE + across * (wide + GAP), lines * sum(downs) + SCENE_GAP * (len(scenes) - 1))
    top = 0.0
    for scene, head, down in zip(scenes, heads, downs, strict=True):
        place = (SIDE, top + head, wide, lines * down - head)
        written = labels if head else [("", 8)] * len(labels)
        corners = sheet.scene(scene.pair, written, place, across, down)
        for panel, corner in zip(scene.panels, corners, strict=True):
            _panel(sheet, scene, panel, (*corner, wide, wide * scene.aspect))
        top += lines * down + SCENE_GAP
    return sheet.finish()


def _panel(sheet: Sheet, scene: SceneView, panel: Panel, place: Place) -> None:
    """The image with its boxes, and the crops below it, each framed in its box's colour."""
    left, top, wide, tall = place
    sheet.paste(panel.image, place)
    below = top + tall + GAP
    crops = [(left + x, below, across, down) for x, across, down in scene.crops(wide)]
    for box, crop, colour in zip(scene.boxes, crops, COLOURS, strict=True):
        sheet.paste(None if panel.image is None else box.cut(panel.image), crop)
        if panel.image is not None:
            scale = wide / panel.image.shape[1]
            corner = (left + box.x * scale, top + box.y * scale)
            sheet.frame((*corner, box.width * scale, box.height * scale), colour)
            sheet.frame(crop, colour)
    if panel.image is None:
        sheet.text(left + wide / 2, top + tall / 2, panel.reason, size=7, color=DARK)
