"""Labels of one's own: a folder or a file that no data set's YAML file declares."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fusionbench.datasets.catalogue import LabelLayout
from fusionbench.errors import DataError
from fusionbench.labels.class_names import DATA_FILES, LESS_SURE, TEXT_FILES, find_names
from fusionbench.labels.coco import read_coco
from fusionbench.labels.finding import FoundFiles, NoLabelsError, as_spelled, bare
from fusionbench.labels.readers import read_yolo, voc_root

SHOWN = 3
Format = Literal["yolo", "voc", "coco"]
SUFFIXES: dict[Format, str] = {"voc": ".xml", "yolo": ".txt"}


@dataclass(frozen=True)
class _Files:
    """Label files of one suffix: of the pairs, where they lie, and those of no pair."""

    files: dict[str, Path]
    folders: tuple[Path, ...]
    strangers: tuple[Path, ...] = ()


def own_labels(path: Path, split: str, ids: Sequence[str]) -> tuple[LabelLayout, FoundFiles]:
    """The label set that a path holds; detectors must know its classes under the same names.

    Args:
        path: A folder of YOLO txt or VOC xml files named as the pairs, there or one folder deeper
            (a folder named as the split is preferred); or a COCO json file whose images are named
            as the pairs, or a folder that holds one and no other labels. Class names of YOLO files
            are looked for as :func:`fusionbench.labels.class_names.find_names` says.
        split: The split that they are for.
        ids: Ids of the pairs.

    Raises:
        NoLabelsError: No label file belongs to a pair; says what lies there.
        DataError: Two files claim a pair, or class names are missing or contradict each other.
    """
    try:
        return _coco(path, split, ids) if path.is_file() else _of_folder(path, split, ids)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _of_folder(path: Path, split: str, ids: Sequence[str]) -> tuple[LabelLayout, FoundFiles]:
    for kind, suffix in SUFFIXES.items():
        if found := _find(path, suffix, split, ids):
            pattern = f"{{id}}{suffix}"
            classes = _voc_classes(found) if kind == "voc" else _yolo_classes(path, found, ids)
            layout = _layout(path, split, kind, pattern, classes)
            source = str((found.folders[0] if len(found.folders) == 1 else path) / pattern)
            strangers = tuple(file.name for file in found.strangers)
            return layout, FoundFiles(found.files, source, path, pattern, True, strangers)
    jsons = sorted(path.glob("*.json"))
    if len(jsons) == 1:
        return _coco(jsons[0], split, ids)
    raise NoLabelsError(_what_lies_there(path, ids))


def _layout(
    path: Path, split: str, kind: Format, pattern: str, classes: Mapping[int, str]
) -> LabelLayout:
    return LabelLayout(
        name=path.stem,
        title=f"labels in {path}",
        format=kind,
        files={split: (pattern,)},
        classes=dict(classes),
        absent="empty" if kind == "yolo" else "unlabelled",
    )


def _coco(path: Path, split: str, ids: Sequence[str]) -> tuple[LabelLayout, FoundFiles]:
    if path.suffix.lower() != ".json":
        raise NoLabelsError(
            f"{path} is no COCO json file; name the folder that holds ID.txt (YOLO) or ID.xml (VOC)"
        )
    labels = {str(box.label) for image in read_coco(path).images for box in image.boxes}
    layout = _layout(path, split, "coco", path.name, dict(enumerate(sorted(labels))))
    return layout, FoundFiles(dict.fromkeys(ids, path), str(path), path.parent, path.name, True)


def _find(path: Path, suffix: str, split: str, ids: Sequence[str]) -> _Files | None:
    """The label files of pairs in a folder, or else one folder deeper."""
    if here := _in_folder(path, suffix, ids):
        return here
    deeper = {
        folder.name: found
        for folder in sorted(path.iterdir())
        if folder.is_dir() and not folder.name.startswith(".")
        if (found := _in_folder(folder, suffix, ids))
    }
    if split in deeper:
        return deeper[split]
    files: dict[str, Path] = {}
    for found in deeper.values():
        for pair, file in found.files.items():
            if files.setdefault(pair, file) != file:
                raise DataError(
                    f"pair {pair} has two label files: {files[pair]} and {file}; "
                    f"name the folder that is meant, such as {file.parent}"
                )
    folders = tuple(folder for found in deeper.values() for folder in found.folders)
    strangers = tuple(file for found in deeper.values() for file in found.strangers)
    return _Files(files, folders, strangers) if files else None


def _in_folder(folder: Path, suffix: str, ids: Sequence[str]) -> _Files | None:
    """The files that are named as pairs; where none is, numbers that differ in leading zeros."""
    listed = _listed(folder, suffix, ids)
    nested = {pair: as_spelled(folder / f"{pair}{suffix}") for pair in ids if "/" in pair}
    files = {pair: file for pair, file in nested.items() if file}
    names = {pair: _plain(pair) for pair in ids}
    files |= {pair: listed[name] for pair, name in names.items() if name in listed}
    if not files and (by_number := _by_number(listed)):
        numbers = {pair: int(pair) for pair in ids if pair.isascii() and pair.isdecimal()}
        if len(set(numbers.values())) == len(ids):
            files = {pair: by_number[n] for pair, n in numbers.items() if n in by_number}
    if not files:
        return None
    used = set(files.values())
    strangers = tuple(file for file in listed.values() if file not in used)
    return _Files(files, (folder,), strangers)


def _listed(folder: Path, suffix: str, ids: Collection[str]) -> dict[str, Path]:
    """The label files of a folder by their stem."""
    listed: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        names_classes = file.name in (*TEXT_FILES, LESS_SURE) and file.stem not in ids
        if file.name.startswith(".") or names_classes or file.suffix.lower() != suffix:
            continue
        name = _plain(file.stem if file.stem in ids else bare(file.stem))
        if as_spelled(file) and listed.setdefault(name, file) != file:
            raise DataError(f"two files claim one name: {listed[name]} and {file}")
    return listed


def _by_number(listed: Mapping[str, Path]) -> dict[int, Path]:
    """Files by their number; none where one is named otherwise, or a number stands twice."""
    if not all(name.isascii() and name.isdecimal() for name in listed):
        return {}
    numbered = {int(name): file for name, file in listed.items()}
    return numbered if len(numbered) == len(listed) else {}


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _voc_classes(found: _Files) -> dict[int, str]:
    roots = map(voc_root, [*found.files.values(), *found.strangers])
    texts = (item.findtext("name") or "" for root in roots for item in root.iter("object"))
    return dict(enumerate(sorted({" ".join(text.split()) for text in texts})))


def _yolo_classes(path: Path, found: _Files, ids: Collection[str]) -> dict[int, str]:
    names, _ = find_names(list(dict.fromkeys([*found.folders, path])), ids)
    if names:
        return names
    boxes = [box for file in found.files.values() for box in read_yolo(file, (1, 1)).boxes]
    labels = {box.label for box in boxes}
    if labels and all(isinstance(label, str) for label in labels):
        return dict(enumerate(sorted(map(str, labels))))
    places = ", ".join([*TEXT_FILES, LESS_SURE, DATA_FILES[0]])
    raise DataError(
        f"{path}: nothing names the classes of these YOLO labels; expected a file with a class "
        f"name a line, or a YAML file with `names`, beside them or up to two folders above "
        f"({places})"
    )


def _what_lies_there(path: Path, ids: Sequence[str]) -> str:
    entries = [entry for entry in sorted(path.iterdir()) if not entry.name.startswith(".")]
    files = _some([entry.name for entry in entries if not entry.is_dir()], "files")
    folders = _some([entry.name for entry in entries if entry.is_dir()], "folders")
    lies = " and ".join(filter(None, (files, folders))) or "nothing"
    return (
        f"{path} holds no labels of the pairs that can be read: expected ID.xml (VOC), or ID.txt "
        f"(YOLO) with a {TEXT_FILES[0]} or {DATA_FILES[0]} that names the classes, there or one "
        f"folder deeper, or a COCO json file; there are {_some(ids, 'pairs')}. It "
        f"holds {lies}"
    )


def _some(names: Sequence[str], what: str) -> str:
    if not names:
        return ""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{len(names)} {what} ({', '.join(names[:SHOWN])}{more})"
