"""Pixel errors between the fused image and the sources: MSE, RMSE, PSNR."""

from __future__ import annotations

import math
from typing import Any, Literal

from fusionbench import Plane, Triple, metric
from fusionbench.primitives import Array, dot, namespace

Root = Literal["mean", "norm"]
Peak = Literal["full", "fused"]

REVIEW: dict[str, Any] = {
    "paper": "A review of quality metrics for fused image",
    "authors": "P. Jagalingam, Arkal Vittal Hegde",
    "year": 2015,
    "venue": "Aquatic Procedia 4",
    "doi": "10.1016/j.aqpro.2015.02.019",
}


@metric(
    "MSE",
    title="Mean squared error",
    better="lower",
    low=0.0,
    high=65025.0,
    groups=("error",),
    textbook=True,
    **REVIEW,
)
def mse(triple: Triple, *, peak: float) -> Array:
    """Mean squared error: (MSE(A,F) + MSE(B,F)) / 2 with MSE(X,F) = Σ (X - F)² / N.

    Args:
        triple: The images.
        peak: Grey levels run over 0..peak: 255, or 1 for images divided by 255.
    """
    return _mean_square(triple) * (peak / 255.0) ** 2


@metric(
    "RMSE",
    title="Root mean squared error",
    better="lower",
    low=0.0,
    high=255.0,
    groups=("error",),
    textbook=True,
    **REVIEW,
)
def rmse(triple: Triple, *, root: Root) -> Array:
    """Root mean squared error: (E(A,F) + E(B,F)) / 2, E(X,F) = sqrt(Σ (X - F)² / N).

    Args:
        triple: The images.
        root: ``mean``: as above; ``norm``: E(X,F) = sqrt(Σ (X - F)²) / N, as VIFB computes it.
    """
    return _mean_root(triple, root)


@metric(
    "PSNR",
    title="Peak signal-to-noise ratio",
    better="higher",
    low=0.0,
    high=math.inf,
    groups=("error",),
    textbook=True,
    **REVIEW,
)
def psnr(triple: Triple, *, peak: Peak, levels: float, root: Root) -> Array:
    """Peak signal-to-noise ratio in dB: 10 log10(P² / E); infinite where all images are equal.

    Args:
        triple: The images.
        peak: P: ``full``: 255; ``fused``: the fused image's maximum.
        levels: Take the error of grey levels in 0..levels. With 1 beside P = 255, as published code
            has it, the value is 48.13 dB too high.
        root: E: ``mean``: the mean of both mean squared errors; ``norm``: the mean of
            sqrt(Σ (X - F)²) / N, which VIFB takes for it.
    """
    if root == "mean":
        error = _mean_square(triple) * (levels / 255.0) ** 2
    else:
        error = _mean_root(triple, root) * (levels / 255.0)
    xp = namespace(error)
    top = triple.fused.remember(_maximum) if peak == "fused" else xp.full_like(error, 255.0)
    ratio = top**2 / xp.where(error > 0, error, 1.0)
    decibel = 10 * xp.log10(xp.where(ratio > 0, ratio, 1.0))
    return xp.where(error > 0, xp.where(ratio > 0, decibel, -math.inf), math.inf)


def _maximum(plane: Plane) -> Array:
    xp = namespace(plane.f64)
    return xp.max(plane.f64, axis=(-2, -1))


def _mean_square(triple: Triple) -> Array:
    ir, vis = triple.both(_squares)
    return (ir + vis) / (2 * triple.fused.pixels)


def _mean_root(triple: Triple, root: Root) -> Array:
    pixels = triple.fused.pixels
    ir, vis = triple.both(_squares)
    xp = namespace(ir)
    return (xp.sqrt(ir) + xp.sqrt(vis)) / (2 * (pixels if root == "norm" else math.sqrt(pixels)))


def _squares(source: Plane, fused: Plane) -> Array:
    """Σ (X - F)², exactly."""
    difference = source.f64 - fused.f64
    return dot(difference, difference)
