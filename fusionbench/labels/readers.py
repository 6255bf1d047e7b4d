"""The label formats with a file for each image: a reader each, from a file to boxes in pixels."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from fusionbench.errors import DataError
from fusionbench.files import is_number, read_text

KAIST_LEAST_HEIGHT = 55
KAIST_HEAVY = 2
LAST_FIELD = 11
FAR = 2.0
"""A YOLO number from here up is no share of an image, not even of one that a box reaches out of."""
LEAST_POLYGON = 6
_COMMENTS = ("#", "//")
_DECIMAL_COMMA = re.compile(r"\d,\d")


@dataclass(frozen=True)
class RawBox:
    """One labelled box as its file states it.

    Attributes:
        label: The class, as a name, or as a number in files of formats that number.
        left, top, right, bottom: In pixels.
        file: Its file.
        place: The line or object, for messages.
        ignore: Whether the file says that it is to be ignored.
        outlined: Whether the file holds a polygon or a turned box, and this is the box around it.
        largest: The largest of the YOLO numbers where they cannot be shares of the image, else 0.
    """

    label: str | int
    left: float
    top: float
    right: float
    bottom: float
    file: Path
    place: str
    ignore: bool = False
    outlined: bool = False
    largest: float = 0.0

    def scaled(self, wide: float, high: float) -> RawBox:
        """The box in an image so many times as wide and as high."""
        left, right = self.left * wide, self.right * wide
        return replace(self, left=left, right=right, top=self.top * high, bottom=self.bottom * high)

    @property
    def where(self) -> str:
        """File and line or object."""
        return f"{self.file}, {self.place}"

    @property
    def where_short(self) -> str:
        """The same without the file's folder, for what is published."""
        return f"{self.file.name}, {self.place}"


Size = tuple[int, int]


@dataclass(frozen=True)
class ImageLabels:
    """What a file says of one image.

    Attributes:
        boxes: Its boxes.
        size: Width and height of the image that it was made for, where it says so.
        image: The file name of that image, where it says so.
    """

    boxes: Sequence[RawBox]
    size: Size | None = None
    image: str = ""

    def scaled(self, size: Size) -> ImageLabels:
        """The same for an image of another size than the one that is stated."""
        if self.size is None:
            return self
        wide, high = (to / stated for to, stated in zip(size, self.size, strict=True))
        return replace(self, boxes=[box.scaled(wide, high) for box in self.boxes], size=size)


Reader = Callable[[Path, Size], ImageLabels]


def read_yolo(path: Path, size: Size) -> ImageLabels:
    """YOLO txt: lines ``class cx cy width height``, the last four as shares of the image.

    The class may be a number or a name. A line may hold a polygon in place of the box: the class
    and three points or more. Numbers stand apart by blanks, tabs, commas or semicolons. Empty
    files, empty lines, comments from ``#`` and a missing line end at the end of the file are fine.

    Args:
        path: The file.
        size: Width and height of the image in pixels.

    Raises:
        DataError: A line is neither, or a number is not finite; names file and line.
    """
    boxes = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        line = line.partition("#")[0].strip()
        if line and not line.startswith(_COMMENTS):
            boxes.append(_yolo_box(line, size, path, f"line {number}"))
    return ImageLabels(boxes)


def _yolo_box(line: str, size: Size, path: Path, place: str) -> RawBox:
    label, values = _yolo_fields(line, f"{path}, {place}")
    largest = max(map(abs, values))
    pixels = [value * size[i % 2] for i, value in enumerate(values)]
    if outlined := len(values) > 4:
        left, top, right, bottom = around(pixels)
    else:
        x, y, w, h = pixels
        left, top, right, bottom = x - w / 2, y - h / 2, x + w / 2, y + h / 2
    far = largest if largest >= FAR else 0.0
    return RawBox(
        label, left, top, right, bottom, path, place, outlined=outlined, largest=far
    )  # fmt: skip


def _yolo_fields(line: str, where: str) -> tuple[str | int, list[float]]:
    """The class of a line, and the four or more numbers after it."""
    expected = f"{where}: got '{line}', expected 'class cx cy width height'"
    if _DECIMAL_COMMA.search(line) and len(line.split()) > 4:
        raise DataError(f"{expected}: a comma in a number? write 0.5 in place of 0,5")
    fields = re.split(r"[\s,;]+", line.strip(",; \t"))
    named = next((i for i in range(len(fields), 0, -1) if not is_number(fields[i - 1])), 0)
    if named:
        label: str | int = " ".join(fields[:named]).strip("\"'")
    elif not float(fields[0]).is_integer() or float(fields[0]) < 0:
        raise DataError(f"{expected}; the class is no number 0, 1, 2, ...")
    else:
        label, named = int(float(fields[0])), 1
    values = numbers(fields[named:], where)
    if len(values) == 5:
        raise DataError(f"{expected}: a sixth column ({fields[-1]}): confidence? remove it")
    if len(values) == 6 and fields[-1].isdecimal() and "." in fields[-2]:
        said = ", ".join(fields[-2:])
        raise DataError(f"{expected}: a sixth and seventh column ({said}): confidence and number?")
    if len(values) < 4 or (len(values) > 4 and (len(values) < LEAST_POLYGON or len(values) % 2)):
        raise DataError(f"{expected}, or a class and the points of a polygon")
    return label, values


def around(points: Sequence[float]) -> tuple[float, float, float, float]:
    """The box around points given as ``x, y, x, y, ...``."""
    return min(points[::2]), min(points[1::2]), max(points[::2]), max(points[1::2])


