"""Fusion by the latent low-rank representation of the images."""

from __future__ import annotations

import numpy as np

from fusionbench import method

from ._classical import F64, Classical

NOISE = 0.8


@method(
    "latlrr",
    title="LatLRR",
    family="low-rank",
    groups=("classical",),
    paper="Infrared and visible image fusion using latent low-rank representation",
    authors="Hui Li, Xiao-Jun Wu",
    year=2018,
    venue="arXiv:1804.08992",
)
class LatLrr(Classical):
    """``(P_ir + P_vis) / 2 + S_ir + S_vis`` with the principal and salient parts of each image.

    An image X in 0..1 is taken as a matrix of columns, ``X = X Z + L X + E`` with Z and L of low
    rank and a sparse E (weight 0.8); P = X Z, S = L X, both cut to 0..1. There is no dictionary
    and no training. Saliency is summed, so an image fused with itself gains contrast.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        from ._classical.patches import latent_low_rank

        fused = np.zeros_like(ir)
        for image in (ir, vis):
            parts = latent_low_rank(image / 255, NOISE)
            fused += parts.principal.clip(0, 1) / 2 + parts.salient.clip(0, 1)
        return 255 * fused
