"""NumPy and OpenCV backend of the primitives (float64, one thread)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BORDERS = {
    "valid": cv2.BORDER_CONSTANT,
    "zero": cv2.BORDER_CONSTANT,
    "replicate": cv2.BORDER_REPLICATE,
    "symmetric": cv2.BORDER_REFLECT,
    "reflect": cv2.BORDER_REFLECT_101,
}
STRIP = 6400
"""Pixels in a strip: a formula's dozen float64 arrays of this size fit in a second-level cache."""


def at_least(array: Floats, low: float) -> Floats:
    """See :func:`fusionbench.primitives.arrays.at_least`."""
    return np.maximum(array, low)


def as_float(array: NDArray[Any]) -> Floats:
    """See :func:`fusionbench.primitives.arrays.as_float`."""
    return array.astype(np.float64, copy=False)


def like(values: Floats, array: NDArray[Any]) -> Floats:
    """See :func:`fusionbench.primitives.arrays.like`."""
    return values


def to_numpy(array: NDArray[Any]) -> NDArray[Any]:
    """The array itself."""
    return array


def _each(images: NDArray[Any], function: Callable[[NDArray[Any]], Any]) -> Any:
    """The function of every image of a batch, stacked."""
    if images.ndim == 2:
        return function(images)
    done = [_each(image, function) for image in images]
    if isinstance(done[0], tuple):
        return tuple(np.stack(part) for part in zip(*done, strict=True))
    return np.stack(done)


def separable(image: NDArray[Any], across: Floats, down: Floats, border: str) -> Floats:
    """See :func:`fusionbench.primitives.filters.separable`."""

    def one(plane: NDArray[Any]) -> Floats:
        height, width = plane.shape
        h, w = len(down), len(across)
        if border == "valid" and (height < h or width < w):
            return np.zeros((max(height - h + 1, 0), max(width - w + 1, 0)))
        full: Floats = cv2.sepFilter2D(plane, cv2.CV_64F, across, down, borderType=BORDERS[border])
        if border != "valid":
            return full
        top, left = h // 2, w // 2
        return full[top : top + height - h + 1, left : left + width - w + 1]

    return _each(image, one)  # type: ignore[no-any-return]


def sobel(image: NDArray[Any], border: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """See :func:`fusionbench.primitives.filters.sobel`."""

    def one(plane: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        depth = cv2.CV_16S if plane.dtype == np.uint8 else cv2.CV_64F
        mode = BORDERS[border]
        return (
            cv2.Sobel(plane, depth, 1, 0, ksize=3, borderType=mode),
            cv2.Sobel(plane, depth, 0, 1, ksize=3, borderType=mode),
        )

    return _each(image, one)  # type: ignore[no-any-return]


def gradient(image: NDArray[Any]) -> tuple[Floats, Floats]:
    """See :func:`fusionbench.primitives.filters.gradient`."""
    values = as_float(image)

    def along(axis: int) -> Floats:
        some = values.shape[axis] > 1
        slope: Floats = np.gradient(values, axis=axis) if some else np.zeros_like(values)
        return slope

    return along(-1), along(-2)


def histogram(image: NDArray[np.uint8]) -> Floats:
    """See :func:`fusionbench.primitives.histograms.histogram`."""
    return _each(  # type: ignore[no-any-return]
        image, lambda plane: np.bincount(plane.ravel(), minlength=256).astype(np.float64)
    )


def joint_histogram(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Floats:
    """See :func:`fusionbench.primitives.histograms.joint_histogram`."""
    pairs = first.astype(np.intp) * 256 + second
    return _each(  # type: ignore[no-any-return]
        pairs,
        lambda p: np.bincount(p.ravel(), minlength=65536).astype(np.float64).reshape(256, 256),
    )


def dot(first: Floats, second: Floats) -> Any:
    """See :func:`fusionbench.primitives.reductions.dot`."""
    if first.ndim == 2:
        return np.vdot(first, second)
    return np.einsum("...ij,...ij->...", first, second)


def squared_steps(image: NDArray[np.uint8]) -> tuple[Any, Any]:
    """See :func:`fusionbench.primitives.reductions.squared_steps`."""

    def total(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> np.float64:
        return np.float64(cv2.norm(first, second, cv2.NORM_L2SQR) if first.size else 0.0)

    def one(plane: NDArray[np.uint8]) -> tuple[np.float64, np.float64]:
        return total(plane[:, 1:], plane[:, :-1]), total(plane[1:], plane[:-1])

    return _each(image, one)  # type: ignore[no-any-return]


def totals(
    formula: Callable[..., tuple[NDArray[Any], ...]], *maps: NDArray[Any]
) -> tuple[Any, ...]:
    """See :func:`fusionbench.primitives.reductions.totals`."""
    return _over_strips(formula, maps, lambda part: part.sum(axis=(-2, -1)))


def log_totals(formula: Callable[..., tuple[Floats, ...]], *maps: NDArray[Any]) -> tuple[Any, ...]:
    """See :func:`fusionbench.primitives.reductions.log_totals`."""
    return _over_strips(formula, maps, _log_total)


def _log_total(values: Floats) -> Any:
    flat = values.reshape(*values.shape[:-2], -1)
    count = flat.shape[-1] // 16 * 16
    head = flat[..., :count].reshape(*flat.shape[:-1], 16, -1).prod(axis=-2)
    return np.log(head).sum(axis=-1) + np.log(flat[..., count:]).sum(axis=-1)


def _over_strips(
    formula: Callable[..., tuple[NDArray[Any], ...]],
    maps: tuple[NDArray[Any], ...],
    total: Callable[[NDArray[Any]], Any],
) -> tuple[Any, ...]:
    height, width = maps[0].shape[-2:]
    rows = max(1, STRIP // max(width, 1))
    strips = []
    for top in range(0, max(height, 1), rows):
        parts = formula(*(m[..., top : top + rows, :] for m in maps))
        strips.append([total(part) for part in parts])
    return tuple(sum(column) for column in zip(*strips, strict=True))
