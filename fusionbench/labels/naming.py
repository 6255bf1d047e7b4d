"""From what label files call a class to the class: always by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from fusionbench.datasets.catalogue import LabelLayout
from fusionbench.errors import DataError
from fusionbench.labels.class_names import read_names
from fusionbench.labels.finding import FoundFiles
from fusionbench.labels.readers import RawBox

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
