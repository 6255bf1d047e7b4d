"""Histograms of 8-bit images, counted exactly."""

from __future__ import annotations

from fusionbench.primitives.arrays import Array, backend


def histogram(image: Array) -> Array:
    """Counts of the 256 levels of uint8 images, …×256 float64."""
    return backend(image).histogram(image)


def weighted_logs(counts: Array, axes: int) -> Array:
    """Σ c ln c over the last ``axes`` axes of counts, with 0 ln 0 = 0."""
    return backend(counts).weighted_logs(counts, axes)


def joint_histogram(first: Array, second: Array) -> Array:
    """Counts of the 256×256 pairs of levels of two uint8 images, …×256×256 float64."""
    return backend(first).joint_histogram(first, second)
