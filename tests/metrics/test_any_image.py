"""No metric raises on a valid image, however small, flat or noisy."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.typing import NDArray

from fusionbench import Sources, Triple
from fusionbench.conventions import Column, load_conventions

COLUMNS = [Column(m, c.name) for c in load_conventions().values() for m in c.metrics]
SIZES = [(1, 1), (1, 9), (7, 2), (10, 11), (16, 16), (17, 40), (33, 16)]


def _images(kind: str, shape: tuple[int, int]) -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(7)
    if kind == "noise":
        return [random.integers(0, 256, shape, dtype=np.uint8) for _ in range(3)]
    if kind == "black and white":
        return [random.integers(0, 2, shape, dtype=np.uint8) * np.uint8(255) for _ in range(3)]
    levels = {"black": (0, 0, 0), "white": (255, 255, 255), "flat": (3, 250, 128)}[kind]
    return [np.full(shape, level, np.uint8) for level in levels]


@pytest.mark.parametrize("kind", ["noise", "black and white", "black", "white", "flat"])
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_every_column_has_a_value_or_nan(shape: tuple[int, int], kind: str) -> None:
    ir, vis, fused = _images(kind, shape)
    triple = Triple(Sources(ir, vis), fused)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = {column.name: column.value(triple) for column in COLUMNS}
    assert all(type(value) is float for value in values.values())
