"""Dual-tree complex wavelet fusion."""

from __future__ import annotations

import numpy as np

from fusionbench import method

from ._classical import F64, Classical

LEVELS = 4
MARGIN = 64


@method(
    "dtcwt",
    title="DTCWT",
    family="multi-scale",
    groups=("baselines", "classical"),
    paper="Pixel- and region-based image fusion with complex wavelets",
    authors="John J. Lewis, Robert J. O'Callaghan, Stavri G. Nikolov, David R. Bull, "
    "Nishan Canagarajah",
    year=2007,
    venue="Information Fusion 8(2)",
    doi="10.1016/j.inffus.2005.09.006",
)
class Dtcwt(Classical):
    """Dual-tree complex wavelets, four levels; details by magnitude, base by mean.

    Filters: LeGall 5/3, then 6-tap quarter-shift; symmetric border. Of the six complex bands of a
    level the coefficient is taken whose magnitude is larger in 3 × 3, with a majority vote of the
    3 × 3 neighbours.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        from ._classical.dualtree import Transform, forward, inverse
        from ._classical.rules import chosen

        height, width = ir.shape
        ir_waves, vis_waves = (forward(_extended(image), LEVELS) for image in (ir, vis))
        pairs = zip(ir_waves.levels, vis_waves.levels, strict=True)
        levels = [tuple(chosen(a, b) for a, b in zip(*pair, strict=True)) for pair in pairs]
        fused = inverse(Transform((ir_waves.low + vis_waves.low) / 2, levels))
        return fused[MARGIN : MARGIN + height, MARGIN : MARGIN + width]


def _extended(image: F64) -> F64:
    """Mirrored by a margin on every side, and to sides that the levels divide."""
    widths = [(MARGIN, MARGIN + -n % 2**LEVELS) for n in image.shape]
    return np.pad(image, widths, mode="symmetric")
