"""Structural similarity that chooses between the sources, after Yang and others (Q_Y)."""

from __future__ import annotations

import math
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fusionbench import Plane, Sources, Triple, metric
from fusionbench.primitives import Array, Window, like, namespace, smooth, totals

WINDOW = Window("gaussian", 7, 1.5, "valid")
C = 2e-16
FLAT = 1e-6


@metric(
    "Q_Y",
    title="Yang's structural similarity",
    better="higher",
    low=-1.0,
    high=1.0,
    groups=("structure",),
    paper="A novel similarity based quality metric for image fusion",
    authors="C. Yang, J.-Q. Zhang, X.-R. Wang, X. Liu",
    year=2008,
    venue="Information Fusion 9(2)",
    doi="10.1016/j.inffus.2006.09.001",
)
def q_y(triple: Triple, *, flat: Literal["half", "nan"]) -> Array:
    """Similarity to the sources where they agree, to the better one where they do not.

    The mean over all 7×7 Gaussian windows (sigma 1.5) of λ S(A,F) + (1 - λ) S(B,F) where
    S(A,B) ≥ 0.75, else of max(S(A,F), S(B,F)); S is the structural similarity with
    C1 = C2 = 2·10⁻¹⁶ and λ = σ_A² / (σ_A² + σ_B²).

    Args:
        triple: The images.
        flat: λ where both sources are flat: ``half``: 1/2; ``nan``: as published code has it, which
            divides the rounding residues of the two variances. Both similarities are equal there to
            14 digits, so that 1/2 serves for their quotient too, but for windows whose residues
            cancel: 0/0, and with it the value of the image (see :func:`_residues`).

    Returns:
        The similarity; NaN where the image is smaller than the window.
    """
    planes = (triple.ir, triple.vis, triple.fused)
    moments = [m for p in planes for m in (p.remember(_mean), p.remember(_variance))]
    covariances = (triple.sources.remember(_between), *triple.both(_covariance))

    alone = [triple.sources.remember(_undivided)] if flat == "nan" else []

    def formula(*maps: Array) -> tuple[Array]:
        return (_chosen(*maps),)

    (total,) = totals(formula, *moments, *covariances, *alone)
    count = moments[0].shape[-2] * moments[0].shape[-1]
    return total / count if count else total * math.nan


def _mean(plane: Plane) -> Array:
    return smooth(plane.centred, WINDOW) + plane.offset


def _between(sources: Sources) -> Array:
    return _covariance(sources.ir, sources.vis)


def _covariance(first: Plane, second: Plane) -> Array:
    means = (plane.remember(_mean) - plane.offset for plane in (first, second))
    return smooth(first.centred * second.centred, WINDOW) - math.prod(means)


def _variance(plane: Plane) -> Array:
    """The local variance; whole grey levels that differ at all give more than FLAT."""
    variance = _covariance(plane, plane)
    return namespace(variance).where(variance > FLAT, variance, 0.0)


def _similarity(mx: Array, my: Array, vx: Array, vy: Array, covariance: Array) -> Array:
    xp = namespace(mx)
    covariance = xp.where((vx > 0) & (vy > 0), covariance, 0.0)
    top = (2 * mx * my + C) * (2 * covariance + C)
    return top / ((mx * mx + my * my + C) * (vx + vy + C))


@cache
def _residues() -> NDArray[np.float64]:
    """What is left of the variance of a flat window, for each of the 256 grey levels.

    The published code takes the weighted mean of squares less the square of the weighted mean, in
    double precision and adding up the 49 weights column by column (Octave's ``conv2``).
    """
    rows = np.arange(-3, 4)
    weights = np.exp(-(rows[:, None] ** 2 + rows**2) / (2 * 1.5**2))
    levels = np.arange(256.0)
    mean, square = np.zeros(256), np.zeros(256)
    for weight in (weights / weights.sum()).T.ravel():
        mean, square = mean + weight * levels, square + weight * levels**2
    return square - mean * mean


def _undivided(sources: Sources) -> Array:
    """λ of windows that are flat in both sources: 1/2, or NaN where the residues cancel."""
    planes = (sources.ir, sources.vis)
    means = [plane.remember(_mean) for plane in planes]
    xp = namespace(means[0])
    table = like(_residues(), means[0])
    flat, left = True, 0.0
    for plane, mean in zip(planes, means, strict=True):
        level = xp.astype(xp.round(xp.reshape(mean, (-1,))), xp.int64)
        left = left + xp.reshape(xp.take(table, level, axis=0), mean.shape)
        flat = flat & (plane.remember(_variance) <= 0)
    return xp.where(flat & (left == 0), math.nan, 0.5)


def _chosen(*maps: Array) -> Array:
    """The similarity of each window."""
    ma, va, mb, vb, mf, vf, ab, af, bf, *alone = maps
    xp = namespace(ma)
    to_a, to_b = _similarity(ma, mf, va, vf, af), _similarity(mb, mf, vb, vf, bf)
    power = va + vb
    share = va / xp.where(power > 0, power, 1.0)
    share = xp.where(power > 0, share, alone[0] if alone else 0.5)
    agree = _similarity(ma, mb, va, vb, ab) >= 0.75
    mixed, better = share * to_a + (1 - share) * to_b, xp.maximum(to_a, to_b)
    return xp.where(agree | xp.isnan(share), mixed, better)
