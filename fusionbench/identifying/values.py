"""Every metric of a row, of every pair, under every convention and gray conversion.

Conventions that set the same parameters share one computation, and so do conversions that make the
same image: of gray files all of them do.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusionbench.conventions import DEFAULT, Column, load_conventions
from fusionbench.engines import run_tasks
from fusionbench.identifying.grays import ALL_GRAYS, AS_READ, to_gray
from fusionbench.identifying.published import Published
from fusionbench.images import U8, encode_png, read_bytes, read_image
from fusionbench.primitives import keep_freed_memory
from fusionbench.recipes import Recipe
from fusionbench.registry import METRICS
from fusionbench.sources import PairSources, PairTriple


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
