"""How one scene with boxes is drawn: every contestant's image, and what was found in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from fusionbench.images import U8
from fusionbench.names import apart
from fusionbench.report.style import (
    BLUE,
    DARK,
    DPI,
    LIGHT,
    ORANGE,
    TEXT_WIDTH,
    YELLOW,
    fitted,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACROSS = 4
LEAST_VIEW, MARGIN = 0.4, 0.1
GAP, LABEL, COUNTS, LEGEND, SIDE = 0.06, 0.18, 0.15, 0.25, 0.2
LOOKS: dict[str, dict[str, Any]] = {
    "true": {"ec": BLUE, "ls": "-"},
    "false": {"ec": ORANGE, "ls": (0, (4, 1.5))},
    "missed": {"ec": YELLOW, "ls": (0, (1, 1))},
}
NAMES = {"true": "found", "false": "false", "missed": "missed"}
Boxes = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class BoxPanel:
    """One contestant's image of a scene, or why there is none.

    Attributes:
        label: Its name in tables.
        image: H×W or H×W×3, or None.
        boxes: For ``true``, ``false`` and ``missed`` N×4, left, top, right, bottom in pixels.
        reason: Why there is no image.
    """

    label: str
    image: U8 | None
    boxes: Mapping[str, Boxes]
    reason: str = ""


@dataclass(frozen=True)
class BoxScene:
    """One pair: its panels, and the part of its images that is shown.

    Attributes:
        pair: Its id.
        panels: One for each contestant.
        view: Left, top, right, bottom in pixels.
    """

    pair: str
    panels: Sequence[BoxPanel]
    view: tuple[float, float, float, float]

    @property
    def aspect(self) -> float:
        """Height over width of what is shown."""
        left, top, right, bottom = self.view
        return (bottom - top) / (right - left)


def lines_of(panels: int) -> int:
    """Lines in which the panels of a scene stand."""
    return math.ceil(panels / ACROSS)


def view_of(panels: Sequence[BoxPanel], size: tuple[int, int]) -> tuple[float, float, float, float]:
    """The part of an image, in its own proportions, that holds every box of every panel.

    It is at least 40 % of the image wide and has a margin of a tenth of itself around the boxes.

    Args:
        panels: With the boxes that are drawn.
        size: Width and height of the image in pixels.
    """
    drawn = [boxes for panel in panels for boxes in panel.boxes.values() if len(boxes)]
    whole = np.array(size, np.float64)
    if not drawn:
        return 0.0, 0.0, float(size[0]), float(size[1])
    boxes = np.clip(np.concatenate(drawn).astype(np.float64), 0, np.tile(whole, 2))
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    share = min(1.0, max(LEAST_VIEW, float(((high - low) / whole).max()) * (1 + 2 * MARGIN)))
    corner = np.clip((low + high - share * whole) / 2, 0, (1 - share) * whole)
    left, top, right, bottom = (float(v) for v in (*corner, *(corner + share * whole)))
    return left, top, right, bottom


def draw_scenes(scenes: Sequence[BoxScene], title: str) -> Figure:
    """Draw scenes below each other, four panels to a line, with a legend at the foot."""
    lines = lines_of(len(scenes[0].panels))
    across = math.ceil(len(scenes[0].panels) / lines)
    wide = (TEXT_WIDTH - SIDE) / ACROSS - GAP
    heights = [lines * (wide * scene.aspect + LABEL + COUNTS + GAP) for scene in scenes]
    size = (max(SIDE + across * (wide + GAP), 4.2), LABEL + sum(heights) + LEGEND)
    figure = Figure(figsize=size, dpi=DPI)
    figure.text(0.5, 1 - LABEL * 0.6 / size[1], title, ha="center", va="center", size=8)
    top = LABEL
    for scene, height in zip(scenes, heights, strict=True):
        _scene(figure, scene, across, wide, top)
        name, points = fitted(scene.pair, height, 7)
        middle = 1 - (top + height / 2) / size[1]
        figure.text(
            SIDE * 0.45 / size[0], middle, name, rotation=90, size=points, ha="center", va="center"
        )
        top += height
    _legend(figure)
    return figure


def _scene(figure: Figure, scene: BoxScene, across: int, wide: float, top: float) -> None:
    width, height = figure.get_size_inches()
    tall = wide * scene.aspect
    labels = apart([panel.label for panel in scene.panels], lambda text: fitted(text, wide, 7.5))
    for i, panel in enumerate(scene.panels):
        line, place = divmod(i, across)
        left = SIDE + place * (wide + GAP)
        upper = top + line * (tall + LABEL + COUNTS + GAP) + LABEL
        box = (left / width, 1 - (upper + tall) / height, wide / width, tall / height)
        ax = figure.add_axes(box)
        _panel(ax, panel, scene.view)
        label, points = labels[i]
        middle = (left + wide / 2) / width
        figure.text(middle, 1 - (upper - 0.04) / height, label, size=points, ha="center")
        if panel.image is not None:
            below = 1 - (upper + tall + 0.03) / height
            figure.text(middle, below, _counts(panel), size=6, ha="center", va="top", color=DARK)


def _panel(ax: Axes, panel: BoxPanel, view: tuple[float, float, float, float]) -> None:
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    if panel.image is None:
        ax.set_facecolor(LIGHT)
        ax.text(0.5, 0.5, panel.reason, ha="center", va="center", size=7, color=DARK)
        return
    ax.imshow(panel.image, cmap="gray", vmin=0, vmax=255, aspect="auto")
    height, width = panel.image.shape[:2]
    for kind in ("missed", "false", "true"):
        for box in panel.boxes.get(kind, ()):
            _box(ax, kind, box, (width, height))
    ax.set(xlim=(view[0] - 0.5, view[2] - 0.5), ylim=(view[3] - 0.5, view[1] - 0.5))


def _box(ax: Axes, kind: str, box: NDArray[Any], size: tuple[int, int]) -> None:
    left, right = (float(v) for v in np.clip(box[[0, 2]], 0, size[0]))
    top, bottom = (float(v) for v in np.clip(box[[1, 3]], 0, size[1]))
    place = (left - 0.5, top - 0.5)
    extent = (right - left, bottom - top)
    ax.add_patch(Rectangle(place, *extent, fill=False, ec="black", lw=1.9, alpha=0.6))
    ax.add_patch(Rectangle(place, *extent, fill=False, lw=1.0, **LOOKS[kind]))


def _counts(panel: BoxPanel) -> str:
    said = [f"{name} {len(panel.boxes.get(kind, ()))}" for kind, name in NAMES.items()]
    return ", ".join(said)


def _legend(figure: Figure) -> None:
    handles = [
        Line2D([], [], color=look["ec"], ls=look["ls"], lw=1.6, label=NAMES[kind])
        for kind, look in LOOKS.items()
    ]
    figure.legend(
        handles=handles,
        loc="lower center",
        ncols=3,
        fontsize=7,
        facecolor="#777777",
        labelcolor="white",
        edgecolor="none",
        handlelength=3.2,
        borderaxespad=0.1,
        borderpad=0.3,
    )