def read_voc(path: Path, size: Size) -> ImageLabels:
    """Pascal VOC xml: corners count pixels from 1 and belong to the box.

    Pixel 1 is the first, so the box spans ``xmin - 1`` to ``xmax``. Objects marked as difficult are
    to be ignored, as VOC does (Everingham et al., IJCV 2010). Of an object with a polygon, or a
    turned box (``robndbox``), in place of ``bndbox`` the box around it is taken.

    Raises:
        DataError: The file is not VOC xml, or a box lacks a corner.
    """
    root = voc_root(path)
    boxes = [_voc_box(item, path, number) for number, item in enumerate(root.iter("object"), 1)]
    wide, high = (root.findtext(f"size/{side}", "").strip() for side in ("width", "height"))
    made_for = stated_size(wide, high, f"{path}, size") if wide and high else None
    return ImageLabels(boxes, made_for, root.findtext("filename", "").strip())


def voc_root(path: Path) -> ElementTree.Element:
    """The xml of a VOC file.

    Raises:
        DataError: It cannot be read, or is not xml.
    """
    try:
        try:
            root = ElementTree.fromstring(read_text(path))
        except DataError:  # in the encoding that its first line names
            root = ElementTree.fromstring(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError(f"{path}: not xml: {error}") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]  # without a namespace
    return root


def stated_size(width: Any, height: Any, where: str) -> Size | None:
    """The size that a file states; None for a size of 0.

    Raises:
        DataError: It is no pair of numbers.
    """
    wide, high = numbers([width, height], where)
    return (round(wide), round(high)) if wide > 0 and high > 0 else None


def _voc_box(item: ElementTree.Element, path: Path, number: int) -> RawBox:
    place = f"object {number}"
    left, top, right, bottom, outlined = _voc_edges(item, f"{path}, {place}")
    name = " ".join((item.findtext("name") or "").split())
    difficult = (item.findtext("difficult") or "0").strip() == "1"
    return RawBox(name, left, top, right, bottom, path, place, difficult, outlined)


def _voc_edges(item: ElementTree.Element, where: str) -> tuple[float, float, float, float, bool]:
    """Left, top, right, bottom, and whether they are those of a box around something else."""
    if item.find("bndbox") is not None:
        corners = _children(item, "bndbox", "xmin", "ymin", "xmax", "ymax")
        left, top, right, bottom = numbers(corners, where)
        return left - 1, top - 1, right, bottom, False
    if item.find("robndbox") is not None:
        turned = _children(item, "robndbox", "cx", "cy", "w", "h", "angle")
        return (*_turned(*numbers(turned, where)), True)
    polygon = item.find("polygon")
    parts = polygon.iter() if polygon is not None else ()
    named = [(part.tag.rstrip("0123456789"), part.text or "") for part in parts]
    xs, ys = (numbers([text for tag, text in named if tag == key], where) for key in "xy")
    if len(xs) < LEAST_POLYGON // 2 or len(xs) != len(ys):
        raise DataError(f"{where} has no bndbox with xmin, ymin, xmax and ymax")
    return min(xs), min(ys), max(xs), max(ys), True


def _children(item: ElementTree.Element, parent: str, *names: str) -> list[str]:
    return [item.findtext(f"{parent}/{name}") or "" for name in names]


def _turned(
    x: float, y: float, width: float, height: float, angle: float
) -> tuple[float, float, float, float]:
    """The box around a box that was turned about its centre by an angle in radians."""
    cos, sin = abs(math.cos(angle)), abs(math.sin(angle))
    half_wide, half_high = (width * cos + height * sin) / 2, (width * sin + height * cos) / 2
    return x - half_wide, y - half_high, x + half_wide, y + half_high


def read_kaist(path: Path, size: Size) -> ImageLabels:
    """The bbGt version 3 of Dollár's toolbox: ``label x y w h occlusion ... ignore angle``.

    To be ignored are, as in the KAIST benchmark's "reasonable" setting (Hwang et al., CVPR 2015),
    people who are less than 55 pixels high or heavily occluded (occlusion 2), and what the file
    marks so.

    Raises:
        DataError: The first line is not ``% bbGt version=3``, or a line is too short.
    """
    lines = read_text(path).splitlines()
    if not lines or lines[0].split() != ["%", "bbGt", "version=3"]:
        raise DataError(f"{path}, line 1: expected '% bbGt version=3'")
    boxes = []
    for number, line in enumerate(lines[1:], 2):
        fields = line.split()
        if not fields:
            continue
        place = f"line {number}"
        values = numbers(fields[1:], f"{path}, {place}")
        if len(values) != LAST_FIELD:
            raise DataError(
                f"{path}, {place}: got '{line.strip()}', expected a label and 11 numbers"
            )
        x, y, w, h, occlusion = values[:5]
        small = h < KAIST_LEAST_HEIGHT
        ignore = bool(values[9]) or small or occlusion == KAIST_HEAVY
        boxes.append(RawBox(fields[0], x, y, x + w, y + h, path, place, ignore))
    return ImageLabels(boxes)


def numbers(fields: Sequence[Any], where: str) -> list[float]:
    """Finite numbers.

    Raises:
        DataError: One is not.
    """
    try:
        values = [float(field) for field in fields]
    except (TypeError, ValueError, OverflowError):
        values = [math.nan]
    if not all(map(math.isfinite, values)):
        raise DataError(f"{where}: expected numbers, got '{' '.join(map(str, fields))}'")
    return values


READERS: dict[str, Reader] = {"yolo": read_yolo, "voc": read_voc, "kaist": read_kaist}
