"""Linear and guided filters over H×W float64 images, with the borders that MATLAB names.

``replicate`` repeats the edge pixel, ``symmetric`` mirrors with the edge repeated, ``mirror``
without it, ``zero`` pads with 0. The bilateral filter is by a bilateral grid (Paris and Durand
2006); bicubic resizing is as MATLAB's ``imresize`` does it, with antialiasing and mirrored borders.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np

from . import F64

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


MARGIN = 3
TAPS = np.exp(-0.5 * np.arange(-2, 3) ** 2)


def bilateral(image: F64, spatial: float, span: float) -> F64:
    """Smooth an H×W image over space and value.

    Pixels are summed into cells of ``spatial`` × ``spatial`` pixels and ``span`` of value, sums and
    counts are smoothed by a Gaussian of one cell (5 taps each way), and every pixel reads their
    quotient by trilinear interpolation.

    Args:
        image: H×W.
        spatial: The spatial sigma in pixels.
        span: The range sigma in units of the image.
    """
    from scipy.ndimage import correlate1d, map_coordinates

    y, x = np.indices(image.shape)
    place = np.stack([y / spatial, x / spatial, (image - image.min()) / span]) + MARGIN
    shape = tuple(int(n) + MARGIN + 2 for n in place.reshape(3, -1).max(axis=1))
    cell = np.ravel_multi_index(tuple(np.floor(place + 0.5).astype(np.intp)), shape).ravel()
    total, count = (
        np.bincount(cell, values, int(np.prod(shape))).reshape(shape)
        for values in (image.ravel(), None)
    )
    for axis in range(3):
        total = correlate1d(total, TAPS, axis, mode="constant")
        count = correlate1d(np.asarray(count, np.float64), TAPS, axis, mode="constant")
    quotient = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    smooth: F64 = map_coordinates(quotient, place, order=1)
    return smooth


def resize(image: F64, height: int, width: int) -> F64:
    """Resize an H×W image bicubically; the values may leave the range of the input."""
    rows, columns = _matrix(image.shape[0], height), _matrix(image.shape[1], width)
    return rows @ image @ columns.T


@lru_cache(maxsize=8)
def _matrix(size: int, wanted: int) -> F64:
    """The wanted × size matrix of one direction; the kernel widens where the image shrinks."""
    scale = wanted / size
    stretch = min(scale, 1.0)
    centre = (np.arange(wanted) + 0.5) / scale - 0.5
    reach = int(np.ceil(4 / stretch)) + 2
    source = np.floor(centre - reach / 2).astype(np.intp)[:, None] + np.arange(reach)
    weight = _cubic((centre[:, None] - source) * stretch)
    weight /= weight.sum(axis=1, keepdims=True)
    turn = source % (2 * size)
    inside = np.where(turn < size, turn, 2 * size - 1 - turn)
    matrix = np.zeros((wanted, size))
    np.add.at(matrix, (np.arange(wanted)[:, None], inside), weight)
    return matrix


def _cubic(x: F64) -> F64:
    """The cubic convolution kernel (Keys 1981, a = -1/2)."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))
