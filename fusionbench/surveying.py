"""Looking a data set over: what it holds, its labels, what is odd about it, and a contact sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fusionbench.checks import FindingRecord, Findings, Problem
from fusionbench.datasets.catalogue import DataSetCard
from fusionbench.datasets.checking import check_pairs
from fusionbench.datasets.opening import DataSet
from fusionbench.datasets.pairing import Pair
from fusionbench.errors import DataError
from fusionbench.images import U8, open_picture, read_sources, write_png
from fusionbench.labels.coco import images_of, read_coco
from fusionbench.labels.finding import find_files, places_of
from fusionbench.manifest import PairRecord
from fusionbench.recipes import Recipe

GAP = 4


@dataclass(frozen=True)
class Survey:
    """What a data set on disk holds.

    Attributes:
        usable: Number of pairs without a problem.
        findings: What checks found, a record a kind.
        problems: Everything that they found.
        kinds: How many pairs there are of each size and number of channels.
        odd: Files that lie among the images and belong to no pair.
        fingerprint: Over the contents of the usable pairs.
        labelled: How many usable pairs have labels, by label set.
    """

    usable: int
    findings: tuple[FindingRecord, ...]
    problems: tuple[Problem, ...]
    kinds: Counter[str]
    odd: tuple[Path, ...]
    fingerprint: str
    labelled: dict[str, int]


def survey(
    dataset: DataSet,
    advance: Callable[[], None] = lambda: None,
    *,
    data_root: Path | None = None,
) -> Survey:
    """Read every pair of a data set.

    Args:
        dataset: The data set.
        advance: Called once per pair.
        data_root: Where labels may lie too.
    """
    findings = Findings()
    record = check_pairs(dataset, findings, advance=advance)
    kinds = Counter(_kind(pair) for pair in record.pairs)
    known = {path for pair in dataset.pairs for path in (pair.ir, pair.vis)}
    folders = {path.parent for path in known}
    odd = (p for folder in sorted(folders) for p in sorted(folder.iterdir()) if p.is_file())
    unplaced = tuple(path for path in odd if path not in known)
    problems = tuple(findings.problems(dataset.name, skippable=False))
    card, ids = dataset.card, [pair.id for pair in record.pairs]
    labelled = count_labelled(card, dataset.split, ids, dataset.folder, data_root) if card else {}
    said = tuple(findings.records)
    return Survey(len(ids), said, problems, kinds, unplaced, record.fingerprint, labelled)


def contact_sheet(dataset: DataSet, path: Path, *, count: int = 24, width: int = 240) -> None:
    """Write a PNG with the first pairs of a data set: infrared beside visible, four pairs a line.

    Args:
        dataset: The data set.
        path: The PNG to write.
        count: How many pairs, spread evenly over the data set.
        width: Width of one image in pixels.

    Raises:
        DataError: No image can be read.
    """
    places = np.linspace(0, len(dataset.pairs) - 1, min(count, len(dataset.pairs)))
    tiles = [_tile(dataset.pairs[round(place)], width) for place in places]
    if not tiles:
        raise DataError(f"data set '{dataset.name}' has no pairs")
    height = max(tile.shape[0] for tile in tiles)
    padded = [np.pad(t, ((0, height - t.shape[0]), (0, 0), (0, 0))) for t in tiles]
    blank = np.zeros_like(padded[0])
    columns = min(4, len(padded))
    padded += [blank] * (-len(padded) % columns)
    lines = [np.hstack(padded[at : at + columns]) for at in range(0, len(padded), columns)]
    write_png(path, np.vstack(lines))


def _kind(pair: PairRecord) -> str:
    ir, vis = read_sources(pair)
    channels = [1 if image.ndim == 2 else 3 for image in (ir, vis)]
    return f"{ir.shape[1]}x{ir.shape[0]}, {channels[0]} + {channels[1]} channels"


def _tile(pair: Pair, width: int) -> U8:
    parts = [_scaled(_shown(path), width) for path in (pair.ir, pair.vis)]
    tile = np.pad(np.hstack(parts), ((0, GAP), (0, GAP), (0, 0)))
    cv2.putText(tile, pair.id, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(
        tile, pair.id, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 0), 1, cv2.LINE_AA
    )
    return tile


def _shown(path: Path) -> U8:
    """An image to look at: one of more than 8 bits from its smallest to its largest value."""
    picture = open_picture(path)
    if picture.white == 255 or np.ptp(picture.samples) == 0:
        return picture.as_8_bit(Recipe(window=(0, 255)))
    return picture.windowed((float(picture.samples.min()), float(picture.samples.max())))


def _scaled(image: U8, width: int) -> U8:
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    colour = image if image.ndim == 3 else np.repeat(image[:, :, None], 3, 2)
    small: U8 = cv2.resize(colour, (width, height), interpolation=cv2.INTER_AREA)
    return small


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
