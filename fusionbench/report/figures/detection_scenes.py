"""The images on which methods disagree most, with what was found, false and missed in them."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from fusionbench.detection.matching import Outcome, disagreement, outcome
from fusionbench.errors import DataError
from fusionbench.images import U8, read_image
from fusionbench.names import apart
from fusionbench.report.figures.grid_drawing import GAP, SIDE, Sheet
from fusionbench.report.figures.style import (
    DARK,
    ORANGE,
    SKY,
    TEXT_WIDTH,
    YELLOW,
    fitted,
    headline,
    save,
)
from fusionbench.runs import Run

if TYPE_CHECKING:
    from fusionbench.detection.results import DetectionBoard, DetectionResult

SCORE = 0.25
"""Boxes below this score are not drawn: a table counts all, a person sees confusion."""
ACROSS = 4
LEAST_VIEW, MARGIN = 0.4, 0.1
LABEL, COUNTS, LEGEND = 0.18, 0.15, 0.25
LOOKS: dict[str, tuple[str, str, Any]] = {
    "missed": ("missed", YELLOW, (0, (1, 1))),
    "false": ("false", ORANGE, (0, (4, 1.5))),
    "true": ("found", SKY, "-"),
}
"""Name, colour and line of each kind of box, the lowest first."""
Boxes = NDArray[np.floating[Any]]
log = logging.getLogger(__name__)


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
    """One pair: its panels, and left, top, right, bottom of what is shown, in whole pixels."""

    pair: str
    panels: Sequence[BoxPanel]
    view: tuple[int, int, int, int]

    @property
    def aspect(self) -> float:
        """Height over width of what is shown."""
        left, top, right, bottom = self.view
        return (bottom - top) / (right - left)


def write_scenes(run: Run, boards: Sequence[DetectionBoard]) -> list[Path]:
    """Write ``figures/detection_grid_<...>.{png,pdf}``: up to three images of every evaluation.

    They are those on which the methods disagree most (see :func:`disagreement`); where fewer than
    two methods have a result, the sources count as methods. With more rows than stand in a line
    there are two images, or one. Images are cropped to where boxes are.
    """
    written = []
    for board in boards:
        pairs = choose_scenes(board)
        if not pairs:
            continue
        try:
            scenes = [_scene(board, pair) for pair in pairs]
        except DataError as error:
            log.warning("no grid of detections for %s: %s", board.dataset.name, error)
            continue
        title = f"{board.title} (scores from {SCORE:g}, overlap 0.5)"
        figure = draw_scenes(scenes, title)
        written += save(figure, run.root / "figures", f"detection_grid_{board.name}")
    return written


def choose_scenes(board: DetectionBoard) -> list[str]:
    """Ids of the pairs to show, in the data set's order; none where no row has a result."""
    scored = [r for r in board.results if r.evaluation is not None]
    methods = [r for r in scored if not r.contestant.is_source]
    compared = methods if len(methods) > 1 else scored
    if not compared:
        return []
    pairs = list(board.labels.truths)
    differing = {pair: disagreement([_outcome(r, pair) for r in compared]) for pair in pairs}
    count = max(1, min(3, 5 // _lines_of(len(board.results))))
    chosen = sorted(pairs, key=lambda pair: -differing[pair])[:count]
    return sorted(chosen, key=pairs.index)


def _lines_of(panels: int) -> int:
    return math.ceil(panels / ACROSS)


def _outcome(result: DetectionResult, pair: str) -> Outcome:
    assert result.evaluation is not None
    return outcome(result.evaluation.matches, pair, score=SCORE)


def _scene(board: DetectionBoard, pair: str) -> BoxScene:
    panels = [_panel(result, pair) for result in board.results]
    left, top, right, bottom = view_of(panels, board.labels.sizes[pair])
    view = (math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom))
    return BoxScene(pair, panels, view)


def _panel(result: DetectionResult, pair: str) -> BoxPanel:
    label, path = result.contestant.label, result.contestant.images.get(pair)
    if pair in result.lost or result.evaluation is None or path is None:
        return BoxPanel(label, None, {}, "failed" if pair in result.lost else "no result")
    seen = _outcome(result, pair)
    boxes = {
        "true": seen.boxes[seen.correct],
        "false": seen.boxes[~seen.correct],
        "missed": seen.truths[~seen.found],
    }
    return BoxPanel(label, read_image(path, recipe=result.contestant.recipes.get(pair)), boxes)


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
    lines = _lines_of(len(scenes[0].panels))
    across = math.ceil(len(scenes[0].panels) / lines)
    wide = (TEXT_WIDTH - SIDE) / ACROSS - GAP
    downs = [wide * scene.aspect + LABEL + COUNTS + GAP for scene in scenes]
    size = (max(SIDE + across * (wide + GAP), 4.2), LABEL + lines * sum(downs) + LEGEND)
    sheet = Sheet(*size)
    sheet.frames = {(colour, line): [] for _, colour, line in LOOKS.values()}
    names = [panel.label for panel in scenes[0].panels]
    labels = apart(names, lambda text: fitted(text, wide, 7.5, LABEL - 0.03))
    top = LABEL
    for scene, down in zip(scenes, downs, strict=True):
        place = (SIDE, top + LABEL, wide, lines * down - LABEL)
        corners = sheet.scene(scene.pair, labels, place, across, down)
        for panel, corner in zip(scene.panels, corners, strict=True):
            _draw(sheet, panel, scene.view, (*corner, wide, wide * scene.aspect))
        top += lines * down
    figure = sheet.finish()
    headline(figure, title)
    _legend(figure)
    return figure


def _draw(
    sheet: Sheet, panel: BoxPanel, view: tuple[int, int, int, int], place: tuple[float, ...]
) -> None:
    """The image with its boxes, cut at the image's edge, and what their colours count below it."""
    left, top, wide, tall = place
    if panel.image is None:
        sheet.paste(None, (left, top, wide, tall))
        sheet.text(left + wide / 2, top + tall / 2, panel.reason, size=7, color=DARK)
        return
    sheet.paste(panel.image[view[1] : view[3], view[0] : view[2]], (left, top, wide, tall))
    scale = wide / (view[2] - view[0])
    size = np.tile(panel.image.shape[1::-1], 2)
    for kind, (_, colour, line) in LOOKS.items():
        for box in np.clip(panel.boxes.get(kind, np.zeros((0, 4))), 0, size):
            x, y, right, bottom = ((box - np.tile(view[:2], 2)) * scale).tolist()
            sheet.frame((left + x, top + y, right - x, bottom - y), colour, line)
    said = ", ".join(f"{LOOKS[k][0]} {len(panel.boxes.get(k, ()))}" for k in reversed(LOOKS))
    sheet.text(left + wide / 2, top + tall + 0.03, said, size=6, va="top", color=DARK)


def _legend(figure: Figure) -> None:
    handles = [
        Line2D([], [], color=colour, ls=line, lw=1.6, label=name)
        for name, colour, line in reversed(LOOKS.values())
    ]
    figure.legend(
        handles=handles,
        loc="lower center",
        ncols=3,
        frameon=True,
        facecolor="#777777",
        labelcolor="white",
        edgecolor="none",
        handlelength=3.2,
        borderaxespad=0.1,
        borderpad=0.3,
    )
