"""Hybrid multi-scale fusion (Zhou 2016): texture D_k and edges E_k of a visible and infrared image.

With M_k a smoothed and ML_k an edge-preserving copy of the image, ``D_k = M_{k-1} - ML_k`` and
``E_k = ML_k - M_k``. Both fusers of the family differ only in the two filters, the strength of the
infrared (lambda) and the level-1 rule, which asks for the perceived contrast of an image: a model
of the eye's contrast sensitivity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import F64
from .rules import larger

BLOCK = 40
CYCLES = 16.0


def perceived_contrast(image: F64) -> float:
    """The mean block contrast of an H×W image in levels, weighted by squared Sobel gradients.

    Of each 40 × 40 block, ``e = sqrt(Σ |F m|²) / pixels`` with the centred Fourier transform F and
    the sensitivity ``m = 2.6 (0.0192 + 0.114 r) exp(-(0.114 r)^1.1)`` at r cycles (16 at
    Nyquist). An image smaller than a block is one block; one without gradients has contrast 0.
    """
    gradient = _sobel(image)
    inner = image[1:-1, 1:-1] if min(image.shape) > 2 else image
    contrast = weight = 0.0
    for block in _blocks(inner.shape):
        energy = float(np.sum(gradient[block] ** 2))
        contrast += energy * _block_contrast(inner[block])
        weight += energy
    return contrast / weight if weight > 0 else 0.0


def _blocks(shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    rows, columns = (max(n // BLOCK, 1) for n in shape)
    starts = [(y * BLOCK, x * BLOCK) for y in range(rows) for x in range(columns)]
    return [(slice(y, y + BLOCK), slice(x, x + BLOCK)) for y, x in starts]


def _block_contrast(block: F64) -> float:
    y, x = (np.fft.fftfreq(n) * 2 * CYCLES for n in block.shape)
    r = 0.114 * np.hypot(y[:, None], x[None, :])
    sensitivity = 2.6 * (0.0192 + r) * np.exp(-(r**1.1))
    seen = np.abs(np.fft.fft2(block)) * sensitivity
    return float(np.sqrt(np.sum(seen**2)) / block.size)


def _sobel(image: F64) -> F64:
    """Gradient magnitude where the 3 × 3 window fits; zeros where no window fits."""
    if min(image.shape) < 3:
        return np.zeros_like(image)
    rows = image[:-2] + 2 * image[1:-1] + image[2:]
    columns = image[:, :-2] + 2 * image[:, 1:-1] + image[:, 2:]
    return np.hypot(rows[:, 2:] - rows[:, :-2], columns[2:] - columns[:-2])


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
