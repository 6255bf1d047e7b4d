"""Discrete wavelet transform fusion (Li, Manjunath and Mitra 1995)."""

from __future__ import annotations

import numpy as np

from fusionbench import method

from ._classical import F64, Classical

LEVELS = 4
WAVELET = "db1"


@method(
    "dwt",
    title="DWT",
    family="multi-scale",
    groups=("baselines", "classical"),
    paper="Multisensor Image Fusion Using the Wavelet Transform",
    authors="Hui Li, B. S. Manjunath, Sanjit K. Mitra",
    year=1995,
    venue="Graphical Models and Image Processing 57(3)",
    doi="10.1006/gmip.1995.1022",
)
class Dwt(Classical):
    """Haar wavelet, four levels, periodic border; details by magnitude, base by mean.

    Details are chosen by the larger magnitude in 3 × 3, with a majority vote of the 3 × 3
    neighbours. The transform is PyWavelets'. An image too small for four levels gets fewer.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        import pywt

        from ._classical.rules import chosen

        levels = min(LEVELS, int(np.log2(min(ir.shape))))
        (ir_base, *ir_details), (vis_base, *vis_details) = (
            pywt.wavedec2(x, WAVELET, "periodization", levels) for x in (ir, vis)
        )
        details = [
            tuple(chosen(a, b) for a, b in zip(*level, strict=True))
            for level in zip(ir_details, vis_details, strict=True)
        ]
        base = (ir_base + vis_base) / 2
        fused: F64 = pywt.waverec2([base, *details], WAVELET, "periodization")
        return fused[: ir.shape[0], : ir.shape[1]]
