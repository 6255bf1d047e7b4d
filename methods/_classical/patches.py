"""Overlapping patches of an image as the columns of a matrix, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .base import F64


def starts(length: int, side: int, stride: int) -> NDArray[np.intp]:
    """First rows (or columns) of the patches; the last one ends at the border."""
    last = max(length - side, 0)
    return np.unique(np.append(np.arange(0, last + 1, stride), last)).astype(np.intp)


def extended(image: F64, side: int) -> F64:
    """The image, repeated at its lower and right border up to one patch where it is smaller."""
    return np.pad(image, [(0, max(side - n, 0)) for n in image.shape], mode="edge")


def taken(image: F64, rows: NDArray[np.intp], columns: NDArray[np.intp], side: int) -> F64:
    """The patches that start at every row and column, as rows × columns × side × side."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (side, side))
    patches: F64 = windows[np.ix_(rows, columns)]
    return patches


class Overlap:
    """The mean of the patches that cover a pixel."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._total, self._count = np.zeros(shape), np.zeros(shape)

    def add(self, patches: F64, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> None:
        """Lay down rows × columns × side × side patches at their starts."""
        for y, x in np.ndindex(patches.shape[2:]):
            place = np.ix_(rows + y, columns + x)
            self._total[place] += patches[:, :, y, x]
            self._count[place] += 1

    def mean(self) -> F64:
        """The image; 0 where no patch lies."""
        return self._total / np.maximum(self._count, 1)
