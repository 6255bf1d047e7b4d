"""Which namespace and which backend an array belongs to, and moving between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fusionbench.errors import DataError

Array: TypeAlias = Any
"""A NumPy array or a torch tensor; the last two axes are the image (H×W)."""
_stay: ContextVar[bool] = ContextVar("_stay", default=False)


@contextmanager
def on_device() -> Iterator[None]:
    """Refuse, in a block, to copy images to the CPU that are on another device."""
    token = _stay.set(True)
    try:
        yield
    finally:
        _stay.reset(token)


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


def keep_freed_memory(size: int = 2**28) -> bool:
    """Let the C library keep up to ``size`` bytes of freed memory, for the rest of the process.

    Scoring allocates the same arrays for every pair. By default glibc hands them back to the system
    after each pair, and faulting them in again takes a fifth of the time. Call it once in a process
    that scores; it does nothing, and returns False, where the C library is not glibc.
    """
    import ctypes

    trim_threshold, mmap_threshold = -1, -3
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(set_option(trim_threshold, size) and set_option(mmap_threshold, 2**25))


def as_float(array: Array) -> Array:
    """The array in float64."""
    return backend(array).as_float(array)


def exp(array: Array) -> Array:
    """The exponential of a float64 array, with a relative error below 10⁻¹⁵."""
    return backend(array).exp(array)


def slope_angle(rise: Array, run: Array) -> Array:
    """atan(rise / run) in -π/2..π/2: ±π/2 with the sign of ``rise`` where ``run`` is 0, 0 for 0/0.

    Whole numbers within ±1020, as Sobel differences of 8-bit images are, are looked up in a table
    of the same values.
    """
    return backend(rise).slope_angle(rise, run)


def like(values: NDArray[np.float64], array: Array) -> Array:
    """NumPy values as an array of the same kind and on the same device."""
    return backend(array).like(values, array)


def features(image: Array, extract: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Array:
    """A NumPy function of one H×W image, applied to each image of a batch, on the CPU.

    Raises:
        DataError: The images are on another device and are to stay there (:func:`on_device`).
    """
    where = str(getattr(image, "device", "cpu"))
    if where != "cpu" and _stay.get():
        raise DataError(
            f"a metric that was asked for is computed on the CPU alone, and the images are on "
            f"{where}; leave it out (FMI_dct and FMI_w are of the kind), or give images on the CPU"
        )
    images = backend(image).to_numpy(image)
    if images.ndim == 2:
        return like(extract(images), image)
    return like(np.stack([extract(one) for one in images]), image)
