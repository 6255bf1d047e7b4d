"""Opening a label set: finding its files, reading them, naming classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fusionbench.datasets.catalogue import DataSetCard, LabelLayout, load_datasets
from fusionbench.detection.boxes import Truths
from fusionbench.errors import DataError, UnknownNameError
from fusionbench.files import digest
from fusionbench.labels.finding import FoundFiles, candidates, find_files, places_of
from fusionbench.labels.label_sets import LabelSet, Size
from fusionbench.labels.naming import Naming, naming_of
from fusionbench.labels.own import own_layout
from fusionbench.labels.readers import READERS, RawBox, read_coco
from fusionbench.manifest import DataSetRecord, PairRecord


def label_set_names(dataset: str, split: str | None = None) -> tuple[str, ...]:
    """Names of the label sets with boxes that a registered data set declares, default first.

    Args:
        dataset: The data set's name; one that is not registered has none.
        split: Only those that cover this split.
    """
    card = load_datasets().get(dataset)
    return tuple(layout.name for layout in _with_boxes(card, split)) if card else ()


def open_labels(
    record: DataSetRecord, name: str | None = None, data_root: Path | None = None
) -> LabelSet:
    """Read the labels of a data set's pairs.

    Files are looked for below the data set's folder, the folder that holds it, and the data root.

    Args:
        record: The data set as it is used: name, split, folder, pairs.
        name: Name of the label set in the data set's file; for None the first one declared that
            covers the split and whose files are there. Or a path to labels of one's own (see
            :func:`fusionbench.labels.own.own_layout`).
        data_root: The data root, where there is one.

    Raises:
        UnknownNameError: The data set has no label set of that name.
        DataError: No labels are there (says where they were looked for), a pair has none where it
            should, or a file is malformed (names file and line).
    """
    ids = [pair.id for pair in record.pairs]
    card = load_datasets().get(record.name)
    if name is not None and (card is None or name not in label_set_names(card.name)):
        path = Path(name).expanduser()
        if path.exists():
            return _open_own(record, path, ids)
    if card is None or not _with_boxes(card, None):
        raise DataError(
            f"no labels are declared for the data set '{record.name}'; name a folder of labels, or "
            "declare them under `labels` in the data set's YAML file"
        )
    layouts = _asked_for(card, record.split, name)
    places = places_of(Path(record.folder), data_root)
    for layout in layouts:
        if found := find_files(layout, record.split, ids, places):
            return _read(record, layout, found)
    raise _not_found(record, layouts, places)


def _open_own(record: DataSetRecord, path: Path, ids: list[str]) -> LabelSet:
    layout = own_layout(path, record.split)
    places = [path if path.is_dir() else path.parent]
    if found := find_files(layout, record.split, ids, places):
        return _read(record, layout, found)
    raise _not_found(record, [layout], places)


def _with_boxes(card: DataSetCard, split: str | None) -> list[LabelLayout]:
    boxes = (layout for layout in card.labels if layout.format != "segmentation")
    return [layout for layout in boxes if split is None or split in layout.files]


def _asked_for(card: DataSetCard, split: str, name: str | None) -> list[LabelLayout]:
    """The label sets to try in order."""
    known = {layout.name: layout for layout in _with_boxes(card, None)}
    if name is not None and name not in known:
        command = "fusionbench list datasets --json"
        raise UnknownNameError(f"label set of {card.name}", name, known, command)
    wanted = [layout for layout in known.values() if name in (None, layout.name)]
    covering = [layout for layout in wanted if split in layout.files]
    if not covering:
        splits = sorted({split for layout in wanted for split in layout.files})
        which = f"the label set '{name}'" if name else "the labels"
        raise DataError(
            f"{which} of {card.name} do not cover the split '{split}'; "
            f"labelled splits: {', '.join(splits)}"
        )
    return covering


def _not_found(record: DataSetRecord, layouts: list[LabelLayout], places: list[Path]) -> DataError:
    tried = [
        f"{layout.name}: {place / pattern}"
        for layout in layouts
        for place, pattern in candidates(layout, record.split, places)
    ]
    lines = "\n  ".join([f"{record.name}/{record.split} has no labels. Looked for:", *tried])
    return DataError(lines)


def _read(record: DataSetRecord, layout: LabelLayout, found: FoundFiles) -> LabelSet:
    labelled = _labelled(record, layout, found)
    naming = naming_of(layout, found)
    sizes = {pair.id: _size(pair) for pair in labelled}
    raw = _raw(layout, found, sizes)
    odd: list[str] = []
    truths = {pair: _truths(boxes, naming, sizes[pair], odd) for pair, boxes in raw.items()}
    without = tuple(pair.id for pair in record.pairs if pair.id not in truths)
    counts_as = {name: layout.counts_as.get(name, ()) for name in naming.classes}
    content = [
        [p, t.boxes.tolist(), t.classes.tolist(), t.ignore.tolist()] for p, t in truths.items()
    ]
    return LabelSet(
        layout.name,
        naming.classes,
        counts_as,
        truths,
        {pair: sizes[pair] for pair in truths},
        without,
        tuple(odd),
        found.source,
        layout.notes,
        digest([layout.name, naming.classes, counts_as, content]),
    )


def _labelled(record: DataSetRecord, layout: LabelLayout, found: FoundFiles) -> list[PairRecord]:
    """The pairs that have labels, or whose missing file says that nothing is there."""
    missing = [pair.id for pair in record.pairs if pair.id not in found.files]
    if missing and layout.absent == "error":
        raise DataError(
            f"labels '{layout.name}' of {record.name}/{record.split}: {len(missing)} of "
            f"{len(record.pairs)} pairs have no file {found.source}: {', '.join(missing[:10])}"
        )
    if layout.absent == "empty":
        return record.pairs
    return [pair for pair in record.pairs if pair.id in found.files]


def _raw(layout: LabelLayout, found: FoundFiles, sizes: dict[str, Size]) -> dict[str, list[RawBox]]:
    if layout.format == "coco":
        listed = read_coco(next(iter(found.files.values())))
        stems = {pair: pair.rpartition("/")[2] for pair in sizes}
        present = {pair: listed[stem] for pair, stem in stems.items() if stem in listed}
        if not present:
            raise DataError(f"{found.source} lists none of the pairs")
        return present
    read = READERS[layout.format]
    files = found.files
    return {p: read(files[p], size) if p in files else [] for p, size in sizes.items()}


def _truths(boxes: list[RawBox], naming: Naming, size: Size, odd: list[str]) -> Truths:
    """Boxes clipped to the image, with class numbers; those of which nothing is left go to odd."""
    rows, classes, ignore = [], [], []
    for box in boxes:
        kind, ignored = naming.number(box)
        left, right = (min(max(x, 0.0), float(size[0])) for x in (box.left, box.right))
        top, bottom = (min(max(y, 0.0), float(size[1])) for y in (box.top, box.bottom))
        if right <= left or bottom <= top:
            odd.append(f"{box.where}: nothing of the box is inside the image; left out")
            continue
        rows.append((left, top, right, bottom))
        classes.append(kind)
        ignore.append(ignored or box.ignore)
    return Truths(
        np.array(rows, np.float64).reshape(-1, 4),
        np.array(classes, np.int64),
        np.array(ignore, bool),
    )


def _size(pair: PairRecord) -> Size:
    from PIL import Image

    try:
        with Image.open(pair.vis) as image:
            return image.size
    except OSError as error:
        raise DataError(f"{pair.vis}: not a readable image: {error}") from error
