"""Structural similarity to the best that could be fused from both sources (MEF-SSIM)."""

from __future__ import annotations

import math

import numpy as np

from fusionbench import Triple, metric
from fusionbench.primitives import Array, Window, at_least, namespace, separable, smooth, totals

SIZE = 11
GAUSSIAN = Window("gaussian", SIZE, 1.5, "valid")
UNIFORM = Window("uniform", SIZE, 1.0, "valid")
C = (0.03 * 255.0) ** 2
HALF = np.array([0.0, 0.5, 0.5])
EPS = 2.0**-52
WEIGHTS = (0.0448, 0.2856, 0.3001)


@metric(
    "MEF-SSIM",
    title="Multi-exposure fusion structural similarity",
    better="higher",
    low=-1.0,
    high=1.0,
    groups=("structure",),
    paper="Perceptual quality assessment for multi-exposure image fusion",
    authors="Kede Ma, Kai Zeng, Zhou Wang",
    year=2015,
    venue="IEEE Transactions on Image Processing 24(11)",
    doi="10.1109/TIP.2015.2442920",
)
def mef_ssim(triple: Triple) -> Array:
    """Structural similarity to the desired patch, averaged over all 11×11 windows.

    The desired patch r̂ has the higher contrast of both sources, c = max c_k, and a structure
    weighted by contrast, s ∝ Σ w_k x̃_k / c_k with x̃_k the patch less its mean and
    w_k ∝ (c_k / 11)^p, p = min(tan(π R / 2), 10). R = ‖Σ x̃_k‖ / Σ ‖x̃_k‖ says how consistent the
    sources are. The value is (2 σ_r̂f + C2) / (σ_r̂² + σ_f² + C2), C2 = (0.03·255)²; luminance is
    not compared. The last variances are Gaussian-weighted (sigma 1.5), all else is not.

    Returns:
        The similarity; NaN where the image is smaller than the window.
    """
    return _similarity([p.centred for p in (triple.ir, triple.vis, triple.fused)])


def _halved(image: Array) -> Array:
    """The means of 2×2 blocks, mirrored at the border where a side is odd."""
    return separable(image, HALF, HALF, "symmetric")[..., ::2, ::2]


def multi_scale(triple: Triple) -> Array:
    """Π_s q_s^w_s, ``MEF-SSIM`` of three scales with w = (.0448, .2856, .3001) / .6305."""
    images = [plane.centred for plane in (triple.ir, triple.vis, triple.fused)]
    product: Array = 1.0
    for weight in WEIGHTS:
        value = _similarity(images)
        xp = namespace(images[0])
        power = xp.where(value > 0, value, math.nan) ** (weight / sum(WEIGHTS))
        product = product * power
        images = [_halved(image) for image in images]
    return product


def _similarity(images: list[Array]) -> Array:
    a, b, f = images
    sources = [a, b, a * a, b * b, a * b]
    uniform = [smooth(m, UNIFORM) for m in sources]
    gaussian = [smooth(m, GAUSSIAN) for m in (*sources, f, f * f, a * f, b * f)]
    (total,) = totals(_map, *uniform, *gaussian)
    count = uniform[0].shape[-2] * uniform[0].shape[-1]
    return total / count if count else total * math.nan


def _map(*maps: Array) -> tuple[Array]:
    """The similarity of each window from its uniform and its Gaussian moments."""
    ua, ub, uaa, ubb, uab, ma, mb, maa, mbb, mab, mf, mff, maf, mbf = maps
    xp = namespace(ua)
    va, vb, vab = maa - ma * ma, mbb - mb * mb, mab - ma * mb
    na, nb, nab = uaa - ua * ua, ubb - ub * ub, uab - ua * ub
    ca, cb = (SIZE * xp.sqrt(at_least(v, 0.0)) + 0.001 for v in (na, nb))
    power = _exponent(na, nb, nab)
    wa, wb = (ca / SIZE) ** power + EPS, (cb / SIZE) ** power + EPS
    ka, kb = wa / (wa + wb) / ca, wb / (wa + wb) / cb
    norm = SIZE * xp.sqrt(at_least(ka * ka * na + kb * kb * nb + 2 * ka * kb * nab, 0.0))
    stretch = xp.where(norm > 0, xp.maximum(ca, cb) / xp.where(norm > 0, norm, 1.0), 1.0)
    variance = stretch**2 * (ka * ka * va + kb * kb * vb + 2 * ka * kb * vab)
    covariance = stretch * (ka * (maf - ma * mf) + kb * (mbf - mb * mf))
    return ((2 * covariance + C) / (variance + mff - mf * mf + C),)


def _exponent(va: Array, vb: Array, vab: Array) -> Array:
    """The exponent p = min(tan(π R / 2), 10)."""
    xp = namespace(va)
    sa, sb, sab = (SIZE * xp.sqrt(at_least(v, 0.0)) for v in (va, vb, va + vb + 2 * vab))
    ratio = (sab + EPS) / (sa + sb + EPS)
    ratio = xp.where(ratio > 1, 1 - EPS, ratio)
    power = xp.tan(math.pi / 2 * ratio)
    return xp.where(power > 10, 10.0, power)
