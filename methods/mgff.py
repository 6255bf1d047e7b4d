"""Multi-scale guided filter fusion."""

from __future__ import annotations

import numpy as np

from fusionbench import method

from ._classical import F64, Classical

LEVELS = 4
RADIUS = 9
EPS = 1000.0


@method(
    "mgff",
    title="MGFF",
    family="multi-scale",
    groups=("baselines", "classical"),
    paper="Multi-scale guided image and video fusion: A fast and efficient approach",
    authors="Durga Prasad Bavirisetti, Gang Xiao, Junhao Zhao, Ravindra Dhuli, Gang Liu",
    year=2019,
    venue="Circuits, Systems, and Signal Processing 38",
    doi="10.1007/s00034-019-01131-z",
)
class Mgff(Classical):
    """Four levels of guided filtering, each image smoothed under the guidance of the other.

    Level: ``a_ir = GF(guide ir, input vis)``, ``a_vis = GF(guide vis, input ir)`` with radius 9 and
    eps 1000, details ``d = image - a``, weight ``|d_ir| / (|d_ir| + |d_vis|)``; the next level
    starts from a. Fused: all weighted details and the mean of the last a. Where both details are
    0 the weight is 1/2 (the authors' program divides 0 by 0 there and writes a black pixel).
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        from ._classical.filters import guided
        from ._classical.rules import share

        fused = np.zeros_like(ir)
        for _ in range(LEVELS):
            ir_base, vis_base = guided(ir, vis, RADIUS, EPS), guided(vis, ir, RADIUS, EPS)
            ir_detail, vis_detail = ir - ir_base, vis - vis_base
            weight = share(np.abs(ir_detail), np.abs(vis_detail))
            fused += weight * ir_detail + (1 - weight) * vis_detail
            ir, vis = ir_base, vis_base
        return fused + (ir + vis) / 2
