"""Hybrid multi-scale fusion (Zhou 2016): texture D_k and edges E_k of a visible and infrared image.

With M_k a smoothed and ML_k an edge-preserving copy of the image, ``D_k = M_{k-1} - ML_k`` and
``E_k = ML_k - M_k``. Both fusers of the family differ only in the two filters, the strength of the
infrared (lambda) and the level-1 rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .base import F64
from .rules import larger

BASE_SIGMA = 64.0
LEVELS = 4


@dataclass(frozen=True)
class Layers:
    """D_1..D_4, E_1..E_4 and the base M_4 of one image."""

    texture: list[F64]
    edges: list[F64]
    base: F64


def decompose(
    image: F64, smooth: Callable[[F64, int], F64], keep: Callable[[F64, int], F64]
) -> Layers:
    """Split an image into four levels.

    Args:
        image: H×W.
        smooth: The filter from M_{k-1} to M_k; gets the level, 0..3.
        keep: The edge-preserving filter from ML_{k-1} to ML_k; gets the level, 0..3.
    """
    texture, edges = [], []
    plain = kept = image
    for level in range(LEVELS):
        before, plain, kept = plain, smooth(plain, level), keep(kept, level)
        texture.append(before - kept)
        edges.append(kept - plain)
    return Layers(texture, edges, plain)


def fuse(ir: Layers, vis: Layers, strength: float, level_sigma: float) -> F64:
    """Fuse all but the edges and texture of level 1.

    Per level, ``R = max(|E_ir| - |E_vis|, 0)`` and
    ``C = atan(strength R / max R) / atan(strength)``; C smoothed by ``level_sigma`` (0: not at all)
    weights the infrared in E and D. C of the coarsest level, smoothed by 64 pixels, weights the
    base.
    """
    fused = np.zeros_like(ir.base)
    for level in range(LEVELS - 1, 0, -1):
        choice = _choice(ir.edges[level], vis.edges[level], strength)
        if level == LEVELS - 1:
            weight = smoothed(choice, BASE_SIGMA)
            fused += weight * ir.base + (1 - weight) * vis.base
        weight = smoothed(choice, level_sigma)
        fused += weight * (ir.edges[level] + ir.texture[level])
        fused += (1 - weight) * (vis.edges[level] + vis.texture[level])
    return fused


def finest(ir: Layers, vis: Layers, sigma: float) -> F64:
    """Level 1: edges by the smoothed choice of the larger magnitude, texture by magnitude."""
    weight = smoothed((np.abs(vis.edges[0]) < np.abs(ir.edges[0])).astype(np.float64), sigma)
    edges = weight * ir.edges[0] + (1 - weight) * vis.edges[0]
    return edges + larger(ir.texture[0], vis.texture[0])


def smoothed(image: F64, sigma: float) -> F64:
    """Gaussian of radius floor(3 sigma) with a symmetric border; a radius of 0 changes nothing."""
    from .filters import gaussian

    radius = int(3 * sigma)
    return gaussian(image, 2 * radius + 1, sigma, "symmetric") if radius else image


def _choice(ir: F64, vis: F64, strength: float) -> F64:
    excess: F64 = np.maximum(np.abs(ir) - np.abs(vis), 0)
    most = excess.max()
    choice: F64 = np.arctan(strength * excess / (most or 1.0)) / np.arctan(strength)
    return choice
