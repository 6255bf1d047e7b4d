"""Fusion artefacts and lost information after Petrović, with Kumar's count of artefacts."""

from __future__ import annotations

import math
from typing import Literal

from fusionbench import Plane, Sources, Triple, metric
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

THRESHOLD, EXPONENT, LEAST = 2.0, 1.5, 0.001
STRENGTH = (0.9999, 19.0, 0.5)
DIRECTION = (0.9995, 22.0, 0.5)


@metric(
    "Nabf",
    title="Fusion artefacts",
    better="lower",
    low=0.0,
    high=1.0,
    groups=("gradient",),
    paper="Multifocus and multispectral image fusion based on pixel significance using discrete "
    "cosine harmonic wavelet transform",
    authors="B. K. Shreyamsha Kumar",
    year=2013,
    venue="Signal, Image and Video Processing 7(6)",
    doi="10.1007/s11760-012-0361-x",
)
def nabf(triple: Triple, *, peak: Literal[1, 255], ir_as_fused: bool) -> Array:
    """Gradients that no source has: Σ' ((1-Q_A) w_A + (1-Q_B) w_B) / Σ(w_A + w_B).

    Σ' runs over the pixels with g_F > g_A and g_F > g_B. g is the Sobel magnitude over 8 (the image
    mirrored about its border pixels) and α = atan(s_x / s_y) its direction, 0 where g is 0. For
    each source X: Q_X = sqrt(Q_g Q_α), with Q_g = 0.9999 / (1 + exp(-19 (G - 0.5))),
    G = min(g_X, g_F) / max(g_X, g_F) (0 where one is 0), Q_α = 0.9995 / (1 + exp(-22 (A - 0.5)))
    and A = | |α_X - α_F| - π/2 | / (π/2). The weight w is g^1.5 where g ≥ 2, else 0.001.

    Args:
        triple: The images.
        peak: Grey levels run over 0..peak: 255, or 1 for images divided by 255. With 1 no gradient
            reaches the threshold, and rounding makes some equal gradients unequal (see
            :func:`fusionbench.primitives.rounded_sobel`).
        ir_as_fused: Judge the infrared image as the fusion of the visible and the fused image, as
            published code does that passes its arguments in the wrong order.
    """
    return _parts(triple, peak, ir_as_fused)[0]


@metric(
    "Labf",
    title="Lost information",
    better="lower",
    low=0.0,
    high=1.0,
    groups=("gradient",),
    paper="Objective image fusion performance characterisation",
    authors="Vladimir Petrović, Costas Xydeas",
    year=2005,
    venue="IEEE International Conference on Computer Vision (ICCV)",
    doi="10.1109/ICCV.2005.175",
)
def labf(triple: Triple, *, peak: Literal[1, 255]) -> Array:
    """Gradients lost from the sources: Σ'' ((1-Q_A) w_A + (1-Q_B) w_B) / Σ(w_A + w_B).

    Σ'' runs over the pixels that ``Nabf`` leaves out, with g_F ≤ g_A or g_F ≤ g_B; all else is as
    there.

    Args:
        triple: The images.
        peak: Grey levels run over 0..peak: 255, or 1 for images divided by 255.
    """
    return _parts(triple, peak, False)[1]


def _parts(triple: Triple, peak: Literal[1, 255], ir_as_fused: bool) -> tuple[Array, Array]:
    if ir_as_fused:
        return _added_and_lost(Sources(triple.vis, triple.fused), triple.ir, peak)
    return _added_and_lost(triple.sources, triple.fused, peak)


def _edges(plane: Plane, peak: Literal[1, 255]) -> tuple[Array, Array]:
    """Sobel magnitude over 8 and direction."""

    def edges(across: Array, down: Array) -> tuple[Array, Array]:
        x, y = as_float(across), as_float(down)
        return namespace(x).sqrt(x * x + y * y) / 8, slope_angle(across, down)

    if peak == 1:
        slopes = rounded_sobel(plane.u8, "reflect", "columns")
    else:
        slopes = sobel(plane.u8, "reflect")
    magnitude, direction = mapped(edges, *slopes)
    return magnitude, direction


def _kept(gx: Array, ax: Array, gf: Array, af: Array) -> Array:
    """Q, how well the fused image keeps a source's gradient."""
    xp = namespace(gx)
    high = xp.maximum(gx, gf)
    strength = xp.minimum(gx, gf) / (high + (high == 0))
    alike = xp.abs(xp.abs(ax - af) - math.pi / 2) * (2 / math.pi)
    (gain, steep, middle), (gain2, steep2, middle2) = STRENGTH, DIRECTION
    below = 1 + exp(strength * -steep + steep * middle)
    return xp.sqrt(gain * gain2 / (below * (1 + exp(alike * -steep2 + steep2 * middle2))))


def _added_and_lost(sources: Sources, fused: Plane, peak: Literal[1, 255]) -> tuple[Array, Array]:
    """``Nabf`` and ``Labf``."""

    def formula(
        ga: Array, aa: Array, gb: Array, ab: Array, gf: Array, af: Array
    ) -> tuple[Array, ...]:
        xp = namespace(gf)
        lost: Array = 0.0
        whole: Array = 0.0
        for g, a in ((ga, aa), (gb, ab)):
            weight = xp.where(g >= THRESHOLD, g * xp.sqrt(g), LEAST)
            lost = lost + (1 - _kept(g, a, gf, af)) * weight
            whole = whole + weight
        added = (gf > ga) & (gf > gb)
        return xp.where(added, lost, 0.0), xp.where(added, 0.0, lost), whole

    planes = (sources.ir, sources.vis, fused)
    added, lost, whole = totals(formula, *(m for p in planes for m in p.remember(_edges, peak)))
    return added / whole, lost / whole
