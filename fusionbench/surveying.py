"""Looking a data set over: what it holds, its labels, what is odd about it, and a contact sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fusionbench.checks import FindingRecord, Findings, Problem
from fusionbench.datasets.catalogue import DataSetCard, LabelLayout
from fusionbench.datasets.checking import check_pairs
from fusionbench.datasets.opening import DataSet
from fusionbench.datasets.pairing import Pair
from fusionbench.errors import DataError
from fusionbench.images import U8, open_picture, read_sources, write_png
from fusionbench.labels.finding import NoLabelsError, find_files, places_of
from fusionbench.labels.opening import open_labels
from fusionbench.manifest import DataSetRecord, PairRecord
from fusionbench.recipes import Recipe

GAP = 4


@dataclass(frozen=True)
class Survey:
    """What a data set on disk holds.

    Attributes:
        usable: Number of pairs without a problem.
        findings: What checks found in images and labels, a record a kind.
        problems: Everything that they found.
        kinds: How many pairs there are of each size and number of channels.
        odd: Files that lie among the images and belong to no pair.
        fingerprint: Over the contents of the usable pairs.
        labelled: What each label set of the split holds, in a line, by its name.
    """

    usable: int
    findings: tuple[FindingRecord, ...]
    problems: tuple[Problem, ...]
    kinds: Counter[str]
    odd: tuple[Path, ...]
    fingerprint: str
    labelled: dict[str, str]


def survey(
    dataset: DataSet,
    advance: Callable[[], None] = lambda: None,
    *,
    data_root: Path | None = None,
) -> Survey:
    """Read every pair of a data set, and every label set of its split.

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
    problems, records = findings.problems(dataset.name, skippable=False), findings.records
    labelled = {}
    for name, line, seen in _labels(record, dataset.card, data_root) if record.pairs else ():
        labelled[name] = line
        problems += seen.problems(dataset.name, skippable=False)
        records += [one.model_copy(update={"method": f"labels '{name}'"}) for one in seen.records]
    return Survey(
        usable=len(record.pairs),
        findings=tuple(records),
        problems=tuple(problems),
        kinds=kinds,
        odd=unplaced,
        fingerprint=record.fingerprint,
        labelled=labelled,
    )


def _labels(
    record: DataSetRecord, card: DataSetCard | None, data_root: Path | None
) -> Iterator[tuple[str, str, Findings]]:
    """Of each label set of the split: its name, what it holds, and what checks find in it."""
    for layout in card.labels if card else ():
        if record.split not in layout.files:
            continue
        findings = Findings()
        line = f"labels '{layout.name}': none are here"
        try:
            if layout.format == "segmentation":
                line = _maps(layout, record, data_root) or line
            else:
                line = open_labels(record, layout.name, data_root, findings).summary()
        except NoLabelsError:
            pass
        except DataError as error:
            line = f"labels '{layout.name}': they cannot be used"
            findings.add("unreadable-labels", "", str(error), dataset=record.name)
        yield layout.name, line, findings


def _maps(layout: LabelLayout, record: DataSetRecord, data_root: Path | None) -> str:
    """How many pairs have an image of class numbers, in a line; nothing where none has."""
    ids = [pair.id for pair in record.pairs]
    found = find_files(layout, record.split, ids, places_of(Path(record.folder), data_root))
    count = len(found.files) if found else 0
    return f"labels '{layout.name}': {count} of {len(ids)} pairs have labels" if count else ""


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
