"""Opening a label set: which one is meant, and where its files lie."""

from __future__ import annotations

from pathlib import Path

from fusionbench.checks import Findings
from fusionbench.datasets.catalogue import DataSetCard, LabelLayout, load_datasets
from fusionbench.errors import UnknownNameError
from fusionbench.labels.finding import (
    FoundFiles,
    NoLabelsError,
    candidates,
    find_files,
    places_of,
)
from fusionbench.labels.label_sets import LabelSet
from fusionbench.labels.own import own_labels
from fusionbench.labels.reading import read_labels
from fusionbench.manifest import DataSetRecord


def label_set_names(dataset: str, split: str | None = None) -> tuple[str, ...]:
    """Names of the label sets with boxes that a registered data set declares, default first.

    Args:
        dataset: The data set's name; one that is not registered has none.
        split: Only those that cover this split.
    """
    card = load_datasets().get(dataset)
    return tuple(layout.name for layout in _with_boxes(card, split)) if card else ()


def open_labels(
    record: DataSetRecord,
    name: str | None = None,
    data_root: Path | None = None,
    findings: Findings | None = None,
) -> LabelSet:
    """Read the labels of a data set's pairs.

    Files are looked for below the data set's folder, the folder that holds it, and the data root.

    Args:
        record: The data set as it is used: name, split, folder, pairs.
        name: Name of the label set in the data set's file; for None the first one declared that
            covers the split and whose files are there. Or a path to labels of one's own (see
            :func:`fusionbench.labels.own.own_labels`).
        data_root: The data root, where there is one.
        findings: What was found is added to it, and the caller settles; for None it is settled
            here.

    Raises:
        UnknownNameError: The data set has no label set of that name.
        NoLabelsError: No labels are there; says where they were looked for.
        DataError: A pair has none where it should, or a file is malformed (names file and line).
            Without ``findings`` also: what checks refuse.
    """
    used = Findings() if findings is None else findings
    layout, files = _found(record, name, data_root)
    labels = read_labels(record, layout, files, used)
    if findings is None:
        used.settle()
    return labels


def _found(
    record: DataSetRecord, name: str | None, data_root: Path | None
) -> tuple[LabelLayout, FoundFiles]:
    ids = [pair.id for pair in record.pairs]
    card = load_datasets().get(record.name)
    if name is not None and (card is None or name not in label_set_names(card.name)):
        path = Path(name).expanduser()
        if path.exists():
            return own_labels(path, record.split, ids)
    if card is None or not _with_boxes(card, None):
        missing = f"; there is no {name}" if name else ""
        raise NoLabelsError(
            f"no labels are declared for the data set '{record.name}'{missing}; name a folder of "
            "labels, or declare them under `labels` in the data set's YAML file"
        )
    layouts = _asked_for(card, record.split, name)
    places = places_of(Path(record.folder), data_root)
    for layout in layouts:
        if found := find_files(layout, record.split, ids, places):
            return layout, found
    tried = [
        f"{layout.name}: {place / pattern}"
        for layout in layouts
        for place, pattern in candidates(layout, record.split, places)
    ]
    lines = "\n  ".join([f"{record.name}/{record.split} has no labels. Looked for:", *tried])
    raise NoLabelsError(lines)


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
        raise NoLabelsError(
            f"{which} of {card.name} do not cover the split '{split}'; "
            f"labelled splits: {', '.join(splits)}"
        )
    return covering
