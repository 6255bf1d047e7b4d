"""Fusion rules that several fusers share."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from . import F64

T = TypeVar("T", np.float64, np.complex128)


def kl_weights(ir: F64, vis: F64) -> tuple[float, float]:
    """Karhunen-Loève weights: the main axis of the two flattened images, scaled to sum 1.

    Images whose main axis has no sum (or that do not vary) get 1/2 each.
    """
    covariance = np.cov(ir.ravel(), vis.ravel()) if ir.size > 1 else np.zeros((2, 2))
    axis = np.linalg.eigh(covariance)[1][:, -1]
    if not covariance.any() or abs(axis.sum()) < 1e-12:
        return 0.5, 0.5
    weights = axis / axis.sum()
    return float(weights[0]), float(weights[1])


def share(ir: F64, vis: F64) -> F64:
    """``ir / (ir + vis)`` of two activities that are not negative; 1/2 where both are 0."""
    total = ir + vis
    return np.divide(ir, total, out=np.full_like(total, 0.5), where=total > 0)


def larger(ir: F64, vis: F64) -> F64:
    """The value of larger magnitude; ties are infrared's."""
    return np.where(np.abs(ir) >= np.abs(vis), ir, vis)


def chosen(ir: NDArray[T], vis: NDArray[T]) -> NDArray[T]:
    """Choose-max with consistency: real or complex bands H×W by magnitude.

    The activity is the largest magnitude in 3 × 3; the infrared is taken where more than 4 of the
    9 votes around a pixel find its activity larger. Borders are mirrored by one pixel.
    """
    from scipy.ndimage import maximum_filter, uniform_filter

    active = [
        maximum_filter(np.pad(np.abs(band), 1, mode="reflect"), 3, mode="constant")
        for band in (ir, vis)
    ]
    votes = uniform_filter((active[0] > active[1]).astype(np.float64), 3, mode="constant") * 9
    return np.where(votes[1:-1, 1:-1] > 4.5, ir, vis)
