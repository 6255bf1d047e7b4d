"""Pyramids of low-pass images: the skeleton of the Laplacian, ratio and contrast pyramids.

Four levels, 5-tap binomial filter, mirror border; an odd side is extended by one mirrored row or
column before it is halved. An image too small for four levels (a side under 3) gets fewer.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import F64
from .rules import chosen

LEVELS = 4
TAPS = np.array([1, 4, 6, 4, 1]) / 16


def fuse(
    ir: F64,
    vis: F64,
    band: Callable[[F64, F64], F64],
    unband: Callable[[F64, F64], F64],
) -> F64:
    """Fuse bands by larger magnitude with consistency, the coarsest images by their mean.

    Args:
        ir: H×W.
        vis: H×W.
        band: From an image and its expanded coarser copy to the band.
        unband: From a band and the expanded coarser image back to the image.
    """
    bands = []
    for _ in range(LEVELS):
        if min(ir.shape) < 3:
            break
        (ir_band, ir), (vis_band, vis) = _split(ir, band), _split(vis, band)
        bands.append(chosen(ir_band, vis_band))
    fused = (ir + vis) / 2
    for fused_band in reversed(bands):
        fused = unband(fused_band, _expand(fused, fused_band.shape))
    return fused


def _split(image: F64, band: Callable[[F64, F64], F64]) -> tuple[F64, F64]:
    from .filters import separable

    even = np.pad(image, [(0, n % 2) for n in image.shape], mode="reflect")
    smaller = np.ascontiguousarray(separable(even, TAPS, "mirror")[::2, ::2])
    return band(image, _expand(smaller, image.shape)), smaller


def _expand(image: F64, size: tuple[int, ...]) -> F64:
    """Insert zeros between the pixels and smooth with twice the gain along each axis."""
    from .filters import separable

    grown = np.zeros([2 * n for n in image.shape])
    grown[::2, ::2] = image
    return separable(grown, 2 * TAPS, "mirror")[: size[0], : size[1]]
