"""How a source is made 8-bit and brought to its partner's size, where it is not used as it is.

A *reading* is what was asked for (``--ir-range``, ``--vis-range``, ``--resize``); a *recipe* is
what follows from it for one file. Recipes are recorded in the manifest, and are part of what every
number was made from.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from fusionbench.errors import FusionBenchError

Which = Literal["ir", "vis"]
Resized = Literal["", "ir", "vis"]
Window = tuple[float, float]
SOURCES: tuple[Which, ...] = ("ir", "vis")
EXPECTED = (
    "min-max, percentiles such as P1-P99, or the values LOW:HIGH that become 0 and 255; "
    "each image by itself, or all alike with @dataset behind it"
)


class Recipe(NamedTuple):
    """What is done to one file: the values that become 0 and 255, and the width and height."""

    window: Window | None = None
    size: tuple[int, int] | None = None

    @property
    def content(self) -> list[object]:
        """What a hash takes of it; nothing where the file is used as it is."""
        return [] if self == Recipe() else [[self.window, self.size]]


@dataclass(frozen=True)
class Range:
    """The range of values that is shown as 0..255.

    Attributes:
        low, high: Percentiles, or values of the file.
        values: Whether they are values.
        pooled: Whether all images of a data set are looked at together.
    """

    low: float
    high: float
    values: bool = False
    pooled: bool = False

    def __str__(self) -> str:
        if self.values:
            return f"{self.low:g}:{self.high:g}"
        ends = (self.low, self.high)
        text = "min-max" if ends == (0, 100) else f"P{self.low:g}-P{self.high:g}"
        return f"{text}@{'dataset' if self.pooled else 'image'}"


@dataclass(frozen=True)
class Reading:
    """How the sources of a data set are to be read.

    Attributes:
        ir, vis: The range of each; as the format says (8 bits, 16 bits) for None.
        resize: Which of them is resized to the other where their sizes differ.
    """

    ir: Range | None = None
    vis: Range | None = None
    resize: Resized = ""

    def of(self, which: Which) -> Range | None:
        """The range of one source."""
        return self.ir if which == "ir" else self.vis


_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(
    rf"(?:(?P<all>min-max)|[pP](?P<p>{_NUMBER})-[pP](?P<q>{_NUMBER})"
    rf"|(?P<low>{_NUMBER}):(?P<high>{_NUMBER}))(?:@(?P<over>image|dataset))?"
)


def parse_range(text: str, flag: str = "--ir-range") -> Range:
    """Read ``min-max``, ``P1-P99`` or ``LOW:HIGH``, with ``@image`` (the default) or ``@dataset``.

    Raises:
        FusionBenchError: It is none of these, or is empty or turned over.
    """
    found = _RANGE.fullmatch(text.strip())
    if not found:
        raise FusionBenchError(f"{flag} {text}: expected {EXPECTED}")
    pooled = found["over"] == "dataset"
    if found["all"]:
        return Range(0.0, 100.0, pooled=pooled)
    values = found["low"] is not None
    low, high = (float(found[k]) for k in (("low", "high") if values else ("p", "q")))
    inside = math.isfinite(low) and math.isfinite(high) if values else low >= 0 and high <= 100
    if not (inside and low < high):
        raise FusionBenchError(f"{flag} {text}: nothing lies between; expected {EXPECTED}")
    return Range(low, high, values, pooled and not values)


def parse_reading(
    ir_range: str | None = None, vis_range: str | None = None, resize: str | None = None
) -> Reading:
    """What the options of a command, or the keys of a file, ask for.

    Raises:
        FusionBenchError: A value is none of those expected.
    """
    if resize not in (None, "", "ir", "vis"):
        raise FusionBenchError(f"--resize {resize}: expected ir or vis")
    return Reading(
        parse_range(ir_range) if ir_range else None,
        parse_range(vis_range, "--vis-range") if vis_range else None,
        resize or "",  # type: ignore[arg-type]
    )


def merged(stated: Reading, asked: Reading) -> Reading:
    """What a command asks for, and for the rest what the data set's file states."""
    return Reading(asked.ir or stated.ir, asked.vis or stated.vis, asked.resize or stated.resize)


def keeps_shape(have: tuple[int, int], want: tuple[int, int]) -> bool:
    """Whether resizing from one width and height to another keeps shapes.

    Either scale must give the other side within one pixel, or within one pixel of the smaller
    image where that is enlarged (its own sides have been rounded).
    """
    (w, h), (width, height) = have, want
    near = [abs(h * width / w - height), abs(w * height / h - width)]
    return min(near[0] / max(1, height / h), near[1] / max(1, width / w)) <= 1
