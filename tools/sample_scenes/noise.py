"""Periodic random textures with a power-law spectrum."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]


def as_float(array: NDArray[Any]) -> Float:
    """The array as float32 (OpenCV's results carry no dtype for the type checker)."""
    return np.asarray(array, np.float32)


def texture_tile(rng: np.random.Generator, size: int = 256, slope: float = 1.0) -> Float:
    """A periodic texture with amplitude spectrum ``1 / frequency**slope``.

    Args:
        rng: source of randomness.
        size: side of the square tile in texels.
        slope: 0 gives white noise, 1 a natural texture, 2 soft clouds.

    Returns:
        float32 of shape (size, size), zero mean, unit standard deviation.
    """
    spectrum = np.fft.rfft2(rng.standard_normal((size, size)))
    fy = np.fft.fftfreq(size)[:, None] * size
    fx = np.fft.rfftfreq(size)[None, :] * size
    radius = np.hypot(fy, fx)
    radius[0, 0] = 1.0
    spectrum *= radius**-slope
    spectrum[0, 0] = 0.0
    tile = np.fft.irfft2(spectrum, s=(size, size))
    return as_float(tile / tile.std())


def cloud_field(rng: np.random.Generator, shape: tuple[int, int], slope: float = 1.8) -> Float:
    """A soft cloud-like field of the given shape, whose draws do not depend on the shape."""
    tile = texture_tile(rng, 128, slope)
    return as_float(cv2.resize(tile[:96, :], shape[::-1], interpolation=cv2.INTER_CUBIC))


def sample(tile: Float, u: Float, v: Float) -> Float:
    """The tile, repeated without end, at texel coordinates (u, v), bilinearly."""
    size = tile.shape[0]
    wrapped = np.pad(tile, ((0, 1), (0, 1)), mode="wrap")
    return as_float(
        cv2.remap(wrapped, as_float(np.mod(u, size)), as_float(np.mod(v, size)), cv2.INTER_LINEAR)
    )
