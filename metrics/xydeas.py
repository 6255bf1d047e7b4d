"""Gradient preservation after Xydeas and Petrović."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from fusionbench import Plane, Triple, metric
from fusionbench.primitives import (
    Array,
    as_float,
    exp,
    mapped,
    namespace,
    rounded_sobel,
    slope_angle,
    sobel,
    totals,
)

Form = Literal["xydeas", "liu"]
Sigmoid = tuple[float, float, float]
FLAT = 1e-5


@metric(
    "Qabf",
    title="Gradient-based fusion quality",
    better="higher",
    low=0.0,
    high=1.0,
    groups=("core", "gradient"),
    paper="Objective image fusion performance measure",
    authors="C. S. Xydeas, V. Petrović",
    year=2000,
    venue="Electronics Letters 36(4)",
    doi="10.1049/el:20000267",
)
def qabf(
    triple: Triple,
    *,
    form: Form,
    peak: Literal[1, 255],
    strength: Sequence[float],
    direction: Sequence[float],
) -> Array:
    """Edge information carried to the fused image: Σ(Q_A g_A + Q_B g_B) / Σ(g_A + g_B).

    g is the Sobel magnitude (zeros outside the image) and α = atan(s_y / s_x) its direction, π/2
    where s_x = 0. For each source X: G = min(g_X, g_F) / max(g_X, g_F), but G = g_F where both are
    equal; A = 1 - |α_X - α_F| / (π/2); Q = S(G) S(A) with S(x) = Γ / (1 + exp(-κ (x - σ))).

    Args:
        triple: The images.
        form: ``xydeas``: as above. ``liu``: zeros among g and s_x are replaced by 10⁻⁵, G = 1 where
            both are equal, A = | |α_X - α_F| - π/2 | / (π/2), and the value is the mean over the
            pixels of (Q_A g_A + Q_B g_B) / (g_A + g_B).
        peak: Grey levels run over 0..peak: 255, or 1 for images divided by 255. With 1 an equal
            gradient counts as lost (G = g_F is small), and rounding decides which gradients are
            equal (see :func:`fusionbench.primitives.rounded_sobel`).
        strength: Γ, κ, σ of S(G).
        direction: Γ, κ, σ of S(A).

    Returns:
        The quality; about 0.975 (not 1) where all images are equal.
    """
    sigmoids = _sigmoid(strength), _sigmoid(direction)
    if form == "liu":
        return _pixel_mean(triple, peak, *sigmoids)
    (ir, ir_weight), (vis, vis_weight) = triple.both(_preserved, peak, *sigmoids)
    weight = ir_weight + vis_weight
    xp = namespace(weight)
    return xp.where(weight > 0, (ir + vis) / xp.where(weight > 0, weight, 1.0), math.nan)


def _sigmoid(constants: Sequence[float]) -> Sigmoid:
    gain, steepness, middle = constants
    return gain, steepness, middle


def _inverse(strength: Array, turn: Array, first: Sigmoid, second: Sigmoid) -> Array:
    """1 / (S(G) S(A)) without the gains, A being 1 - turn / (π/2)."""
    (_, steep, middle), (_, steep2, middle2) = first, second
    below = 1 + exp(strength * -steep + steep * middle)
    return below * (1 + exp(turn * (steep2 * 2 / math.pi) + steep2 * (middle2 - 1)))


def _slopes(plane: Plane, peak: int) -> tuple[Array, Array]:
    if peak == 1:
        return rounded_sobel(plane.u8, "zero", "running")
    return sobel(plane.u8, "zero")


def _edges(plane: Plane, peak: int) -> tuple[Array, Array]:
    """Sobel magnitude and direction."""

    def edges(across: Array, down: Array) -> tuple[Array, Array]:
        xp = namespace(across)
        direction = xp.where(across == 0, math.pi / 2, slope_angle(-down, across))
        x, y = as_float(across), as_float(down)
        return xp.sqrt(x * x + y * y), direction

    magnitude, direction = mapped(edges, *_slopes(plane, peak))
    return magnitude, direction


def _preserved(
    source: Plane, fused: Plane, peak: int, strength: Sigmoid, direction: Sigmoid
) -> tuple[Array, Array]:
    """Σ Q g and Σ g of one source."""

    def formula(gx: Array, ax: Array, gf: Array, af: Array) -> tuple[Array, Array]:
        xp = namespace(gx)
        low, high, equal = xp.minimum(gx, gf), xp.maximum(gx, gf), gx == gf
        kept = xp.where(equal, gf, low / (high + equal))
        return gx / _inverse(kept, xp.abs(ax - af), strength, direction), gx

    quality, weight = totals(formula, *source.remember(_edges, peak), *fused.remember(_edges, peak))
    return strength[0] * direction[0] * quality, weight


def _never_flat(plane: Plane, peak: int) -> tuple[Array, Array]:
    """Sobel magnitude and direction with 10⁻⁵ in place of 0."""
    across, down = (as_float(part) for part in _slopes(plane, peak))
    xp = namespace(across)
    size = xp.sqrt(across * across + down * down)
    direction = xp.atan(-down / xp.where(across == 0, FLAT, across))
    return xp.where(size == 0, FLAT, size), direction


def _pixel_mean(triple: Triple, peak: int, strength: Sigmoid, direction: Sigmoid) -> Array:
    def formula(ga: Array, aa: Array, gb: Array, ab: Array, gf: Array, af: Array) -> tuple[Array]:
        xp = namespace(gf)
        parts: Array = 0.0
        for g, a in ((ga, aa), (gb, ab)):
            kept = xp.minimum(g, gf) / xp.maximum(g, gf)
            turn = math.pi / 2 - xp.abs(xp.abs(a - af) - math.pi / 2)
            parts = parts + g / _inverse(kept, turn, strength, direction)
        return (parts / (ga + gb),)

    planes = (triple.ir, triple.vis, triple.fused)
    (total,) = totals(formula, *(m for p in planes for m in p.remember(_never_flat, peak)))
    return strength[0] * direction[0] * total / triple.fused.pixels
