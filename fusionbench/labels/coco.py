"""COCO json: one file that lists images, classes and boxes; and which image belongs to a pair."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from fusionbench.checks import Problem
from fusionbench.errors import DataError
from fusionbench.files import read_text
from fusionbench.images import SUFFIXES
from fusionbench.labels.finding import bare
from fusionbench.labels.readers import (
    LEAST_POLYGON,
    ImageLabels,
    RawBox,
    Size,
    around,
    numbers,
    stated_size,
)

_KEYS = ("images", "annotations", "categories")


@dataclass
class CocoImage:
    """One image of a file: its file name without suffix, its size where stated, its boxes."""

    name: str
    size: Size | None
    boxes: list[RawBox] = field(default_factory=list)

    @property
    def labels(self) -> ImageLabels:
        """The same as a file of its own would hold it."""
        return ImageLabels(self.boxes, self.size)


@dataclass(frozen=True)
class CocoFile:
    """A COCO file: its images, and the annotation ids that stand more than once."""

    path: Path
    images: Sequence[CocoImage]
    repeated: Sequence[str]


def read_coco(path: Path) -> CocoFile:
    """Read a COCO file; classes are named.

    An image that is listed and has no annotation has no objects. Annotations with ``iscrowd`` or
    ``ignore`` are to be ignored; ``area`` and ``id`` may be missing. An annotation without ``bbox``
    whose ``segmentation`` is polygons stands for the box around them.

    Raises:
        DataError: The file is not COCO json; an annotation is of no listed image or class, or has
            no box; or an id stands for two images or classes.
    """
    try:
        content: Any = json.loads(read_text(path))
        if not isinstance(content, dict) or not all(
            isinstance(content.get(k), list) for k in _KEYS
        ):
            raise DataError(f"{path}: not COCO json: expected the lists {', '.join(_KEYS)}")
        names = _names(content["categories"], path)
        images = _images(content["images"], path)
        for place, annotation in enumerate(content["annotations"], 1):
            image, box = _box(annotation, place, images, names, path)
            image.boxes.append(box)
        ids = Counter(str(one["id"]) for one in content["annotations"] if "id" in one)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{path}: not COCO json as expected: {error!r}") from error
    return CocoFile(path, list(images.values()), [name for name, n in ids.items() if n > 1])


def _names(categories: Sequence[Any], path: Path) -> dict[Any, str]:
    names: dict[Any, str] = {}
    for category in categories:
        name = " ".join(str(category["name"]).split())
        if names.setdefault(category["id"], name) != name:
            raise DataError(f"{path}: category {category['id']} has two names")
    return names


def _images(listed: Sequence[Any], path: Path) -> dict[Any, CocoImage]:
    images: dict[Any, CocoImage] = {}
    for one in listed:
        where = f"{path}, image {one['id']}"
        sides = (one.get("width"), one.get("height"))
        size = stated_size(*sides, where) if all(sides) else None
        image = CocoImage(_stem(str(one["file_name"])), size)
        if images.setdefault(one["id"], image) != image:
            raise DataError(f"{where}: the id stands for {images[one['id']].name} and {image.name}")
    return images


def _stem(file_name: str) -> str:
    path = PurePosixPath(file_name.replace("\\", "/"))
    return str(path.with_suffix("") if path.suffix.lower() in SUFFIXES else path)


def _box(
    annotation: Mapping[str, Any],
    place: int,
    images: Mapping[Any, CocoImage],
    names: Mapping[Any, str],
    path: Path,
) -> tuple[CocoImage, RawBox]:
    said = f"annotation {annotation.get('id', place)}"
    where = f"{path}, {said}"
    for key, known in (("image_id", images), ("category_id", names)):
        if annotation[key] not in known:
            raise DataError(f"{where}: {key} {annotation[key]!r} is not listed")
    if "score" in annotation:
        raise DataError(f"{where} has a score: what a detector found, not what is there? remove it")
    left, top, right, bottom, outlined = _edges(annotation, where)
    ignore = bool(annotation.get("iscrowd") or annotation.get("ignore"))
    name = names[annotation["category_id"]]
    box = RawBox(name, left, top, right, bottom, path, said, ignore, outlined)
    return images[annotation["image_id"]], box


def _edges(annotation: Mapping[str, Any], where: str) -> tuple[float, float, float, float, bool]:
    """Left, top, right, bottom, and whether they are those of a box around polygons."""
    if box := annotation.get("bbox"):
        if not isinstance(box, list) or len(box) != len("xywh"):
            raise DataError(f"{where}: expected bbox [x, y, width, height], got {box}")
        x, y, w, h = numbers(box, where)
        return x, y, x + w, y + h, False
    outline = annotation.get("segmentation")
    if isinstance(outline, Mapping):
        raise DataError(
            f"{where} has no bbox, only a run-length mask, which is not read: add "
            "pycocotools.mask.toBbox of it as bbox"
        )
    points = [numbers(polygon, where) for polygon in outline or ()]
    if not points or any(len(p) < LEAST_POLYGON or len(p) % 2 for p in points):
        raise DataError(f"{where} has neither bbox nor polygons")
    return (*around([value for polygon in points for value in polygon]), True)


def images_of(
    file: CocoFile, ids: Sequence[str]
) -> tuple[dict[str, CocoImage], list[Problem], list[str]]:
    """The image of each pair that the file lists.

    An image belongs to the pair whose id is its name. Folders of the name and of the id (such as
    ``set00/V000/I00001``) tell images of one name apart where both name them.

    Returns:
        The image by pair id; each pair for which there are two, or which shares its image; and the
        names of images of no pair.
    """
    by_name: dict[str, list[CocoImage]] = {}
    known = {PurePosixPath(pair).name for pair in ids}
    for image in file.images:
        name = PurePosixPath(image.name).name
        by_name.setdefault(name if name in known else bare(name), []).append(image)
    sharing = Counter(PurePosixPath(pair).name for pair in ids)
    found: dict[str, CocoImage] = {}
    problems: list[Problem] = []
    used: set[int] = set()
    for pair in ids:
        name = PurePosixPath(pair).name
        listed = by_name.get(name, [])
        near = [image for image in listed if _folders_agree(image.name, pair)]
        if sharing[name] == 1 and len(listed) == 1:
            near = listed
        used.update(map(id, near))
        if len(near) > 1:
            said = ", ".join(image.name for image in near[:3])
            problems.append(Problem("two-images-of-one-name", pair, f"the file lists {said}"))
        elif near:
            found[pair] = near[0]
        elif listed and not any("/" in image.name for image in listed):
            text = "the file names no folder, and several pairs bear this name"
            problems.append(Problem("two-images-of-one-name", pair, text))
    return found, problems, [one.name for one in file.images if id(one) not in used]


def _folders_agree(name: str, pair: str) -> bool:
    """Whether the folders of the pair's id stand among those of the image's name, in order."""
    folders = iter(PurePosixPath(name).parts[:-1])
    return all(part in folders for part in PurePosixPath(pair).parts[:-1])
