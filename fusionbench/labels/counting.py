"""How many pairs of a data set have labels, without reading the labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fusionbench.datasets.catalogue import DataSetCard
from fusionbench.labels.coco import images_of, read_coco
from fusionbench.labels.finding import find_files, places_of


def count_labelled(
    card: DataSetCard, split: str, ids: Sequence[str], folder: Path, data_root: Path | None = None
) -> dict[str, int]:
    """How many pairs have a file in each label set that covers the split, by the set's name.

    Raises:
        DataError: A COCO file is malformed.
    """
    counts = {}
    places = places_of(folder, data_root)
    for layout in card.labels:
        if split not in layout.files:
            continue
        found = find_files(layout, split, ids, places)
        labelled = set(found.files) if found else set()
        if found and layout.format == "coco":
            labelled = set(images_of(read_coco(next(iter(found.files.values()))), ids)[0])
        counts[layout.name] = len(labelled)
    return counts
