"""Sums over an image, and histograms of 8-bit ones, counted exactly.

On the CPU sums are taken strip by strip, so that a formula's arrays stay in cache.
"""

from __future__ import annotations

from collections.abc import Callable

from fusionbench.primitives.arrays import Array, backend, namespace

Formula = Callable[..., tuple[Array, ...]]


def totals(formula: Formula, *maps: Array) -> tuple[Array, ...]:
    """Sums over the last two axes of each array that ``formula(*maps)`` returns.

    The formula works element by element: it may be called on strips of the maps.
    """
    return backend(maps[0]).totals(formula, *maps)  # type: ignore[no-any-return]


def log_totals(formula: Formula, *maps: Array) -> tuple[Array, ...]:
    """Σ ln v over the last two axes of each array that ``formula(*maps)`` returns, 1 ≤ v ≤ 10⁹.

    Sixteen values are multiplied before a logarithm is taken; the error of the product is about
    that of adding sixteen rounded logarithms.
    """
    return backend(maps[0]).log_totals(formula, *maps)  # type: ignore[no-any-return]


def mapped(formula: Formula, *maps: Array) -> tuple[Array, ...]:
    """``formula(*maps)``, computed strip by strip on the CPU; it works element by element."""
    return backend(maps[0]).mapped(formula, *maps)  # type: ignore[no-any-return]


def dot(first: Array, second: Array) -> Array:
    """Σ x y over the last two axes of two float64 images; exact for whole numbers below 2⁵³."""
    return backend(first).dot(first, second)


def squared_steps(image: Array) -> tuple[Array, Array]:
    """Σ (f(x+1) - f(x))² along the rows and along the columns of uint8 images, exactly."""
    return backend(image).squared_steps(image)  # type: ignore[no-any-return]


def padded_blocks(image: Array, size: int) -> Array:
    """Sums over blocks of size×size, zeros lying to the right and below of the image."""
    xp = namespace(image)
    for axis in (-2, -1):
        missing = -image.shape[axis] % size
        if missing:
            shape = list(image.shape)
            shape[axis] = missing
            edge = xp.zeros(tuple(shape), dtype=image.dtype, device=image.device)
            image = xp.concat([image, edge], axis=axis)
    *batch, height, width = image.shape
    blocks = xp.reshape(image, (*batch, height // size, size, width // size, size))
    return xp.sum(blocks, axis=(-3, -1))


def histogram(image: Array) -> Array:
    """Counts of the 256 levels of uint8 images, …×256 float64."""
    return backend(image).histogram(image)


def weighted_logs(counts: Array, axes: int) -> Array:
    """Σ c ln c over the last ``axes`` axes of counts, with 0 ln 0 = 0."""
    return backend(counts).weighted_logs(counts, axes)


def joint_histogram(first: Array, second: Array) -> Array:
    """Counts of the 256×256 pairs of levels of two uint8 images, …×256×256 float64."""
    return backend(first).joint_histogram(first, second)
