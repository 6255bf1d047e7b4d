"""Which namespace and which backend an array belongs to, and moving between them."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = Any
"""A NumPy array or a torch tensor; the last two axes are the image (H×W)."""


def namespace(array: Array) -> Any:
    """The array namespace (array API standard) of an array."""
    if isinstance(array, np.ndarray | np.generic):
        return np
    import array_api_compat

    return array_api_compat.array_namespace(array)


def backend(array: Array) -> ModuleType:
    """The module that implements the primitives for this kind of array."""
    if isinstance(array, np.ndarray | np.generic):
        from fusionbench.primitives import _numpy

        return _numpy
    from fusionbench.primitives import _torch

    return _torch


def at_least(array: Array, low: float) -> Array:
    """``max(array, low)``, element by element; NaN stays."""
    return backend(array).at_least(array, low)


def as_float(array: Array) -> Array:
    """The array in float64."""
    return backend(array).as_float(array)


def like(values: NDArray[np.float64], array: Array) -> Array:
    """NumPy values as an array of the same kind and on the same device."""
    return backend(array).like(values, array)


def features(image: Array, extract: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Array:
    """A NumPy function of one H×W image, applied to each image of a batch, on the CPU."""
    images = backend(image).to_numpy(image)
    if images.ndim == 2:
        return like(extract(images), image)
    return like(np.stack([extract(one) for one in images]), image)
