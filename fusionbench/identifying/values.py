"""A published row, and its metrics of every pair under every convention and gray conversion.

Conventions that set the same parameters share one computation, and so do conversions that make the
same image: of gray files all of them do.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fusionbench.conventions import DEFAULT, Column, load_conventions
from fusionbench.engines import run_tasks
from fusionbench.errors import DataError, FusionBenchError, UnknownNameError
from fusionbench.images import U8, encode_png, luma, read_bytes, read_image
from fusionbench.plugins import metric_card
from fusionbench.primitives import keep_freed_memory
from fusionbench.recipes import Recipe
from fusionbench.registry import METRICS
from fusionbench.selecting import listed
from fusionbench.sources import PairSources, PairTriple

EXACT = 1e-6
"""Relative difference below which a value counts as the same however many digits were given."""

ALSO_CALLED: dict[str, tuple[str, ...]] = {
    "std": ("SD",),
    "stdev": ("SD",),
    "sigma": ("SD",),
    "corr": ("CC",),
    "qg": ("Qabf",),
    "viff": ("VIFF", "VIF"),
    "fmi": ("FMI_pixel", "FMI_dct", "FMI_w"),
    "msssim": ("MS-SSIM",),
    "mefssim": ("MEF-SSIM",),
}
"""Names in papers that are neither a metric's name nor its title here, without case and signs.

A name may stand for several metrics: the evaluator of CDDFuse calls VIF ``VIFF``.
"""


@dataclass(frozen=True)
class Published:
    """One value of a row.

    Attributes:
        name: The metric as the row names it.
        text: The value as it was given.
        value: The value.
        metrics: The metrics that the name may stand for.
    """

    name: str
    text: str
    value: float
    metrics: tuple[str, ...]

    @property
    def unit(self) -> float:
        """One unit of the last digit given, but at least 2e-6 of the value.

        Programs agree to about seven digits; more of them cannot be asked for.
        """
        exponent = Decimal(self.text).as_tuple().exponent
        digit = 10.0**exponent if isinstance(exponent, int) else 0.0
        return max(digit, 2 * EXACT * abs(self.value))

    def residual(self, value: float) -> float:
        """How far a value is from this one, in units of the last digit given."""
        return abs(value - self.value) / self.unit


def parse_row(text: str) -> tuple[Published, ...]:
    """Read ``EN=6.61,SD=43.4``.

    Args:
        text: ``NAME=VALUE`` separated by commas. Case, signs and blanks of a name do not count; the
            metrics' titles and common other names are understood. Trailing zeros count: ``6.60``
            was given to two decimals.

    Raises:
        FusionBenchError: A part is no ``NAME=VALUE``, a name is unknown or comes twice.
    """
    row: list[Published] = []
    for part in listed(text):
        name, equals, number = (p.strip() for p in part.partition("="))
        if not (name and equals):
            raise FusionBenchError(f"--row: '{part}' is not NAME=VALUE, such as EN=6.61")
        published = Published(name, number, _finite(part, number), metrics_called(name))
        if any(set(known.metrics) & set(published.metrics) for known in row):
            raise FusionBenchError(f"--row names {name} twice")
        row.append(published)
    if not row:
        raise FusionBenchError("--row is empty; give it as EN=6.61,SD=43.4")
    return tuple(row)


def _finite(part: str, number: str) -> float:
    try:
        value = Decimal(number)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise FusionBenchError(f"--row: '{number}' in '{part}' is not a number, such as 6.61")
    return float(value)


def metrics_called(name: str) -> tuple[str, ...]:
    """The metrics that a name in a paper may stand for.

    Raises:
        UnknownNameError: There is none.
    """
    wanted = _folded(name)
    known = {entry.name for entry in METRICS}
    named = [m for m in known if _folded(m) == wanted]
    titled = [e.name for e in METRICS if _folded(metric_card(e.plugin).title) == wanted]
    also = [m for m in ALSO_CALLED.get(wanted, ()) if m in known]
    found = tuple(dict.fromkeys([*named, *also, *titled]))
    return found or (METRICS[name].name,)


def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


AS_READ = "channels"
"""No conversion: for conventions that average over the colour channels."""


class Gray(NamedTuple):
    """A conversion: what it is, and its function of a file's bytes and its image (H×W×3 RGB)."""

    title: str
    convert: Callable[[bytes, U8], U8]


