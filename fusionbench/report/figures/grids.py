"""Qualitative grids: sources and fused images side by side, the same two crops of each enlarged.

Which pairs are shown and what is enlarged is where the methods differ most, or what a file says.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from fusionbench.errors import DataError, FusionBenchError
from fusionbench.images import U8, luma, read_image, read_sources, source_size
from fusionbench.manifest import DataSetRecord, Manifest, MethodRecord, PairRecord
from fusionbench.report.figures.grid_drawing import (
    ONE_LINE_UP_TO,
    Box,
    Panel,
    SceneView,
    draw_grid,
)
from fusionbench.report.figures.style import figure_style, save
from fusionbench.results import Result, Results
from fusionbench.runs import Run
from fusionbench.yamls import compose_yaml

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)
Floats = NDArray[np.float64]
TwoBoxes = dict[str, tuple[Box, Box]]
EXPECTED = "two boxes [x, y, width, height] in pixels from the upper left corner"
BOX_WIDTH, BOX_ASPECT = 0.25, 0.62
DETAIL_FLOOR = 0.1
COMPARED_ACROSS = 320


def write_grids(results: Results, boxes: Path | None = None) -> list[Path]:
    """Write ``figures/grid_<dataset>.{png,pdf}`` for every data set.

    A data set whose source images cannot be read any more gets no grid, with a warning.

    Args:
        results: The results of a run.
        boxes: A YAML file (see `read_boxes`) with two boxes for each pair that is shown. A data set
            of which it names no pair, and every data set where there is no file, shows the pairs
            and the boxes in which the methods differ most.

    Raises:
        FusionBenchError: The file cannot be used; nothing has been written.
    """
    run = results.run
    given = read_boxes(boxes, run.manifest) if boxes else {}
    written = []
    for dataset in run.manifest.datasets:
        own = [r for r in results.every if r.dataset is dataset and not r.method.is_source]
        try:
            scenes = _scenes(results, dataset, own, given.get(dataset.name, {}))
        except DataError as error:
            log.warning("no image grid for %s: %s", dataset.name, error)
            continue
        if scenes:
            with figure_style():
                written += save(draw_grid(scenes), run.root / "figures", f"grid_{dataset.name}")
    return written


def _scenes(
    results: Results, dataset: DataSetRecord, own: Sequence[Result], given: TwoBoxes
) -> list[SceneView]:
    run, scores = results.run, results.scores
    images = {
        pair.id: sum(_fused_path(run, dataset, r.method, pair) is not None for r in own)
        for pair in dataset.pairs
    }
    if not any(images.values()):
        return []
    chosen: Mapping[str, tuple[Box, Box] | None] = given
    if not given:
        count = 3 if len(own) + 2 <= ONE_LINE_UP_TO else 2
        compared = scores[(scores["dataset"] == dataset.name) & ~scores["source"]]
        chosen = dict.fromkeys(choose_pairs(compared, images, count))
    of = {pair.id: pair for pair in dataset.pairs}
    return [_scene(run, dataset, own, of[i], boxes) for i, boxes in chosen.items()]


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
    boxes: tuple[Box, Box] | None,
) -> SceneView:
    sources = list(read_sources(pair))
    height, width = sources[0].shape[:2]
    panels = [Panel("Infrared", sources[0]), Panel("Visible", sources[1])]
    panels += [_panel(run, dataset, r, pair, (height, width)) for r in results]
    fused = [p.image for p in panels[2:] if p.image is not None]
    return SceneView(pair.id, panels, boxes or choose_boxes(sources, fused), height / width)


def _panel(
    run: Run, dataset: DataSetRecord, result: Result, pair: PairRecord, size: tuple[int, int]
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


def choose_pairs(scores: pd.DataFrame, images: Mapping[str, int], count: int) -> list[str]:
    """The pairs on which the scores of the methods differ most, in the data set's order.

    The difference is the standard deviation over the methods, in units of the column's standard
    deviation over everything, averaged over the columns. Pairs with more fused images come first;
    equal pairs are taken in order.

    Args:
        scores: Tidy scores of the methods that are compared, on one data set.
        images: How many fused images each pair of the data set has, in its order.
        count: How many pairs to choose.
    """
    column = ["metric", "convention"]
    finite = scores[np.isfinite(scores["value"])]
    whole = finite.groupby(column)["value"].transform("std", ddof=0)
    scaled = finite.assign(value=finite["value"] / whole.where(whole > 0))
    deviation = scaled.groupby([*column, "pair"])["value"].std(ddof=0)
    spread = deviation.groupby("pair").sum().round(9)
    pairs = list(images)
    order = sorted(pairs, key=lambda pair: (-images[pair], -spread.get(pair, 0.0)))
    return sorted(order[:count], key=pairs.index)


def choose_boxes(sources: Sequence[U8], fused: Sequence[U8]) -> tuple[Box, Box]:
    """The two boxes apart in which the fused images differ most where there is something to see.

    Each image's luma is brought to zero mean and unit standard deviation, so that a method that is
    brighter as a whole does not differ everywhere. The standard deviation over the images counts
    as much as the sources have detail there (an empty sky shows little, however much methods differ
    on it). The box with the largest mean is chosen, then the one with the largest mean among those
    that do not touch it; where fewer than two were fused, the sources take part. Large images are
    compared at about 320 pixels across.

    Args:
        sources: The infrared and the visible image, one size.
        fused: Fused images of that size.
    """
    compared = list(fused) if len(fused) > 1 else [*sources, *fused]
    height, width = sources[0].shape[:2]
    step = max(1, width // COMPARED_ACROSS)
    difference = np.std([_standard(_small(image, step)) for image in compared], axis=0)
    difference *= sum(_detail(_small(image, step)) for image in sources)
    wide, tall = _box_size(width, height)
    first, second = (
        Box(min(x * step, width - wide), min(y * step, height - tall), wide, tall)
        for x, y in _two_places(difference)
    )
    return first, second


def _box_size(width: int, height: int) -> tuple[int, int]:
    wide = max(1, round(width * BOX_WIDTH))
    return wide, max(1, min(height, round(wide * BOX_ASPECT)))


def _small(image: U8, step: int) -> U8:
    """Luma, each side divided by ``step``."""
    values = luma(image)
    if step == 1:
        return values
    size = (max(1, values.shape[1] // step), max(1, values.shape[0] // step))
    small: U8 = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.uint8)
    return small


def _two_places(difference: Floats) -> tuple[tuple[int, int], tuple[int, int]]:
    """Left upper corners ``(x, y)`` of the best box and of the best one apart from it."""
    wide, tall = _box_size(*difference.shape[::-1])
    total = cv2.integral(difference, sdepth=cv2.CV_64F)
    inside = (
        total[tall:, wide:] - total[:-tall, wide:] - total[tall:, :-wide] + total[:-tall, :-wide]
    )
    inside = np.round(inside, 6)
    y, x = (int(i) for i in np.unravel_index(int(np.argmax(inside)), inside.shape))
    apart = inside.copy()
    apart[max(0, y - tall) : y + tall + 1, max(0, x - wide) : x + wide + 1] = -np.inf
    below, along = (int(i) for i in np.unravel_index(int(np.argmax(apart)), apart.shape))
    return (x, y), (along, below) if np.isfinite(apart).any() else (x, y)


def _detail(image: U8) -> Floats:
    """Local contrast in units of its mean, with a floor so that no place counts for nothing."""
    values = image.astype(np.float64)
    scale = max(1.0, image.shape[1] / 100)
    contrast = np.abs(values - cv2.GaussianBlur(values, (0, 0), scale))
    mean = contrast.mean()
    return contrast / mean + DETAIL_FLOOR if mean > 0 else np.ones_like(contrast)


def _standard(image: U8) -> Floats:
    values = image.astype(np.float64)
    deviation = values.std()
    centred: Floats = values - values.mean()
    return centred / deviation if deviation > 0 else centred


def read_boxes(path: Path, manifest: Manifest) -> dict[str, TwoBoxes]:
    """Read a file of boxes.

    Each pair's id stands before two boxes; pairs of several data sets stand under their names::

        00055D: [[120, 200, 96, 60], [400, 180, 96, 60]]
        MSRS:
          00123N: [[10, 20, 80, 80], [300, 40, 80, 80]]

    Args:
        path: The file.
        manifest: The run whose pairs it may name.

    Returns:
        For each data set that is named, its pairs in the file's order, each with two boxes.

    Raises:
        FusionBenchError: The file cannot be read, names a pair that the run has not or that two
            data sets share, or a box is none or leaves the image. Names file and line.
    """
    found: dict[str, TwoBoxes] = {}
    for key, value in _items(path, _document(path)):
        dataset = next((d for d in manifest.datasets if d.name == key.value), None)
        if dataset is not None and isinstance(value, yaml.MappingNode):
            entries = [(dataset, k, v) for k, v in _items(path, value)]
        else:
            entries = [(_dataset_with(path, manifest, key), key, value)]
        for owner, pair_key, boxes in entries:
            pair = _pair(path, owner, pair_key)
            found.setdefault(owner.name, {})[pair.id] = _two(path, pair, boxes)
    return found


def _document(path: Path) -> yaml.Node:
    try:
        node = compose_yaml(path.read_text("utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise FusionBenchError(f"{path} cannot be read: {error}") from error
    if node is None:
        raise FusionBenchError(f"{path} is empty. Expected pair ids, each with {EXPECTED}")
    return node


def _items(path: Path, node: yaml.Node) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise _error(path, node, f"expected pair ids, each with {EXPECTED}")
    seen: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _error(path, key, "expected a pair's id")
        if key.value in seen:
            raise _error(path, key, f"'{key.value}' stands there twice")
        seen.add(key.value)
        yield key, value


def _dataset_with(path: Path, manifest: Manifest, key: yaml.ScalarNode) -> DataSetRecord:
    owners = [d for d in manifest.datasets if any(p.id == key.value for p in d.pairs)]
    names = ", ".join(d.name for d in owners or manifest.datasets)
    if not owners:
        raise _error(path, key, f"'{key.value}' is no pair of the run's data sets ({names})")
    if len(owners) > 1:
        raise _error(
            path, key, f"'{key.value}' is a pair of {names}: put it under its data set's name"
        )
    return owners[0]


def _pair(path: Path, dataset: DataSetRecord, key: yaml.ScalarNode) -> PairRecord:
    for pair in dataset.pairs:
        if pair.id == key.value:
            return pair
    raise _error(path, key, f"'{key.value}' is no pair of {dataset.name} in this run")


def _two(path: Path, pair: PairRecord, node: yaml.Node) -> tuple[Box, Box]:
    boxes = node.value if isinstance(node, yaml.SequenceNode) else []
    if len(boxes) != 2 or not all(isinstance(box, yaml.SequenceNode) for box in boxes):
        raise _error(path, node, f"pair '{pair.id}': expected {EXPECTED}")
    first, second = (_box(path, pair, box) for box in boxes)
    return first, second


def _box(path: Path, pair: PairRecord, node: yaml.Node) -> Box:
    texts = [str(item.value) for item in node.value]
    if len(texts) != 4 or not all(text.lstrip("-").isdigit() for text in texts):
        said = f"[{', '.join(texts)}]"
        raise _error(path, node, f"pair '{pair.id}': {said} is no box of four whole numbers")
    box = Box(*map(int, texts))
    try:
        width, height = source_size(pair)
    except DataError:
        # the data set gets no grid then, with a warning
        return box
    if not (0 <= box.x < box.x + box.width <= width and 0 <= box.y < box.y + box.height <= height):
        said = f"[{', '.join(texts)}] is empty or leaves the image of {width}×{height} pixels"
        raise _error(path, node, f"pair '{pair.id}': {said}")
    return box


def _error(path: Path, node: yaml.Node, text: str) -> FusionBenchError:
    return FusionBenchError(f"{path}, line {node.start_mark.line + 1}: {text}")
