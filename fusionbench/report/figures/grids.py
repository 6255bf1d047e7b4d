"""Qualitative grids: sources and fused images side by side, the same two crops of each enlarged."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from fusionbench.errors import DataError
from fusionbench.images import read_image, read_sources
from fusionbench.manifest import DataSetRecord, MethodRecord, PairRecord
from fusionbench.report.collect import Result, is_anchor
from fusionbench.report.figures.grid_boxes import TwoBoxes, read_boxes
from fusionbench.report.figures.grid_choice import Box, choose_boxes, choose_pairs
from fusionbench.report.figures.grid_drawing import ONE_LINE_UP_TO, Panel, SceneView, draw_grid
from fusionbench.report.figures.style import figure_style, save
from fusionbench.runs import Run

log = logging.getLogger(__name__)


def write_grids(run: Run, results: list[Result], boxes: Path | None = None) -> list[Path]:
    """Write ``figures/grid_<dataset>.{png,pdf}`` for every data set.

    A data set whose source images cannot be read any more gets no grid, with a warning.

    Args:
        run: The run.
        results: Its results.
        boxes: A YAML file (see `read_boxes`) with two boxes for each pair that is shown. A data set
            of which it names no pair, and every data set where there is no file, shows the pairs
            and the boxes in which the methods differ most.

    Raises:
        FusionBenchError: The file cannot be used; nothing has been written.
    """
    given = read_boxes(boxes, run.manifest) if boxes else {}
    written = []
    for dataset in run.manifest.datasets:
        own = [r for r in results if r.dataset is dataset and not is_anchor(r.method)]
        try:
            scenes = _scenes(run, dataset, own, given.get(dataset.name, {}))
        except DataError as error:
            log.warning("no image grid for %s: %s", dataset.name, error)
            continue
        if scenes:
            with figure_style():
                written += save(draw_grid(scenes), run.root / "figures", f"grid_{dataset.name}")
    return written


def _scenes(
    run: Run, dataset: DataSetRecord, results: Sequence[Result], given: TwoBoxes
) -> list[SceneView]:
    methods = [r.method for r in results]
    images = {
        p.id: sum(_fused_path(run, dataset, m, p) is not None for m in methods)
        for p in dataset.pairs
    }
    if not any(images.values()):
        return []
    if given:
        of = {pair.id: pair for pair in dataset.pairs}
        return [_scene(run, dataset, results, of[i], two) for i, two in given.items()]
    count = 3 if len(methods) + 2 <= ONE_LINE_UP_TO else 2
    pairs = choose_pairs(dataset, results, run.manifest.columns, images, count)
    return [_scene(run, dataset, results, pair) for pair in pairs]


def _fused_path(
    run: Run, dataset: DataSetRecord, method: MethodRecord, pair: PairRecord
) -> Path | None:
    if not run.has_image(dataset, method, pair):
        return None
    path = run.fused_image(dataset, method, pair)
    return path if path.is_file() else None


def _scene(
    run: Run,
    dataset: DataSetRecord,
    results: Sequence[Result],
    pair: PairRecord,
    boxes: tuple[Box, Box] | None = None,
) -> SceneView:
    sources = list(read_sources(pair))
    panels = [Panel("Infrared", sources[0]), Panel("Visible", sources[1])]
    panels += [_panel(run, dataset, r, pair, sources[0].shape[:2]) for r in results]
    fused = [p.image for p in panels[2:] if p.image is not None]
    height, width = sources[0].shape[:2]
    return SceneView(pair.id, panels, boxes or choose_boxes(sources, fused), height / width)


def _panel(
    run: Run, dataset: DataSetRecord, result: Result, pair: PairRecord, size: tuple[int, ...]
) -> Panel:
    label = result.method.label
    path = _fused_path(run, dataset, result.method, pair)
    if pair.id in result.failed:
        return Panel(label, None, "failed")
    if path is None:
        return Panel(label, None, "no image")
    try:
        image = read_image(path)
    except DataError:
        return Panel(label, None, "unreadable")
    if image.shape[:2] != size:
        return Panel(label, None, f"{image.shape[1]}×{image.shape[0]}")
    return Panel(label, image)
