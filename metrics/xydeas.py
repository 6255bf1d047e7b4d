"""Gradient preservation after Xydeas and Petrović."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from fusionbench import Plane, Triple, metric
from fusionbench.primitives import Array, as_float, namespace, rounded_sobel, sobel, totals

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
    paper="C. S. Xydeas, V. Petrović, Objective image fusion performance measure, Electronics "
    "Letters",
    year=2000,
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


def _product(strength: Array, alike: Array, first: Sigmoid, second: Sigmoid) -> Array:
    """S(G) S(A) with one division."""
    exp = namespace(strength).exp
    (gain, steep, middle), (gain2, steep2, middle2) = first, second
    below = 1 + exp(steep * middle - steep * strength)
    return gain * gain2 / (below * (1 + exp(steep2 * middle2 - steep2 * alike)))


def _slopes(plane: Plane, peak: int) -> tuple[Array, Array]:
    if peak == 1:
        return rounded_sobel(plane.u8, "zero", "running")
    across, down = sobel(plane.u8, "zero")
    return as_float(across), as_float(down)


def _edges(plane: Plane, peak: int) -> tuple[Array, Array]:
    """Sobel magnitude and direction."""
    across, down = _slopes(plane, peak)
    xp = namespace(across)
    flat = across == 0
    direction = xp.where(flat, math.pi / 2, xp.atan(-down / xp.where(flat, 1.0, across)))
    return xp.sqrt(across * across + down * down), direction


def _preserved(
    source: Plane, fused: Plane, peak: int, strength: Sigmoid, direction: Sigmoid
) -> tuple[Array, Array]:
    """Σ Q g and Σ g of one source."""

    def formula(gx: Array, ax: Array, gf: Array, af: Array) -> tuple[Array, Array]:
        xp = namespace(gx)
        low, high = xp.minimum(gx, gf), xp.maximum(gx, gf)
        kept = xp.where(low == high, gf, low / xp.where(high > 0, high, 1.0))
        alike = 1 - xp.abs(ax - af) * (2 / math.pi)
        return _product(kept, alike, strength, direction) * gx, gx

    quality, weight = totals(formula, *source.remember(_edges, peak), *fused.remember(_edges, peak))
    return quality, weight


def _never_flat(plane: Plane, peak: int) -> tuple[Array, Array]:
    """Sobel magnitude and direction with 10⁻⁵ in place of 0."""
    across, down = _slopes(plane, peak)
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
            alike = xp.abs(xp.abs(a - af) - math.pi / 2) * (2 / math.pi)
            parts = parts + _product(kept, alike, strength, direction) * g
        return (parts / (ga + gb),)

    planes = (triple.ir, triple.vis, triple.fused)
    (total,) = totals(formula, *(m for p in planes for m in p.remember(_never_flat, peak)))
    return total / triple.fused.pixels
