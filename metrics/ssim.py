"""Structural similarity of the fused image to each source, at one scale and at five."""

from __future__ import annotations

import math
from typing import Literal

from fusionbench import Plane, Triple, metric
from fusionbench.primitives import (
    Array,
    Border,
    Window,
    at_least,
    halved,
    mapped,
    smooth,
    smooth_product,
    totals,
)

from .mef import mef_ssim, multi_scale

Combine = Literal["sum", "mean"]
K1, K2 = 0.01, 0.03
WANG = Window("gaussian", 11, 1.5, "valid")
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


@metric(
    "SSIM",
    title="Structural similarity",
    better="higher",
    low=-2.0,
    high=2.0,
    groups=("core", "structure"),
    paper="Image quality assessment: from error visibility to structural similarity",
    authors="Zhou Wang, Alan C. Bovik, Hamid R. Sheikh, Eero P. Simoncelli",
    year=2004,
    venue="IEEE Transactions on Image Processing 13(4)",
    doi="10.1109/TIP.2003.819861",
)
def ssim(
    triple: Triple,
    *,
    form: Literal["wang", "mef"],
    window: Literal["gaussian", "uniform"],
    size: int,
    sigma: float,
    border: Border,
    peak: float,
    sample: bool,
    combine: Combine,
) -> Array:
    """Structural similarity: the mean over all windows of a product of three comparisons.

    For each source X: (2 μx μf + C1)(2 σxf + C2) / ((μx² + μf² + C1)(σx² + σf² + C2)), with
    C1 = (0.01 L)² and C2 = (0.03 L)².

    Args:
        triple: The images, taken in 0..255 whatever ``peak`` is.
        form: ``wang``: as above. ``mef``: ``MEF-SSIM``, which old tables call SSIM; its own
            constants take the place of the parameters below.
        window: ``gaussian`` or ``uniform`` weights.
        size: Side of the window in pixels.
        sigma: Standard deviation of the Gaussian in pixels.
        border: What lies outside the image (see :data:`fusionbench.primitives.Border`).
        peak: L, the dynamic range that the constants assume.
        sample: Divide variances by n-1 in place of n, for a uniform window of n pixels.
        combine: ``sum`` (-2..2) or ``mean`` (-1..1) of the two sources.

    Returns:
        The similarity; NaN where a valid window does not fit into the image.
    """
    if form == "mef":
        return mef_ssim(triple)
    shape = Window(window, size, sigma, border)
    factor = size**2 / (size**2 - 1) if sample else 1.0
    ir, vis = triple.both(_similarity, shape, 0, peak, factor, True)
    return ir + vis if combine == "sum" else (ir + vis) / 2


@metric(
    "MS-SSIM",
    title="Multi-scale structural similarity",
    better="higher",
    low=0.0,
    high=2.0,
    groups=("structure",),
    paper="Multi-scale structural similarity for image quality assessment",
    authors="Zhou Wang, Eero P. Simoncelli, Alan C. Bovik",
    year=2003,
    venue="Asilomar Conference on Signals, Systems and Computers",
    doi="10.1109/ACSSC.2003.1292216",
)
def ms_ssim(
    triple: Triple, *, form: Literal["wang", "mef"], peak: float, combine: Combine
) -> Array:
    """Multi-scale structural similarity: for each source X, Π_s q_s^w_s over five scales.

    q_s is the mean over all 11×11 Gaussian windows (sigma 1.5) of the contrast and structure term
    (2 σxf + C2) / (σx² + σf² + C2), at the last scale of the whole similarity (see ``SSIM``), and 0
    where negative; w = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333). Each scale is the mean of 2×2
    blocks of the one before; where a side is odd, a line of zeros lies before the first.

    Args:
        triple: The images.
        form: ``wang``: as above. ``mef``: what Tang's code calls MS-SSIM, three scales of
            ``MEF-SSIM`` with the weights (0.0448, 0.2856, 0.3001) / 0.6305, to which the two
            parameters below do not apply; NaN where a scale's similarity is not positive.
        peak: L, the dynamic range that the constants assume.
        combine: ``sum`` (0..2) or ``mean`` (0..1) of the two sources.

    Returns:
        The similarity; NaN where ``wang`` finds a side of 160 pixels or less.
    """
    if form == "mef":
        return multi_scale(triple)
    if min(triple.fused.shape[-2:]) <= 16 * (WANG.size - 1):
        return triple.fused.f64[..., 0, 0] * math.nan
    ir, vis = triple.both(_multi_scale, peak)
    return ir + vis if combine == "sum" else (ir + vis) / 2


def _image(plane: Plane, scale: int) -> Array:
    """The plane at a scale; at scale 0 less its offset, so that variances lose fewer digits."""
    if scale == 0:
        return plane.centred
    return halved(plane.f64 if scale == 1 else plane.remember(_image, scale - 1))


def _mean(plane: Plane, window: Window, scale: int) -> Array:
    return smooth(plane.remember(_image, scale), window)


def _variance(plane: Plane, window: Window, scale: int) -> Array:
    image = plane.remember(_image, scale)
    power, mean = smooth_product(image, image, window), plane.remember(_mean, window, scale)
    return mapped(lambda p, m: (p - m * m,), power, mean)[0]


def _similarity(
    source: Plane,
    fused: Plane,
    window: Window,
    scale: int,
    peak: float,
    factor: float,
    luminance: bool,
) -> Array:
    """The mean similarity of one source, with or without the luminance term."""
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    offsets = (source.offset, fused.offset) if scale == 0 else (0.0, 0.0)

    def similarity(x: Array, f: Array, vx: Array, vf: Array, xf: Array) -> tuple[Array]:
        top = (xf - x * f) * (2 * factor) + c2
        bottom = vx + vf + c2 if factor == 1 else (vx + vf) * factor + c2
        if luminance:
            mx, mf = x + offsets[0], f + offsets[1]
            top = top * (mx * mf * 2 + c1)
            bottom = bottom * (mx * mx + mf * mf + c1)
        return (top / bottom,)

    maps = [
        plane.remember(moment, window, scale)
        for moment in (_mean, _variance)
        for plane in (source, fused)
    ]
    images = source.remember(_image, scale), fused.remember(_image, scale)
    product = smooth_product(*images, window)
    (total,) = totals(similarity, *maps, product)
    return total / (product.shape[-2] * product.shape[-1] or math.nan)


def _multi_scale(source: Plane, fused: Plane, peak: float) -> Array:
    product: Array = 1.0
    for scale, weight in enumerate(WEIGHTS):
        last = scale == len(WEIGHTS) - 1
        value = _similarity(source, fused, WANG, scale, peak, 1.0, last)
        product = product * at_least(value, 0.0) ** weight
    return product
