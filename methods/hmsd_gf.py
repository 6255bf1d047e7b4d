"""Hybrid multi-scale fusion with guided filters, for night-vision context."""

from __future__ import annotations

import numpy as np

from fusionbench import method

from ._classical import F64, Classical

RADIUS = 2
EDGE = 0.1
SMOOTH_EPS = 10000.0
LEVEL_SIGMA = 1.0
GAIN = 275.0


@method(
    "hmsd-gf",
    title="HMSD-GF",
    family="multi-scale",
    groups=("baselines", "classical"),
    paper="Fusion of infrared and visible images for night-vision context enhancement",
    authors="Zhiqiang Zhou, Mingjie Dong, Xiaozhu Xie, Zhifeng Gao",
    year=2016,
    venue="Applied Optics 55(23)",
    doi="10.1364/AO.55.006480",
)
class HmsdGf(Classical):
    """Four levels of texture and edges by guided filters; the infrared leads where its edges do.

    Radius 2, 4, 8, 16 and eps 0.1², 0.05², ... (edge preserving) or 10000 (smooth) on 0..1. The
    infrared's strength is 100..2000 by the ratio of the perceived contrasts of both images. The
    sum is scaled by 275 as the authors' program does, so an image fused with itself comes out
    brighter by 8 %.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        from ._classical import hybrid

        ir_layers, vis_layers = (hybrid.decompose(x / 255, _smooth, _keep) for x in (ir, vis))
        fused = hybrid.fuse(ir_layers, vis_layers, _strength(ir, vis), LEVEL_SIGMA)
        return GAIN * (fused + hybrid.finest(ir_layers, vis_layers, LEVEL_SIGMA))


def _smooth(image: F64, level: int) -> F64:
    from ._classical.filters import guided

    return guided(image, image, RADIUS * 2**level, SMOOTH_EPS)


def _keep(image: F64, level: int) -> F64:
    from ._classical.filters import guided

    return guided(image, image, RADIUS * 2**level, (EDGE / 2**level) ** 2)


def _strength(ir: F64, vis: F64) -> float:
    """Lambda: 100 below a contrast ratio (ir to vis) of 0.8, 2000 above 1.6, linear between."""
    from ._classical.hybrid import perceived_contrast

    ir_contrast, vis_contrast = perceived_contrast(ir), perceived_contrast(vis)
    if vis_contrast == 0:
        return 2000.0
    return float(np.clip(2500 * ir_contrast / vis_contrast - 1900, 100, 2000))
