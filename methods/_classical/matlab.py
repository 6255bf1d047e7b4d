"""Bicubic resizing as MATLAB's ``imresize`` does it: with antialiasing and mirrored borders."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .base import F64


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