def _weighted(image: U8) -> NDArray[np.float64]:
    red, green, blue = (image[..., channel].astype(np.float64) for channel in range(3))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _opencv(_: bytes, image: U8) -> U8:
    return _u8(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def _u8(image: object) -> U8:
    gray: U8 = np.asarray(image, np.uint8)
    return gray


def _opencv_read(data: bytes, image: U8) -> U8:
    gray = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if gray is None or gray.shape != image.shape[:2]:
        raise DataError("OpenCV does not read the image as gray")
    return _u8(gray)


def _truncated(_: bytes, image: U8) -> U8:
    # 1e-9: weights in binary must not turn an equal-channel pixel into the level below it
    return _u8(np.floor(_weighted(image) + 1e-9).astype(np.uint8))


def _mean(_: bytes, image: U8) -> U8:
    total = image.sum(axis=2, dtype=np.uint16)
    return _u8(((2 * total + 3) // 6).astype(np.uint8))


def _channel(number: int) -> Callable[[bytes, U8], U8]:
    return lambda _, image: np.ascontiguousarray(image[..., number])


GRAYS: dict[str, Gray] = {
    "luma": Gray("Pillow L, MATLAB rgb2gray", lambda _, image: luma(image)),
    "opencv": Gray("OpenCV cvtColor", _opencv),
    "opencv-read": Gray("OpenCV imread(path, 0)", _opencv_read),
    "truncated": Gray("0.299 R + 0.587 G + 0.114 B, rounded down", _truncated),
    "mean": Gray("(R + G + B) / 3, rounded", _mean),
    "red": Gray("first channel in RGB order", _channel(0)),
    "green": Gray("second channel", _channel(1)),
    "blue": Gray("first channel in OpenCV's BGR order", _channel(2)),
}
"""The conversions that are tried, the usual one first. All give 8-bit images."""

ALL_GRAYS = (*GRAYS, AS_READ)


def parse_grays(text: str) -> tuple[str, ...]:
    """Read ``luma,opencv``; everything for ``all``.

    Raises:
        UnknownNameError: There is no such conversion.
    """
    names = listed(text.casefold())
    for name in names:
        if name not in (*ALL_GRAYS, "all"):
            raise UnknownNameError(
                "gray conversion", name, ALL_GRAYS, "fusionbench identify --help"
            )
    return ALL_GRAYS if "all" in names or not names else tuple(n for n in ALL_GRAYS if n in names)


def to_gray(name: str, data: bytes, image: U8) -> U8:
    """An image under a conversion; a gray image, or :data:`AS_READ`, stays as it is.

    Args:
        name: The conversion.
        data: The file's bytes.
        image: What they hold, H×W or H×W×3 RGB.
    """
    return image if name == AS_READ or image.ndim == 2 else GRAYS[name].convert(data, image)


@dataclass(frozen=True)
class Values:
    """What every pair gives.

    Attributes:
        columns: Columns that are not the same as another one's parameters on the same planes.
        same: For each ``metric@convention`` the place of its column.
        grays: The gray conversions.
        array: Pairs × grays × columns; NaN where a value is not defined or does not apply.
        errors: One line for each value that could not be computed.
    """

    columns: tuple[Column, ...]
    same: dict[str, int]
    grays: tuple[str, ...]
    array: NDArray[np.float64]
    errors: tuple[str, ...] = ()

    def of(self, metric: str, convention: str, gray: str) -> NDArray[np.float64] | None:
        """The values of the pairs, or None where the convention does not define the metric."""
        place = self.same.get(f"{metric}@{convention}")
        return None if place is None else self.array[:, self.grays.index(gray), place]


AS_THEY_ARE = (Recipe(), Recipe())


@dataclass(frozen=True)
class _Task:
    ir: str
    vis: str
    fused: str
    columns: tuple[Column, ...]
    grays: tuple[str, ...]
    recipes: tuple[Recipe, Recipe]


def conventions_of(row: Sequence[Published]) -> list[str]:
    """The conventions that define any metric of a row, the default one first."""
    metrics = {metric for published in row for metric in published.metrics}
    defining = [
        name
        for name, convention in load_conventions().items()
        if any(convention.defines(METRICS[metric]) for metric in metrics)
    ]
    return sorted(defining, key=lambda name: name != DEFAULT)


def columns_of(row: Sequence[Published]) -> tuple[tuple[Column, ...], dict[str, int]]:
    """The columns to compute for a row, and for each ``metric@convention`` the place of its own."""
    places: dict[str, int] = {}
    columns: list[Column] = []
    same: dict[str, int] = {}
    for convention in (load_conventions()[name] for name in conventions_of(row)):
        for metric in dict.fromkeys(m for published in row for m in published.metrics):
            if convention.defines(METRICS[metric]):
                column = Column(metric, convention.name)
                place = places.setdefault(_key(column, colour=True), len(columns))
                if place == len(columns):
                    columns.append(column)
                same[column.name] = place
    return tuple(columns), same


def compute_values(
    row: Sequence[Published],
    files: Iterable[tuple[str, str, str]],
    *,
    grays: Sequence[str] = ALL_GRAYS,
    recipes: Sequence[tuple[Recipe, Recipe]] = (),
    workers: int = 1,
    advance: Callable[[], None] = lambda: None,
) -> Values:
    """Compute what a row may be the mean of.

    Args:
        row: The published values.
        files: Infrared, visible and fused image of every pair.
        grays: The gray conversions to try.
        recipes: What is done to the sources of every pair when they are read, where something is.
        workers: Processes.
        advance: Called once per pair.

    Raises:
        DataError: An image cannot be read.
    """
    columns, same = columns_of(row)
    files = list(files)
    tasks = [
        _Task(ir, vis, fused, columns, tuple(grays), recipe)
        for (ir, vis, fused), recipe in zip(
            files, recipes or [AS_THEY_ARE] * len(files), strict=True
        )
    ]
    arrays, errors = [], []
    for task, (array, lines) in zip(
        tasks, run_tasks(_compute, tasks, workers, keep_freed_memory), strict=True
    ):
        arrays.append(array)
        errors += [f"{task.fused}: {line}" for line in lines]
        advance()
    return Values(columns, same, tuple(grays), np.stack(arrays), tuple(errors))


def _compute(task: _Task) -> tuple[NDArray[np.float64], list[str]]:
    """Grays × columns of one pair, and a line for each value that a metric failed to give."""
    paths = [Path(path) for path in (task.ir, task.vis, task.fused)]
    datas = [read_bytes(path) for path in paths]
    recipes = (*task.recipes, Recipe())
    images = [read_image(*one) for one in zip(paths, datas, recipes, strict=True)]
    datas = [
        encode_png(image) if recipe.content else data
        for image, recipe, data in zip(images, recipes, datas, strict=True)
    ]
    array = np.full((len(task.grays), len(task.columns)), np.nan)
    known: dict[tuple[str, str], float | str] = {}
    triples: dict[str, PairTriple] = {}
    for g, gray in enumerate(task.grays):
        made = [to_gray(gray, data, image) for data, image in zip(datas, images, strict=True)]
        sums = [_digest(image) for image in made]
        triple = triples.setdefault("".join(sums), PairSources(made[0], made[1]).triple(made[2]))
        colour = any(image.ndim == 3 for image in made)
        for c, column in enumerate(task.columns):
            seen = load_conventions()[column.convention].seen(column.metric)
            if gray == AS_READ and seen == "luma":
                continue
            of = "".join(sums) if column.card.sources else sums[2]
            key = (_key(column, colour), of)
            if key not in known:
                known[key] = _value(column, triple)
            value = known[key]
            array[g, c] = math.nan if isinstance(value, str) else value
    return array, sorted({value for value in known.values() if isinstance(value, str)})


def _value(column: Column, triple: PairTriple) -> float | str:
    try:
        return column.value(triple)
    except Exception as error:
        return f"{column.name}: {type(error).__name__}: {error}"


def _key(column: Column, colour: bool) -> str:
    """What a column's value depends on beside the images; planes count where there is colour."""
    seen = load_conventions()[column.convention].seen(column.metric) if colour else "luma"
    return json.dumps([column.metric, seen, dict(column.params)], sort_keys=True)


def _digest(image: U8) -> str:
    return hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()
