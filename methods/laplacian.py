"""Laplacian pyramid fusion (Burt and Adelson 1983; Burt 1984)."""

from __future__ import annotations

import operator

from fusionbench import method

from ._classical import F64, Classical


@method(
    "laplacian",
    title="Laplacian pyramid",
    family="multi-scale",
    groups=("baselines", "classical"),
    paper="The Laplacian Pyramid as a Compact Image Code",
    authors="Peter J. Burt, Edward H. Adelson",
    year=1983,
    venue="IEEE Transactions on Communications 31(4)",
    doi="10.1109/TCOM.1983.1095851",
)
class Laplacian(Classical):
    """Four levels, 5-tap binomial filter, mirror border; details by magnitude, base by mean.

    Detail ``D_k = G_k - expand(G_{k+1})``, G_0 the image. Details are chosen by the larger
    magnitude in 3 × 3, with a majority vote of the 3 × 3 neighbours (Li, Manjunath and Mitra
    1995); the coarsest levels are averaged.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        from ._classical import pyramid

        return pyramid.fuse(ir, vis, operator.sub, operator.add)
