"""Previews of source and fused images, within a budget of bytes.

A pair has views: the infrared image, the visible image, then the fused image of every method. Each
view may have a small preview (at most 160 pixels on its longer side) and a large one (at most 640),
both JPEG. The budget is spent in this order:

1. small previews of the sources, with at most half of the budget;
2. small previews of the methods, with at most half of what is left;
3. large previews of the sources, with at most half of what is left then;
4. large previews of the methods, with the rest.

A step that cannot reach every pair reaches pairs spread evenly over the data set, whatever the
scores on them are.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from fusionbench.errors import DataError
from fusionbench.images import U8, read_image
from fusionbench.manifest import DataSetRecord, MethodRecord, PairRecord
from fusionbench.recipes import Recipe
from fusionbench.results import Result
from fusionbench.runs import Run

SMALL, LARGE = 160, 640
SMALL_QUALITY, LARGE_QUALITY = 70, 82
AT_ONCE = 8
"""Pairs that are read before it is known whether the budget reaches them."""
GOLDEN = (5**0.5 - 1) / 2

Views = Mapping[int, tuple[Path, Recipe]]
"""The image file of each view, and what is done to it when it is read."""


@dataclass
class Preview:
    """What the page holds of one pair's images.

    Attributes:
        size: Width and height of the infrared image in pixels; None where it was not read.
        small, large: JPEG files in base64, by the number of the view.
    """

    size: tuple[int, int] | None = None
    small: dict[int, str] = field(default_factory=dict)
    large: dict[int, str] = field(default_factory=dict)


class _Encoded(NamedTuple):
    size: tuple[int, int]
    small: str
    large: str


def shown_methods(results: Sequence[Result]) -> list[MethodRecord]:
    """The methods whose fused images are views of their own: all but the source images."""
    return [r.method for r in results if not r.method.is_source]


def previews(
    run: Run, dataset: DataSetRecord, results: Sequence[Result], budget: int
) -> list[Preview]:
    """The previews of every pair of a data set, in its order.

    Args:
        run: Where the fused images are.
        dataset: The pairs.
        results: Results of the run; those of the data set name the methods.
        budget: Bytes of base64 in all.
    """
    pages = [Preview() for _ in dataset.pairs]
    if budget <= 0:
        return pages
    methods = shown_methods([r for r in results if r.dataset is dataset])
    order = _spread_evenly(len(dataset.pairs))
    sources = [(i, _source_views(dataset.pairs[i])) for i in order]
    fused = [(i, _fused_views(run, dataset, methods, dataset.pairs[i])) for i in order]
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        large_sources, spent = _fill(pool, pages, sources, budget // 2, budget)
        left = budget - spent
        large_fused, spent = _fill(pool, pages, fused, left // 2, budget)
    left -= spent
    left -= _enlarge(pages, large_sources, left // 2)
    _enlarge(pages, large_fused, left)
    return pages


def _spread_evenly(count: int) -> list[int]:
    """The numbers below ``count`` in an order of which every beginning is spread evenly."""
    return sorted(range(count), key=lambda i: (i * GOLDEN) % 1)


def _source_views(pair: PairRecord) -> Views:
    return {0: (Path(pair.ir), pair.recipe("ir")), 1: (Path(pair.vis), pair.recipe("vis"))}


def _fused_views(
    run: Run, dataset: DataSetRecord, methods: Sequence[MethodRecord], pair: PairRecord
) -> Views:
    return {
        view: (run.fused_image(dataset, method, pair), Recipe())
        for view, method in enumerate(methods, start=2)
        if run.has_image(dataset, method, pair)
    }


def _fill(
    pool: ThreadPoolExecutor,
    pages: list[Preview],
    jobs: Sequence[tuple[int, Views]],
    limit: int,
    kept: int,
) -> tuple[list[tuple[int, dict[int, str]]], int]:
    """Add small previews up to a limit.

    Returns:
        The large previews of the same pairs, up to ``kept`` bytes, and the bytes spent.
    """
    spent = 0
    large: list[tuple[int, dict[int, str]]] = []
    for index, images in _encoded(pool, jobs):
        spent += sum(len(image.small) for image in images.values())
        if spent > limit:
            return large, spent - sum(len(image.small) for image in images.values())
        pages[index].small |= {view: image.small for view, image in images.items()}
        if 0 in images:
            pages[index].size = images[0].size
        kept -= sum(len(image.large) for image in images.values())
        if kept >= 0:
            large.append((index, {view: image.large for view, image in images.items()}))
    return large, spent


def _enlarge(pages: list[Preview], images: Sequence[tuple[int, dict[int, str]]], limit: int) -> int:
    """Add large previews up to a limit; the bytes spent."""
    spent = 0
    for index, views in images:
        cost = sum(map(len, views.values()))
        if spent + cost > limit:
            break
        pages[index].large |= views
        spent += cost
    return spent


def _encoded(
    pool: ThreadPoolExecutor, jobs: Sequence[tuple[int, Views]]
) -> Iterator[tuple[int, dict[int, _Encoded]]]:
    for start in range(0, len(jobs), AT_ONCE):
        some = jobs[start : start + AT_ONCE]
        for (index, _), images in zip(
            some, pool.map(_encode_all, [v for _, v in some]), strict=True
        ):
            yield index, images


def _encode_all(views: Views) -> dict[int, _Encoded]:
    encoded = {}
    for view, (path, recipe) in views.items():
        try:
            encoded[view] = _encode(read_image(path, recipe=recipe))
        except DataError:
            continue
    return encoded


def _encode(image: U8) -> _Encoded:
    height, width = image.shape[:2]
    large = _shrunk(image, LARGE)
    small = _shrunk(large, SMALL)
    return _Encoded((width, height), _jpeg(small, SMALL_QUALITY), _jpeg(large, LARGE_QUALITY))


def _shrunk(image: U8, side: int) -> U8:
    scale = side / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    shrunk: U8 = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return shrunk


def _jpeg(image: U8, quality: int) -> str:
    order = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", order, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return base64.b64encode(data.tobytes()).decode()
