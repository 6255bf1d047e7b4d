"""Fusion by fourth-order partial differential equations and principal components."""

from __future__ import annotations

import numpy as np

from fusionbench import method

from ._classical import F64, Classical, to_bytes

ITERATIONS = 15
STEP = 0.9
K = 4.0


@method(
    "fpde",
    title="FPDE",
    family="filter",
    groups=("baselines", "classical"),
    paper="Multi-sensor image fusion based on fourth order partial differential equations",
    authors="Durga Prasad Bavirisetti, Gang Xiao, Gang Liu",
    year=2017,
    venue="International Conference on Information Fusion (FUSION)",
    doi="10.23919/ICIF.2017.8009719",
    notes="Where both details have nearly the same variance and a small negative covariance, the "
    "principal component has two signs and the weights, divided by their small sum, grow far "
    "beyond 1: noise of the files then shows (VIFB's walking2 is such a pair).",
)
class Fpde(Classical):
    """A fourth-order diffusion splits each image into a base A (in bytes) and a detail D.

    15 times ``x -= 0.9 (G_x G_x (c p) + G_y G_y (c q))`` with ``p = G_x G_x x``,
    ``q = G_y G_y x``, ``c = 1 / (1 + (p² + q²) / 4²)`` and central differences G. Fused:
    ``u1 D_ir + u2 D_vis + round(A_ir / 2) + round(A_vis / 2)`` with the Karhunen-Loève weights u
    of the two details; the two roundings can move a pixel up by one level.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        from ._classical.rules import kl_weights

        ir_base, vis_base = to_bytes(_diffused(ir)), to_bytes(_diffused(vis))
        ir_detail, vis_detail = ir - ir_base, vis - vis_base
        u1, u2 = kl_weights(ir_detail, vis_detail)
        base = to_bytes(ir_base / 2) + to_bytes(vis_base / 2)
        return u1 * ir_detail + u2 * vis_detail + base


def _diffused(image: F64) -> F64:
    for _ in range(ITERATIONS):
        p, q = _second(image, 1), _second(image, 0)
        c = 1 / (1 + (p**2 + q**2) / K**2)
        image = image - STEP * (_second(c * p, 1) + _second(c * q, 0))
    return image


def _second(image: F64, axis: int) -> F64:
    """Central differences twice along an axis; an axis of one pixel does not vary."""
    if image.shape[axis] < 2:
        return np.zeros_like(image)
    twice: F64 = np.gradient(np.gradient(image, axis=axis), axis=axis)
    return twice
