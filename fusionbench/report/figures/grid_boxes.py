"""The boxes that a user wants enlarged: a YAML file, read and checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from fusionbench.errors import DataError, FusionBenchError
from fusionbench.images import source_size
from fusionbench.manifest import DataSetRecord, Manifest, PairRecord
from fusionbench.report.figures.grid_choice import Box
from fusionbench.yamls import compose_yaml

TwoBoxes = dict[str, tuple[Box, Box]]
EXPECTED = "two boxes [x, y, width, height] in pixels from the upper left corner"


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
