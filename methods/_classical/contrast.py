"""Perceived contrast of an image, after a model of the eye's contrast sensitivity (Zhou 2016)."""

from __future__ import annotations

import numpy as np

from .base import F64

BLOCK = 40
CYCLES = 16.0


def perceived_contrast(image: F64) -> float:
    """The mean block contrast of an H×W image in levels, weighted by squared Sobel gradients.

    Of each 40 × 40 block, ``e = sqrt(Σ |F m|²) / pixels`` with the centred Fourier transform F and
    the sensitivity ``m = 2.6 (0.0192 + 0.114 r) exp(-(0.114 r)^1.1)`` at r cycles (16 at
    Nyquist). An image smaller than a block is one block; one without gradients has contrast 0.
    """
    gradient = _sobel(image)
    inner = image[1:-1, 1:-1] if min(image.shape) > 2 else image
    contrast = weight = 0.0
    for block in _blocks(inner.shape):
        energy = float(np.sum(gradient[block] ** 2))
        contrast += energy * _block_contrast(inner[block])
        weight += energy
    return contrast / weight if weight > 0 else 0.0


def _blocks(shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    rows, columns = (max(n // BLOCK, 1) for n in shape)
    starts = [(y * BLOCK, x * BLOCK) for y in range(rows) for x in range(columns)]
    return [(slice(y, y + BLOCK), slice(x, x + BLOCK)) for y, x in starts]


def _block_contrast(block: F64) -> float:
    y, x = (np.fft.fftfreq(n) * 2 * CYCLES for n in block.shape)
    r = 0.114 * np.hypot(y[:, None], x[None, :])
    sensitivity = 2.6 * (0.0192 + r) * np.exp(-(r**1.1))
    seen = np.abs(np.fft.fft2(block)) * sensitivity
    return float(np.sqrt(np.sum(seen**2)) / block.size)


def _sobel(image: F64) -> F64:
    """Gradient magnitude where the 3 × 3 window fits; zeros where no window fits."""
    if min(image.shape) < 3:
        return np.zeros_like(image)
    rows = image[:-2] + 2 * image[1:-1] + image[2:]
    columns = image[:, :-2] + 2 * image[:, 1:-1] + image[:, 2:]
    return np.hypot(rows[:, 2:] - rows[:, :-2], columns[2:] - columns[:-2])
