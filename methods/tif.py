"""Two-scale image fusion with saliency."""

from __future__ import annotations

import numpy as np

from fusionbench import method

from ._classical import F64, Classical

WINDOW = 35


@method(
    "tif",
    title="TIF",
    family="filter",
    groups=("baselines", "classical"),
    paper="Two-scale image fusion of visible and infrared images using saliency detection",
    authors="Durga Prasad Bavirisetti, Ravindra Dhuli",
    year=2016,
    venue="Infrared Physics & Technology 76",
    doi="10.1016/j.infrared.2016.01.009",
)
class Tif(Classical):
    """A 35 × 35 mean (circular border) splits each image into a base b and a detail d.

    Saliency ``S = (b - median3x3(image))²`` with zeros outside; fused:
    ``w d_ir + (1 - w) d_vis + (b_ir + b_vis) / 2`` with ``w = S_ir / (S_ir + S_vis)``. Where both
    saliencies are 0, w is 1/2 (the authors' program divides 0 by 0 there and writes a black
    pixel).
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        from ._classical.rules import share

        ir_base, vis_base = _base(ir), _base(vis)
        weight = share((ir_base - _median(ir)) ** 2, (vis_base - _median(vis)) ** 2)
        details = weight * (ir - ir_base) + (1 - weight) * (vis - vis_base)
        return details + (ir_base + vis_base) / 2


def _base(image: F64) -> F64:
    from ._classical.filters import mean

    around = WINDOW // 2
    height, width = image.shape
    smooth = mean(np.pad(image, around, mode="wrap"), WINDOW, "replicate")
    return smooth[around : around + height, around : around + width]


def _median(image: F64) -> F64:
    import cv2

    from ._classical.filters import pad

    median = cv2.medianBlur(pad(image, 1, "zero").astype(np.float32), 3)
    return np.asarray(median[1:-1, 1:-1], np.float64)
