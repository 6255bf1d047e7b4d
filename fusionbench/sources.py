"""The images of one pair as metrics see them, and a memory so that nothing is computed twice.

A :class:`Plane` remembers whatever was computed from it alone, a :class:`Sources` what was computed
from its two planes, a :class:`Triple` what was computed from a source and the fused image. Scoring
ten methods against the same :class:`Sources` therefore pays for the sources once.

A plane is one H×W NumPy image, or (:meth:`Plane.of`) a B×H×W batch of images of one size as a NumPy
array or a torch tensor; a metric of a batch is an array of B values.

:class:`PairSources` and :class:`PairTriple` do the same for images as they are read, in colour or
not; a convention says which planes of them a metric sees.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from fusionbench.primitives import Array, as_float

SCORED_BY = 1
"""Version of what all metrics are made of; raise it with any change here or in ``primitives/``
that changes a value."""
T = TypeVar("T")
U8 = NDArray[np.uint8]
Seen = Literal["luma", "channels", "wide"]
"""What a metric sees of colour images: the luma; each of R, G and B; the three side by side."""


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

    def seen(self, planes: Seen) -> tuple[Triple, ...]:
        """The triples of single planes to compute a metric of: this one."""
        return (self,)


class PairSources:
    """The two source images of a pair as they are read, uint8, H×W or H×W×3 RGB.

    Make it once per pair and score every method's image against it.

    Raises:
        ValueError: An image is not uint8 H×W or H×W×3, or the sizes differ.
    """

    def __init__(self, ir: U8, vis: U8) -> None:
        self.ir, self.vis = _checked("ir", ir), _checked("vis", vis)
        if ir.shape[:2] != vis.shape[:2]:
            raise ValueError(f"sizes differ: ir {ir.shape[:2]}, vis {vis.shape[:2]}")

    @cached_property
    def luma(self) -> Sources:
        """The luma planes."""
        return Sources(_luma(self.ir), _luma(self.vis))

    @cached_property
    def channels(self) -> tuple[Sources, ...]:
        """Three pairs of planes; a gray image takes part in each of them."""
        return tuple(Sources(*p) for p in zip(_planes(self.ir), _planes(self.vis), strict=True))

    @cached_property
    def wide(self) -> Sources:
        """The three planes of each image side by side, H×3W."""
        return Sources(_side_by_side(self.ir), _side_by_side(self.vis))

    def triple(self, fused: U8) -> PairTriple:
        """These sources with a fused image."""
        return PairTriple(self, fused)


class PairTriple:
    """The images of a pair and one fused image, uint8, H×W or H×W×3 RGB.

    Raises:
        ValueError: The fused image is not uint8 H×W or H×W×3, or not of the sources' size.
    """

    def __init__(self, sources: PairSources, fused: U8) -> None:
        self.sources, self.fused = sources, _checked("fused", fused)
        if fused.shape[:2] != sources.ir.shape[:2]:
            size = sources.ir.shape[:2]
            raise ValueError(f"sizes differ: sources {size}, fused {fused.shape[:2]}")
        self._memory = _Memory()

    def seen(self, planes: Seen) -> tuple[Triple, ...]:
        """The triples of single planes to compute a metric of, and to average over."""
        return self._memory.once(planes, lambda: self._triples(planes))

    def _triples(self, planes: Seen) -> tuple[Triple, ...]:
        images = self.sources.ir, self.sources.vis, self.fused
        gray = self.fused.ndim == 2 if planes == "wide" else all(i.ndim == 2 for i in images)
        if planes == "luma" or gray:
            return (Triple(self.sources.luma, _luma(self.fused)),)
        if planes == "wide":
            return (Triple(self.sources.wide, _side_by_side(self.fused)),)
        pairs = zip(self.sources.channels, _planes(self.fused), strict=True)
        return tuple(Triple(sources, fused) for sources, fused in pairs)


def _checked(name: str, image: U8) -> U8:
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
        got = f"{image.dtype} {image.shape}"
        raise ValueError(f"{name} is a uint8 image, H×W or H×W×3, got {got}")
    return image


def _luma(image: U8) -> U8:
    from fusionbench.images import luma

    return luma(image)


def _planes(image: U8) -> list[Plane]:
    """The three planes of an image, one and the same where they are equal."""
    if image.ndim == 2:
        return [Plane(image)] * 3
    red, green, blue = (np.ascontiguousarray(image[..., channel]) for channel in range(3))
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return [Plane(red)] * 3
    return [Plane(red), Plane(green), Plane(blue)]


def _side_by_side(image: U8) -> U8:
    return np.hstack([plane.u8 for plane in _planes(image)])
