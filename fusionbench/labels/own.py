"""Labels of one's own: a folder or a file that no data set's YAML file declares."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from fusionbench.datasets.catalogue import LabelLayout
from fusionbench.errors import DataError
from fusionbench.labels.readers import read_coco

NAMES_FILE = "classes.txt"


def own_layout(path: Path, split: str) -> LabelLayout:
    """The label set that a path holds; detectors must know its classes under the same names.

    Args:
        path: A folder of YOLO txt files named as the pairs, with ``classes.txt`` (one class name a
            line) in it or beside it; a folder of VOC xml files named as the pairs; or a COCO json
            file whose images are named as the pairs.
        split: The split that they are for.

    Raises:
        DataError: The path holds none of these.
    """
    if path.suffix == ".json" and path.is_file():
        boxes = [box for image in read_coco(path).values() for box in image]
        return _layout(path, split, "coco", path.name, sorted({str(box.label) for box in boxes}))
    if any(path.glob("*.xml")):
        return _layout(path, split, "voc", "{id}.xml", _voc_classes(path))
    beside = [folder / NAMES_FILE for folder in (path, path.parent)]
    names = next((file for file in beside if file.is_file()), None)
    if names is None:
        raise DataError(
            f"{path} holds no labels that can be read: expected ID.xml (VOC), or ID.txt (YOLO) "
            f"with a {NAMES_FILE} that names the classes, or a COCO json file"
        )
    lines = names.read_text(encoding="utf-8").splitlines()
    classes = [line.split()[-1] for line in lines if line.strip()]
    return _layout(path, split, "yolo", "{id}.txt", classes)


def _layout(
    path: Path, split: str, kind: Literal["yolo", "voc", "coco"], pattern: str, classes: list[str]
) -> LabelLayout:
    return LabelLayout(
        name=path.stem,
        title=f"labels in {path}",
        format=kind,
        files={split: (pattern,)},
        classes=tuple(classes),
        absent="error" if kind == "yolo" else "unlabelled",
    )


def _voc_classes(folder: Path) -> list[str]:
    found: set[str] = set()
    for path in sorted(folder.glob("*.xml")):
        try:
            root = ElementTree.parse(path).getroot()
        except ElementTree.ParseError as error:
            raise DataError(f"{path}: not xml: {error}") from error
        found |= {name.strip() for item in root.iter("object") if (name := item.findtext("name"))}
    return sorted(found)
