"""The images of one pair as metrics see them, and a memory so that nothing is computed twice.

A :class:`Plane` remembers whatever was computed from it alone, a :class:`Sources` what was computed
from its two planes, a :class:`Triple` what was computed from a source and the fused image. Scoring
ten methods against the same :class:`Sources` therefore pays for the sources once.

A plane is one H×W NumPy image, or (:meth:`Plane.of`) a B×H×W batch of images of one size as a NumPy
array or a torch tensor; a metric of a batch is an array of B values.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np

from fusionbench.primitives import Array, as_float

T = TypeVar("T")


class _Memory:
    """Results by the function that computed them and its parameters."""

    def __init__(self) -> None:
        self._results: dict[Hashable, Any] = {}

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        if key not in self._results:
            self._results[key] = compute()
        return self._results[key]  # type: ignore[no-any-return]


class Plane:
    """One 8-bit image plane, H×W, and everything already computed from it.

    Args:
        image: H×W array of whole numbers in 0..255.

    Raises:
        ValueError: The array is not two-dimensional, is empty or is not 8-bit.
    """

    def __init__(self, image: Array) -> None:
        array = np.asarray(image)
        if array.ndim != 2:
            raise ValueError(f"a plane is a non-empty H×W array, got shape {array.shape}")
        self._set(np.ascontiguousarray(array))

    @classmethod
    def of(cls, images: Array) -> Plane:
        """The plane of a B×H×W uint8 batch, a NumPy array or a torch tensor on any device."""
        if images.ndim != 3:
            raise ValueError(f"a batch of planes is a B×H×W array, got shape {images.shape}")
        plane = cls.__new__(cls)
        plane._set(images)
        return plane

    def _set(self, array: Array) -> None:
        if 0 in array.shape:
            raise ValueError(f"a plane is a non-empty H×W array, got shape {array.shape}")
        if str(array.dtype).removeprefix("torch.") != "uint8":
            raise ValueError(f"a plane is uint8 in 0..255, got {array.dtype}")
        self.u8: Array = array
        self._memory = _Memory()

    @property
    def shape(self) -> tuple[int, ...]:
        """Height and width in pixels (after the number of images, for a batch)."""
        return tuple(self.u8.shape)

    @property
    def pixels(self) -> int:
        """Height times width."""
        return self.shape[-2] * self.shape[-1]

    @property
    def f64(self) -> Array:
        """The plane as float64 in 0..255 (remembered; treat as read-only)."""
        return self.remember(_as_float)

    @property
    def offset(self) -> Array:
        """The mean grey level as a whole number (…×1×1 for a batch)."""
        return self.remember(_offset)

    @property
    def centred(self) -> Array:
        """``f64 - offset`` (remembered; read-only): local variances of it lose fewer digits."""
        return self.remember(_centred)

    def remember(self, compute: Callable[..., T], *params: Hashable) -> T:
        """``compute(self, *params)``, computed at the first call only."""
        return self._memory.once((compute, params), lambda: compute(self, *params))


def _as_float(plane: Plane) -> Array:
    return _read_only(as_float(plane.u8))


def _offset(plane: Plane) -> Array:
    array = plane.u8
    total = array.sum(axis=(-2, -1))
    level = as_float((total + plane.pixels // 2) // plane.pixels)
    return level if array.ndim == 2 else level[..., None, None]


def _centred(plane: Plane) -> Array:
    return _read_only(plane.f64 - plane.offset)


def _read_only(array: Array) -> Array:
    if isinstance(array, np.ndarray):
        array.flags.writeable = False
    return array


def _plane(image: Array | Plane) -> Plane:
    return image if isinstance(image, Plane) else Plane(image)


class Sources:
    """An infrared and a visible plane of the same size (arrays as :class:`Plane` takes, or planes).

    Raises:
        ValueError: The sizes differ.
    """

    def __init__(self, ir: Array | Plane, vis: Array | Plane) -> None:
        self.ir, self.vis = _plane(ir), _plane(vis)
        if self.ir.shape != self.vis.shape:
            raise ValueError(f"sizes differ: ir {self.ir.shape}, vis {self.vis.shape}")
        self._memory = _Memory()

    def remember(self, compute: Callable[..., T], *params: Hashable) -> T:
        """``compute(self, *params)``, computed at the first call only."""
        return self._memory.once((compute, params), lambda: compute(self, *params))


class Triple:
    """Sources and one fused plane: what every metric takes.

    Example:
        >>> import numpy as np
        >>> ir, vis = np.zeros((16, 16), np.uint8), np.full((16, 16), 9, np.uint8)
        >>> Triple(Sources(ir, vis), vis).fused.shape
        (16, 16)

    Raises:
        ValueError: The fused plane's size is not the sources'.
    """

    def __init__(self, sources: Sources, fused: Array | Plane) -> None:
        self.sources, self.fused = sources, _plane(fused)
        if self.fused.shape != sources.ir.shape:
            raise ValueError(f"sizes differ: sources {sources.ir.shape}, fused {self.fused.shape}")
        self._memory = _Memory()

    @property
    def ir(self) -> Plane:
        """The infrared plane."""
        return self.sources.ir

    @property
    def vis(self) -> Plane:
        """The visible plane."""
        return self.sources.vis

    def remember(self, compute: Callable[..., T], source: Plane, *params: Hashable) -> T:
        """``compute(source, self.fused, *params)``, computed at the first call only."""
        key = (compute, id(source), params)
        return self._memory.once(key, lambda: compute(source, self.fused, *params))

    def both(self, compute: Callable[..., T], *params: Hashable) -> tuple[T, T]:
        """:meth:`remember` of the infrared and of the visible plane."""
        return self.remember(compute, self.ir, *params), self.remember(compute, self.vis, *params)
