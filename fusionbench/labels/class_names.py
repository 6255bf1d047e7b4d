"""From what label files call a class to the class, by name; and files that name numbers."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fusionbench.datasets.catalogue import LabelLayout
from fusionbench.errors import DataError
from fusionbench.files import read_text
from fusionbench.labels.finding import FoundFiles
from fusionbench.labels.readers import RawBox

Names = dict[int, str]

TEXT_FILES = ("classes.txt", "obj.names", "_darknet.labels")
LESS_SURE = "labels.txt"
DATA_FILES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
LEVELS = 2
"""Folders above the labels that are looked at too."""
LARGEST = 1_000_000
_NUMBERED = re.compile(r"(\d+)[\s:,]+(\S.*)", re.ASCII)


def read_names(path: Path) -> Names:
    """A file of class names: one a line, blanks belong to the name; or lines ``number name``.

    Raises:
        DataError: A line between two names is empty, a number stands twice, or there is no name.
    """
    lines = [line.strip() for line in read_text(path).splitlines()]
    lines = [line for line in "\n".join(lines).strip().splitlines() if not line.startswith("#")]
    if not lines:
        raise DataError(f"{path} names no class")
    numbered = [_NUMBERED.fullmatch(line) for line in lines if line]
    if all(numbered):
        names = {int(match[1]): match[2] for match in numbered if match}
        if len(names) < len(numbered):
            raise DataError(f"{path}: a number stands for two classes")
        return names
    if "" in lines:
        raise DataError(
            f"{path}: line {lines.index('') + 1} is empty: the numbers of the classes below it "
            "are not clear; remove the line"
        )
    return dict(enumerate(lines))


def read_data_yaml(path: Path) -> Names | None:
    """The ``names`` of a YAML file as ultralytics' trainers read it, or None where it has none.

    Raises:
        DataError: The file is not YAML, ``names`` is neither a list nor numbers with names, or
            ``nc`` is another number.
    """
    import yaml

    if path.stat().st_size > LARGEST:
        raise DataError(f"{path} is too large for a file of class names")
    try:
        # texts only: no merging, and a class called `no` keeps its name
        content: Any = yaml.load(read_text(path), yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise DataError(f"{path} is not YAML: {error}") from error
    if not isinstance(content, dict) or "names" not in content:
        return None
    named = content["names"]
    pairs = list(named.items() if isinstance(named, dict) else enumerate(named or ()))
    if not isinstance(named, dict | list) or not all(
        isinstance(name, str) and str(number).isdecimal() for number, name in pairs
    ):
        raise DataError(f"{path}: names: expected a list of names, or a number and a name a line")
    names = {int(number): name.strip() for number, name in pairs}
    count = content.get("nc", len(names))
    if str(count) != str(len(names)):
        raise DataError(f"{path}: nc is {count}, but there are {len(names)} names")
    return names or None


def find_names(folders: Sequence[Path], ids: Collection[str]) -> tuple[Names, list[Path]]:
    """The class names beside labels: in their folders, or up to two folders above.

    ``classes.txt``, ``obj.names``, ``_darknet.labels``, ``data.yaml`` and ``dataset.yaml`` are
    looked at on every level; ``labels.txt``, other ``.names`` and other YAML files with ``names``
    only where there is none of them on their level or below.

    Args:
        folders: Folders of labels, the lowest first.
        ids: Pair ids; a text file that is named as one of them holds labels.

    Returns:
        The names by number (none where no file was found), and the files that say so.

    Raises:
        DataError: Two files disagree, or a file is malformed.
    """
    above = [parent for folder in folders for parent in folder.resolve().parents[:LEVELS]]
    sources: dict[Path, Names] = {}
    for place in dict.fromkeys([*(folder.resolve() for folder in folders), *above]):
        sources |= dict(_named_files(place, ids))
        if not sources:
            sources |= dict(_other_files(place, ids))
    names: Names = {}
    for path, found in sources.items():
        for number, name in found.items():
            if names.setdefault(number, name).casefold() != name.casefold():
                first = next(p for p, other in sources.items() if number in other)
                raise DataError(
                    f"class {number} is '{names[number]}' in {first} and '{name}' in {path}; "
                    "remove the file that does not belong to these labels"
                )
    return names, list(sources)


def _named_files(place: Path, ids: Collection[str]) -> Iterator[tuple[Path, Names]]:
    for name in TEXT_FILES:
        if (path := place / name).is_file() and path.stem not in ids:
            yield path, read_names(path)
    for name in DATA_FILES:
        if (path := place / name).is_file() and (found := read_data_yaml(path)):
            yield path, found


def _other_files(place: Path, ids: Collection[str]) -> Iterator[tuple[Path, Names]]:
    try:
        listed = sorted(path for path in place.iterdir() if path.is_file())
    except OSError:
        return
    for path in listed:
        if path.suffix == ".names" or (path.name == LESS_SURE and path.stem not in ids):
            yield path, read_names(path)
    for path in listed:
        if path.suffix.lower() in (".yaml", ".yml"):
            with contextlib.suppress(DataError):  # of something else
                if found := read_data_yaml(path):
                    yield path, found


SHOWN = 10
"""Classes that an error lists."""


@dataclass(frozen=True)
class Naming:
    """How the classes of a label set are called.

    Attributes:
        classes: Their names.
        by_number: The class name that each number stands for, in files that number classes.
        by_name: The class name that each name stands for, in lower case.
        ignored: Labels of regions to ignore, in lower case, and the class they are near to.
    """

    classes: tuple[str, ...]
    by_number: Mapping[int, str]
    by_name: Mapping[str, str]
    ignored: Mapping[str, str]

    def number(self, box: RawBox) -> tuple[int, bool]:
        """Position of a box's class, and whether it is a region to ignore.

        Raises:
            DataError: The label is not known; names file and line.
        """
        label = self.by_number.get(box.label) if isinstance(box.label, int) else box.label
        folded = (label or "").casefold()
        name = self.by_name.get(folded) or self.ignored.get(folded)
        if name is None:
            raise DataError(
                f"{box.where}: unknown class '{box.label}', expected one of {self._known(box)}"
            )
        return self.classes.index(name), folded in self.ignored

    def _known(self, box: RawBox) -> str:
        if not isinstance(box.label, int):
            return ", ".join([*self.classes, *self.ignored])
        known = [f"{number} ({name})" for number, name in list(self.by_number.items())[:SHOWN]]
        more = len(self.by_number) - len(known)
        hint = ""
        if box.label == len(self.by_number) and 0 in self.by_number:
            hint = ". Classes are numbered from 0: if these labels begin with 1, subtract 1"
        return ", ".join(known) + (f" and {more} more" if more else "") + hint


def naming_of(layout: LabelLayout, found: FoundFiles) -> Naming:
    """The naming of a label set; a file of names beside the labels is believed where there is one.

    Raises:
        DataError: The file of names has a name that is none of the classes.
    """
    spelled = {name.casefold(): name for name in reversed(layout.class_names)}
    classes = tuple(dict.fromkeys(spelled[name.casefold()] for name in layout.class_names))
    by_name = {name.casefold(): name for name in classes}
    by_name |= {alias.casefold(): name for alias, name in layout.aliases.items()}
    declared = (
        layout.classes if isinstance(layout.classes, dict) else dict(enumerate(layout.classes))
    )
    listed = _listed(layout, found, by_name)
    ignored = {label.casefold(): name for label, name in layout.ignored.items()}
    return Naming(classes, listed or declared, by_name, ignored)


def _listed(layout: LabelLayout, found: FoundFiles, by_name: Mapping[str, str]) -> dict[int, str]:
    if not layout.names_file:
        return {}
    beside = found.base / PurePosixPath(found.pattern).parent.parent / layout.names_file
    if not beside.is_file():
        return {}
    named: dict[int, str] = {}
    for number, given in read_names(beside).items():
        name = by_name.get(given.casefold())
        if name is None:
            raise DataError(
                f"{beside}: unknown class '{given}', expected names of "
                f"{', '.join(layout.class_names)}"
            )
        named[number] = name
    return named
