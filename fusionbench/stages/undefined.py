"""Why a metric has no value on an image: any metric is tried on images that have no fault."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from fusionbench.checks.pictures import constant
from fusionbench.conventions import Column
from fusionbench.images import U8, luma
from fusionbench.sources import PairSources, PairTriple

LARGEST = 256
"""Side up to which the smallest image that a metric is defined on is looked for."""


def why_undefined(column: Column, triple: PairTriple) -> str:
    """Words for a value that is NaN: the image is too small, or constant, or neither.

    The metric is computed on noise of the same size. Where that gives no value either the size is
    the reason, and the smallest square that has one is looked for; else the images are.
    """
    height, width = triple.fused.shape[:2]
    if not _defined(column, height, width):
        side = _smallest(column)
        if side > min(height, width):
            return f"smaller than the {side}×{side} pixels that it needs"
        return f"{width}×{height} pixels are too small for it"
    images = {"infrared": triple.sources.ir, "visible": triple.sources.vis, "fused": triple.fused}
    if flat := [name for name, image in images.items() if constant(luma(image))]:
        return f"the {' and the '.join(flat)} image is constant"
    return "its formula divides zero by zero on these grey levels"


@cache
def _smallest(column: Column) -> int:
    """The side of the smallest square of noise that has a value; 0 for none."""
    if not _defined(column, LARGEST, LARGEST):
        return 0
    low, high = 1, LARGEST
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _defined(column, middle, middle) else (middle + 1, high)
    return low


@cache
def _defined(column: Column, height: int, width: int) -> bool:
    try:
        return not math.isnan(column.value(_noise(height, width)))
    except Exception:
        return False


def _noise(height: int, width: int) -> PairTriple:
    """A pair of noise images, and their mean."""
    rng = np.random.default_rng(0)
    ir, vis = (rng.integers(0, 256, (height, width), np.uint8) for _ in range(2))
    fused: U8 = ((ir.astype(np.uint16) + vis) // 2).astype(np.uint8)
    return PairSources(ir, vis).triple(fused)
