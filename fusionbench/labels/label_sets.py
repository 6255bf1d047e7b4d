"""The true boxes of a data set's pairs, with class names, as the evaluation takes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fusionbench.boxes import Truths

Size = tuple[int, int]
FEW_CLASSES = 10
"""Classes up to which those without objects are listed too."""


@dataclass(frozen=True)
class LabelSet:
    """One body of labels for the pairs of one split.

    Attributes:
        name: Which labels these are; part of a row's name, because numbers on two label sets of
            the same images do not compare.
        classes: Names of the classes; ``Truths.classes`` are positions in it.
        detector_classes: For each class the names under which detectors know it. A detector's
            class that bears the class's own name counts as well, in any case of letters.
        truths: The objects of every pair that has labels, by pair id, in the pairs' order. A pair
            whose labels say that nothing is there is in it, with no box.
        sizes: Width and height in pixels of every pair that has labels, by pair id.
        without: Ids of the pairs that have no labels; they take no part in an evaluation.
        odd: One line for each labelled box that was left out, because nothing of it is inside the
            image.
        source: Where the labels were read.
        note: What to know about them, as the data set's file says it.
        fingerprint: SHA-256 (shortened) over names, classes and boxes.
    """

    name: str
    classes: tuple[str, ...]
    detector_classes: Mapping[str, tuple[str, ...]]
    truths: Mapping[str, Truths]
    sizes: Mapping[str, Size]
    without: tuple[str, ...]
    odd: tuple[str, ...]
    source: str
    note: str
    fingerprint: str

    @property
    def objects(self) -> dict[str, int]:
        """How many objects of each class there are, regions to ignore not counted."""
        counts: Counter[int] = Counter()
        for truth in self.truths.values():
            counts.update(truth.classes[~truth.ignore].tolist())
        return {name: counts[number] for number, name in enumerate(self.classes)}

    def numbers(self, detector_classes: Sequence[str]) -> dict[int, int]:
        """Which class each class of a detector counts as, both as numbers; others are absent.

        Args:
            detector_classes: Names of the detector's classes, in its order.
        """
        known = {
            alias.casefold(): number
            for number, name in enumerate(self.classes)
            for alias in (name, *self.detector_classes.get(name, ()))
        }
        folded = (name.casefold() for name in detector_classes)
        return {number: known[name] for number, name in enumerate(folded) if name in known}

    def unknown_to(self, detector_classes: Sequence[str]) -> dict[str, int]:
        """How many objects there are of each class that a detector does not know, if any."""
        known = {self.classes[number] for number in self.numbers(detector_classes).values()}
        return {name: n for name, n in self.objects.items() if n and name not in known}

    def summary(self) -> str:
        """One line for the user: how many pairs have labels, and how many objects they hold."""
        total = len(self.truths) + len(self.without)
        objects = counted_classes(self.objects)
        return f"labels '{self.name}': {len(self.truths)} of {total} pairs have labels ({objects})"


def counted_classes(objects: Mapping[str, int]) -> str:
    """``3 person, 0 car``; of many classes only those that have objects."""
    shown = {name: n for name, n in objects.items() if n or len(objects) <= FEW_CLASSES}
    return ", ".join(f"{count} {name}" for name, count in shown.items()) or "no objects"
