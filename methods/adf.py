"""Fusion by anisotropic diffusion and the Karhunen-Loève transform."""

from __future__ import annotations

import numpy as np

from fusionbench import method

from ._classical import F64, Classical

ITERATIONS = 10
STEP = 0.15
KAPPA = 30.0
NEIGHBOURS = tuple((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0))


@method(
    "adf",
    title="ADF",
    family="filter",
    groups=("baselines", "classical"),
    paper="Fusion of infrared and visible sensor images based on anisotropic diffusion and "
    "Karhunen-Loeve transform",
    authors="Durga Prasad Bavirisetti, Ravindra Dhuli",
    year=2016,
    venue="IEEE Sensors Journal 16(1)",
    doi="10.1109/JSEN.2015.2478655",
)
class Adf(Classical):
    """Perona-Malik diffusion splits each image into a base A and a detail D = image - A.

    Ten times ``x += 0.15 Σ g c(d) d`` over 8 neighbours, d = neighbour - centre,
    ``c(d) = exp(-(d/30)²)``, g = 1 along the axes and 1/2 along the diagonals, 0 outside the
    image. Fused: ``u1 D_ir + u2 D_vis + (A_ir + A_vis) / 2`` with the Karhunen-Loève weights u of
    the two details.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        from ._classical.rules import kl_weights

        ir_base, vis_base = _diffused(ir), _diffused(vis)
        ir_detail, vis_detail = ir - ir_base, vis - vis_base
        u1, u2 = kl_weights(ir_detail, vis_detail)
        return u1 * ir_detail + u2 * vis_detail + (ir_base + vis_base) / 2


def _diffused(image: F64) -> F64:
    height, width = image.shape
    for _ in range(ITERATIONS):
        padded = np.pad(image, 1)
        change = np.zeros_like(image)
        for y, x in NEIGHBOURS:
            d = padded[1 + y : 1 + y + height, 1 + x : 1 + x + width] - image
            gain = 1.0 if 0 in (y, x) else 0.5
            change += gain * np.exp(-((d / KAPPA) ** 2)) * d
        image = image + STEP * change
    return image
