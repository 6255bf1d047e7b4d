"""The images on which methods disagree most, with what was found, false and missed in them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from fusionbench.detection.matching import Outcome, disagreement, outcome
from fusionbench.errors import DataError
from fusionbench.images import read_image
from fusionbench.report.detection.collect import DetectionBoard, DetectionResult
from fusionbench.report.figures.detection_panels import (
    BoxPanel,
    BoxScene,
    draw_scenes,
    lines_of,
    view_of,
)
from fusionbench.report.figures.style import save
from fusionbench.runs import Run

SCORE = 0.25
"""Boxes below this score are not drawn: a table counts all, a person sees confusion."""
log = logging.getLogger(__name__)


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
    apart = {pair: disagreement([_outcome(r, pair) for r in compared]) for pair in pairs}
    count = max(1, min(3, 5 // lines_of(len(board.results))))
    chosen = sorted(pairs, key=lambda pair: (-apart[pair], pairs.index(pair)))[:count]
    return sorted(chosen, key=pairs.index)


def _outcome(result: DetectionResult, pair: str) -> Outcome:
    assert result.evaluation is not None
    return outcome(result.evaluation.matches, pair, score=SCORE)


def _scene(board: DetectionBoard, pair: str) -> BoxScene:
    panels = [_panel(result, pair) for result in board.results]
    return BoxScene(pair, panels, view_of(panels, board.labels.sizes[pair]))


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
