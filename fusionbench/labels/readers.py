"""The label formats: one reader each, from a file to named boxes in pixels."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from fusionbench.errors import DataError

KAIST_LEAST_HEIGHT = 55
KAIST_HEAVY = 2
LAST_FIELD = 11


@dataclass(frozen=True)
class RawBox:
    """One labelled box as its file states it.

    Attributes:
        label: The class, as a name, or as a number in files of formats that number.
        left, top, right, bottom: In pixels.
        where: File and line or object, for messages.
        ignore: Whether the file says that it is to be ignored.
    """

    label: str | int
    left: float
    top: float
    right: float
    bottom: float
    where: str
    ignore: bool = False


Size = tuple[int, int]
Reader = Callable[[Path, Size], list[RawBox]]


def read_yolo(path: Path, size: Size) -> list[RawBox]:
    """YOLO txt: lines ``class cx cy width height``, the last four as shares of the image.

    Empty files, blanks anywhere and a missing line end at the end of the file are fine.

    Args:
        path: The file.
        size: Width and height of the image in pixels.

    Raises:
        DataError: A line has not five numbers, or a width or height is negative.
    """
    boxes = []
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        fields = line.split()
        values = _numbers(fields, where) if len(fields) == 5 else []
        if not values or values[0] < 0 or values[0] % 1 or min(values[3:]) < 0:
            raise DataError(f"{where}: got '{line.strip()}', expected 'class cx cy width height'")
        label, x, y, w, h = values
        x, w, y, h = x * size[0], w * size[0], y * size[1], h * size[1]
        boxes.append(RawBox(int(label), x - w / 2, y - h / 2, x + w / 2, y + h / 2, where))
    return boxes


def read_voc(path: Path, size: Size) -> list[RawBox]:
    """Pascal VOC xml: corners count pixels from 1 and belong to the box.

    Pixel 1 is the first, so the box spans ``xmin - 1`` to ``xmax``. Objects marked as difficult are
    to be ignored, as VOC does (Everingham et al., IJCV 2010).

    Raises:
        DataError: The file is not VOC xml, is of an image of another size, or a box lacks a corner.
    """
    try:
        root = ElementTree.fromstring(_text(path))
    except ElementTree.ParseError as error:
        raise DataError(f"{path}: not xml: {error}") from error
    stated = (root.findtext("size/width"), root.findtext("size/height"))
    if all(stated) and tuple(stated) not in ((str(size[0]), str(size[1])), ("0", "0")):
        raise DataError(
            f"{path} is of an image of {stated[0]}x{stated[1]}, the image has {size[0]}x{size[1]}"
        )
    boxes = []
    for number, item in enumerate(root.iter("object"), 1):
        where = f"{path}, object {number}"
        corners = [item.findtext(f"bndbox/{key}") or "" for key in ("xmin", "ymin", "xmax", "ymax")]
        left, top, right, bottom = _numbers(corners, where)
        name = (item.findtext("name") or "").strip()
        difficult = (item.findtext("difficult") or "0").strip() == "1"
        boxes.append(RawBox(name, left - 1, top - 1, right, bottom, where, difficult))
    return boxes


def read_kaist(path: Path, size: Size) -> list[RawBox]:
    """The bbGt version 3 of Dollár's toolbox: ``label x y w h occlusion ... ignore angle``.

    To be ignored are, as in the KAIST benchmark's "reasonable" setting (Hwang et al., CVPR 2015),
    people who are less than 55 pixels high or heavily occluded (occlusion 2), and what the file
    marks so.

    Raises:
        DataError: The first line is not ``% bbGt version=3``, or a line is too short.
    """
    lines = _text(path).splitlines()
    if not lines or lines[0].split() != ["%", "bbGt", "version=3"]:
        raise DataError(f"{path}, line 1: expected '% bbGt version=3'")
    boxes = []
    for number, line in enumerate(lines[1:], 2):
        fields = line.split()
        if not fields:
            continue
        where = f"{path}, line {number}"
        values = _numbers(fields[1:], where)
        if len(values) != LAST_FIELD:
            raise DataError(f"{where}: got '{line.strip()}', expected a label and 11 numbers")
        x, y, w, h, occlusion = values[:5]
        small = h < KAIST_LEAST_HEIGHT
        ignore = bool(values[9]) or small or occlusion == KAIST_HEAVY
        boxes.append(RawBox(fields[0], x, y, x + w, y + h, where, ignore))
    return boxes


def read_coco(path: Path) -> dict[str, list[RawBox]]:
    """COCO json: the boxes of every image, by the stem of its file name; classes are named.

    An image that is listed and has no annotation has no objects. Annotations with ``iscrowd`` or
    ``ignore`` are to be ignored.

    Raises:
        DataError: The file is not COCO json, or an annotation is of no listed image or category.
    """
    try:
        content: Any = json.loads(_text(path))
        names = {category["id"]: str(category["name"]) for category in content["categories"]}
        stems = {image["id"]: Path(image["file_name"]).stem for image in content["images"]}
        found: dict[str, list[RawBox]] = {stem: [] for stem in stems.values()}
        for annotation in content["annotations"]:
            where = f"{path}, annotation {annotation['id']}"
            box = _coco_box(annotation, names[annotation["category_id"]], where)
            found[stems[annotation["image_id"]]].append(box)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not COCO json as expected: {error!r}") from error
    return found


def _coco_box(annotation: dict[str, Any], name: str, where: str) -> RawBox:
    x, y, w, h = _numbers(annotation["bbox"], where)
    ignore = bool(annotation.get("iscrowd") or annotation.get("ignore"))
    return RawBox(name, x, y, x + w, y + h, where, ignore)


def _numbers(fields: list[Any], where: str) -> list[float]:
    try:
        values = [float(field) for field in fields]
    except (TypeError, ValueError):
        values = [math.nan]
    if not all(map(math.isfinite, values)):
        raise DataError(f"{where}: expected numbers, got '{' '.join(map(str, fields))}'")
    return values


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


READERS: dict[str, Reader] = {"yolo": read_yolo, "voc": read_voc, "kaist": read_kaist}
