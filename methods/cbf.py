"""Fusion by the cross bilateral filter."""

from __future__ import annotations

import numpy as np

from fusionbench import method

from ._classical import F64, Classical

RADIUS = 5
SPATIAL = 1.8
RANGE = 25.0
SIGNIFICANCE_WINDOW = 5


@method(
    "cbf",
    title="CBF",
    family="filter",
    groups=("baselines", "classical"),
    paper="Image fusion based on pixel significance using cross bilateral filter",
    authors="B. K. Shreyamsha Kumar",
    year=2015,
    venue="Signal, Image and Video Processing 9(5)",
    doi="10.1007/s11760-013-0556-9",
)
class Cbf(Classical):
    """``(w_ir ir + w_vis vis) / (w_ir + w_vis)`` with weights from cross-bilateral details.

    Detail: an image minus itself filtered under the other's guidance (11 × 11, spatial sigma 1.8,
    range sigma 25 levels, mirror border). Weight: over the 5 × 5 window of the detail, the sum of
    the 5 column variances and the 5 row variances.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        ir_weight = _significance(ir - _cross_bilateral(ir, vis))
        vis_weight = _significance(vis - _cross_bilateral(vis, ir))
        return (ir * ir_weight + vis * vis_weight) / (ir_weight + vis_weight)


def _cross_bilateral(image: F64, guide: F64) -> F64:
    from ._classical.filters import pad

    height, width = image.shape
    images, guides = pad(image, RADIUS, "mirror"), pad(guide, RADIUS, "mirror")
    total, weights = np.zeros_like(image), np.zeros_like(image)
    offsets = range(-RADIUS, RADIUS + 1)
    for y, x in ((y, x) for y in offsets for x in offsets):
        part = np.s_[RADIUS + y : RADIUS + y + height, RADIUS + x : RADIUS + x + width]
        near = -(y * y + x * x) / (2 * SPATIAL**2)
        weight = np.exp(near - (guides[part] - guide) ** 2 / (2 * RANGE**2))
        total += weight * images[part]
        weights += weight
    return total / weights


def _significance(detail: F64) -> F64:
    """The sum of the variances along the columns and along the rows of a window (divisor n - 1)."""
    from ._classical.filters import pad

    n, around = SIGNIFICANCE_WINDOW, SIGNIFICANCE_WINDOW // 2
    windows = np.lib.stride_tricks.sliding_window_view
    padded = pad(detail, around, "mirror")
    by_column = windows(padded, n, axis=0).var(axis=-1, ddof=1)
    by_row = windows(padded, n, axis=1).var(axis=-1, ddof=1)
    total = windows(by_column, n, axis=1).sum(axis=-1) + windows(by_row, n, axis=0).sum(axis=-1)
    significance: F64 = np.maximum(total, np.finfo(np.float64).eps)
    return significance
