"""Linear and guided filters over H×W float64 images, with the borders that MATLAB names.

``replicate`` repeats the edge pixel, ``symmetric`` mirrors with the edge repeated, ``mirror``
without it, ``zero`` pads with 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np

from .base import F64

Border = Literal["replicate", "symmetric", "mirror", "zero"]
_BORDERS: dict[str, int] = {
    "replicate": cv2.BORDER_REPLICATE,
    "symmetric": cv2.BORDER_REFLECT,
    "mirror": cv2.BORDER_REFLECT_101,
    "zero": cv2.BORDER_CONSTANT,
}


def pad(image: F64, width: int, border: Border) -> F64:
    """An H×W image extended by ``width`` pixels on every side."""
    sides = width, width, width, width
    padded: F64 = cv2.copyMakeBorder(image, *sides, _BORDERS[border], value=0)
    return padded


def separable(image: F64, taps: Sequence[float] | F64, border: Border) -> F64:
    """Correlate rows and columns with the same odd number of taps."""
    kernel = np.asarray(taps, np.float64)
    filtered: F64 = cv2.sepFilter2D(image, cv2.CV_64F, kernel, kernel, borderType=_BORDERS[border])
    return filtered


def gaussian(image: F64, size: int, sigma: float, border: Border) -> F64:
    """Smooth with ``exp(-(x² + y²) / (2 sigma²))``, sampled on size × size and normalised."""
    x = np.arange(size) - (size - 1) / 2
    taps = np.exp(-(x**2) / (2 * sigma**2))
    return separable(image, taps / taps.sum(), border)


def mean(image: F64, size: int, border: Border) -> F64:
    """The mean over a size × size window."""
    kind = _BORDERS[border]
    smooth: F64 = cv2.boxFilter(image, cv2.CV_64F, (size, size), normalize=True, borderType=kind)
    return smooth


def box(image: F64, radius: int) -> F64:
    """The mean over a (2r + 1)² window; at the border over the pixels inside the image."""
    return _sums(image, radius) / _counts(image.shape, radius)


def _sums(image: F64, radius: int) -> F64:
    size = (2 * radius + 1,) * 2
    kind = cv2.BORDER_CONSTANT
    total: F64 = cv2.boxFilter(image, cv2.CV_64F, size, normalize=False, borderType=kind)
    return total


@lru_cache(maxsize=16)
def _counts(shape: tuple[int, ...], radius: int) -> F64:
    return _sums(np.ones(shape), radius)


def guided(guide: F64, image: F64, radius: int, eps: float) -> F64:
    """The guided filter (He, Sun and Tang 2013).

    ``a = (B(Ip) - B(I) B(p)) / (B(II) - B(I)² + eps)``, ``b = B(p) - a B(I)``, the result is
    ``B(a) I + B(b)`` with the box mean B, the guide I and the image p.
    """
    guide_mean, image_mean = box(guide, radius), box(image, radius)
    covariance = box(guide * image, radius) - guide_mean * image_mean
    variance = box(guide * guide, radius) - guide_mean * guide_mean
    slope = covariance / (variance + eps)
    return box(slope, radius) * guide + box(image_mean - slope * guide_mean, radius)
