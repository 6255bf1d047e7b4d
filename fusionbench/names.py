"""Names that become paths: of methods, data sets, pairs, runs. Nothing is written elsewhere.

Labels that are shown are told apart: two methods never go by one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TypeVar

from fusionbench.errors import FusionBenchError

LONGEST = 240
"""Bytes of a name: file systems hold 255, and stages add beginnings and endings."""
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
"""Names of devices on Windows, whatever their ending."""
FORBIDDEN = '<>:"|?*\\'
JOINERS = "\u200c\u200d"
"""Unseen characters that scripts need within words."""


def plain(name: str) -> str:
    """The form by which two names are one: composed characters, without case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def check_name(name: str, what: str) -> str:
    """A name that is to be one part of a path, as it is.

    Raises:
        FusionBenchError: It could lead elsewhere, or no file can have it on some system; says why.
    """
    if fault := fault_of(name):
        raise FusionBenchError(
            f"{what} name {name!r} cannot be a file's: {fault}; expected letters, digits and "
            "'-_.+ ()', such as my-net_2"
        )
    return name


@cache
def check_path(name: str, what: str) -> str:
    """A name of several parts with ``/`` between them, such as a pair's id, as it is.

    It is a file's already, so that only what would lead out of the run is refused.

    Raises:
        FusionBenchError: It does, or one of its parts is nothing that a file can be called.
    """
    for part in name.split("/"):
        if fault := _hazard(part):
            raise FusionBenchError(f"{what} {name!r} cannot be a path in the run: {fault}")
    return name


def fault_of(name: str) -> str:
    """What keeps a name from being one part of a path on every system; empty if nothing does."""
    if fault := _hazard(name):
        return fault
    if bad := [c for c in name if c in FORBIDDEN]:
        return f"it holds {bad[0]!r}"
    if name[0] == ".":
        return "it begins with a dot"
    if name[0] == " " or name[-1] in ". ":
        return "it begins with a blank, or ends with a blank or a dot"
    return "Windows keeps it for a device" if RESERVED.fullmatch(name) else ""


def _hazard(part: str) -> str:
    if not part.strip(". "):
        return "a part of it is empty or nothing but dots and blanks"
    if "/" in part:
        return "it holds '/'"
    unseen = [c for c in part if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    if bad := [c for c in unseen if c not in JOINERS]:
        return f"it holds {bad[0]!r}, which cannot be seen"
    size = len(part.encode())
    return f"it is {size} bytes long, expected {LONGEST} at most" if size > LONGEST else ""


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
