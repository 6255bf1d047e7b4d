"""Histograms of 8-bit images, counted exactly."""

from __future__ import annotations

from fusionbench.primitives.arrays import Array, backend


def histogram(image: Array) -> Array:
    """Counts of the 256 levels of uint8 images, …×256 float64."""
    return backend(image).histogram(image)


def joint_histogram(first: Array, second: Array) -> Array:
    """Counts of the 256×256 pairs of levels of two uint8 images, …×256×256 float64."""
    return backend(first).joint_histogram(first, second)
