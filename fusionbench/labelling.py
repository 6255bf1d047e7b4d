"""Labels that are told apart: two methods never go by one."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

Shown = TypeVar("Shown")


def distinct(labels: Iterable[str]) -> list[str]:
    """The labels in order; one that looks like an earlier one gets a number, as ``GTF (2)``.

    Blanks, invisible characters and how an accent is composed make no difference to the eye.
    """
    given = list(labels)
    taken, free = set(), {_seen(label) for label in given}
    found = []
    for label in given:
        shown, number = label, 1
        while _seen(shown) in taken or (number > 1 and _seen(shown) in free):
            number += 1
            shown = f"{label} ({number})"
        taken.add(_seen(shown))
        found.append(shown)
    return found


def apart(labels: Sequence[str], shorten: Callable[[str], Shown]) -> list[Shown]:
    """Labels as a figure shows them; those that are cut to the same get a number in front."""
    shown = [shorten(label) for label in labels]
    several = {text for text, count in Counter(shown).items() if count > 1}
    numbers: Counter[Shown] = Counter()
    for place, text in enumerate(shown):
        if text in several:
            numbers[text] += 1
            shown[place] = shorten(f"({numbers[text]}) {labels[place]}")
    return shown


def _seen(label: str) -> str:
    composed = unicodedata.normalize("NFC", label)
    visible = (c for c in composed if unicodedata.category(c) not in ("Cf", "Cc") or c.isspace())
    return " ".join("".join(visible).split())
