"""Fusion by sparse representation."""

from __future__ import annotations

import numpy as np

from fusionbench import method

from ._classical import F64, Classical

SIDE = 8
STRIDE = 2
ATOMS = 16
TOLERANCE = 0.05
MOST = 24


@method(
    "sr",
    title="SR",
    family="sparse",
    groups=("baselines", "classical"),
    paper="Multifocus image fusion and restoration with sparse representation",
    authors="Bin Yang, Shutao Li",
    year=2010,
    venue="IEEE Transactions on Instrumentation and Measurement 59(4)",
    doi="10.1109/TIM.2009.2026612",
)
class Sr(Classical):
    """8 × 8 patches (stride 2) over a 64 × 256 cosine dictionary; the code of larger L1 norm wins.

    A patch on 0..1, less its mean, is coded by orthogonal matching pursuit up to a residual norm
    of 0.05 (1.6 levels root mean square) or 24 atoms. The patch of the winner (ties infrared) is
    its approximation plus its mean; overlapping patches are averaged. An image fused with itself
    loses what the tolerance allows. Stride, tolerance and the treatment of means are this suite's.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        from ._classical.patches import Overlap, extended, starts

        height, width = ir.shape
        ir, vis = extended(ir / 255, SIDE), extended(vis / 255, SIDE)
        rows, columns = (starts(n, SIDE, STRIDE) for n in ir.shape)
        (ir_fit, ir_norm), (vis_fit, vis_norm) = (_coded(x, rows, columns) for x in (ir, vis))
        fits = np.where((ir_norm >= vis_norm)[:, None], ir_fit, vis_fit)
        image = Overlap(ir.shape)
        image.add(fits.reshape(len(rows), len(columns), SIDE, SIDE), rows, columns)
        return 255 * image.mean()[:height, :width]


def _coded(image: F64, rows: np.ndarray, columns: np.ndarray) -> tuple[F64, F64]:
    """Approximated patches, N×64, and the L1 norms of their codes."""
    from ._classical.patches import cosine_dictionary, pursue, taken

    patches = taken(image, rows, columns, SIDE).reshape(-1, SIDE**2)
    means = patches.mean(axis=1, keepdims=True)
    fits, norms = pursue(patches - means, cosine_dictionary(SIDE, ATOMS), TOLERANCE, MOST)
    return fits + means, norms
