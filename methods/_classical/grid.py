"""The bilateral filter by a bilateral grid (Paris and Durand 2006)."""

from __future__ import annotations

import numpy as np

from .base import F64

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
