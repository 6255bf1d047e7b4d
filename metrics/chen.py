"""Perceptual quality after Chen and Blum (Qcb) and Chen and Varshney (Qcv)."""

from __future__ import annotations

import math
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fusionbench import Plane, Triple, metric
from fusionbench.primitives import (
    Array,
    as_float,
    like,
    namespace,
    padded_blocks,
    separable,
    sobel,
    totals,
)

Floats = NDArray[np.float64]
BLOCK = 16


@metric(
    "Qcb",
    title="Chen-Blum quality",
    better="higher",
    low=0.0,
    high=1.0,
    groups=("perception",),
    paper="A new automated quality assessment algorithm for image fusion",
    authors="Yin Chen, Rick S. Blum",
    year=2009,
    venue="Image and Vision Computing 27(10)",
    doi="10.1016/j.imavis.2007.12.002",
)
def qcb(triple: Triple) -> Array:
    """How well the contrasts that an eye sees are preserved: the mean of λ_A Q_A + λ_B Q_B.

    Each image is stretched to 0..255, rounded, and filtered in the frequency domain with
    exp(-(r/15.387)²) - 0.7622 exp(-(r/1.3456)²), r in cycles per 30th of the frame. Its contrast is
    C = |G₂/G₄ - 1|, G_σ a 31×31 Gaussian mean without normalisation and with zeros outside, masked
    as C' = C³ / (C² + 10⁻⁴). Q_X = min(C'_X, C'_F) / max(C'_X, C'_F) and
    λ_A = C'_A² / (C'_A² + C'_B²).

    Returns:
        The quality; NaN where an image is constant.
    """
    planes = (triple.ir, triple.vis, triple.fused)
    (total,) = totals(_quality, *(plane.remember(_contrast) for plane in planes))
    return total / triple.fused.pixels


@metric(
    "Qcv",
    title="Chen-Varshney quality",
    better="lower",
    low=0.0,
    high=math.inf,
    groups=("perception",),
    paper="A human perception inspired quality metric for image fusion based on regional "
    "information",
    authors="Hao Chen, Pramod K. Varshney",
    year=2007,
    venue="Information Fusion 8(2)",
    doi="10.1016/j.inffus.2005.10.001",
)
def qcv(triple: Triple) -> Array:
    """Visible difference, weighted by salience: Σ(λ_A D_A + λ_B D_B) / Σ(λ_A + λ_B) over blocks.

    Each image is stretched to 0..255 and rounded. In every 16×16 block (zeros to the right and
    below), λ is the sum of the fifth power of a source's Sobel magnitude (zeros outside the image)
    and D the mean square of the difference X - F, filtered in the frequency domain with
    2.6 (0.0192 + 0.144 r) exp(-(0.144 r)^1.1), r in cycles per 8th of the frame.

    Returns:
        The difference; 0 where all images are equal, NaN where an image is constant.
    """
    (ir, ir_weight), (vis, vis_weight) = triple.both(_difference)
    weight = ir_weight + vis_weight
    xp = namespace(weight)
    return xp.where(weight > 0, (ir + vis) / xp.where(weight > 0, weight, 1.0), math.nan)


def _stretched(plane: Plane) -> Array:
    """The levels stretched to 0..255 and rounded half up; NaN for a constant image."""
    xp = namespace(plane.f64)
    low, high = (f(plane.f64, axis=(-2, -1))[..., None, None] for f in (xp.min, xp.max))
    spread = xp.where(high > low, high - low, math.nan)
    return xp.floor((plane.f64 - low) / spread * 255 + 0.5)


def _ratio(part: Array, whole: Array) -> Array:
    xp = namespace(whole)
    return xp.where(whole == 0, math.nan, part / xp.where(whole == 0, 1.0, whole))


def _quality(a: Array, b: Array, f: Array) -> tuple[Array]:
    xp = namespace(f)
    kept = [_ratio(xp.minimum(x, f), xp.maximum(x, f)) for x in (a, b)]
    share = _ratio(a * a, a * a + b * b)
    return (share * kept[0] + (1 - share) * kept[1],)


def _contrast(plane: Plane) -> Array:
    """C' of a plane."""
    seen = _filtered(_stretched(plane), "blum")
    near, far = (separable(seen, w, w, "zero") for w in (_gaussian(2.0), _gaussian(4.0)))
    contrast = namespace(near).abs(_ratio(near, far) - 1)
    return contrast**3 / (contrast**2 + 1e-4)


@cache
def _gaussian(sigma: float) -> Floats:
    place = np.arange(-15, 16)
    weights: Floats = np.exp(-(place**2) / (2 * sigma**2)) / (math.sqrt(2 * math.pi) * sigma)
    return weights


def _filtered(image: Array, name: Literal["blum", "mannos"]) -> Array:
    xp = namespace(image)
    response = like(_response(image.shape[-2], image.shape[-1], name), image)
    return xp.real(xp.fft.ifftn(xp.fft.fftn(image, axes=(-2, -1)) * response, axes=(-2, -1)))


@cache
def _response(height: int, width: int, name: str) -> Floats:
    """The contrast sensitivity at each frequency, the frequency 0 first."""
    frame = 30.0 if name == "blum" else 8.0
    across, down = (np.fft.fftfreq(n) * 2 * n / frame for n in (width, height))
    r = np.hypot(across[None, :], down[:, None])
    response: Floats
    if name == "blum":
        response = np.exp(-((r / 15.387) ** 2)) - 0.7622 * np.exp(-((r / 1.3456) ** 2))
    else:
        response = 2.6 * (0.0192 + 0.144 * r) * np.exp(-((0.144 * r) ** 1.1))
    response.flags.writeable = False
    return response


def _salience(plane: Plane) -> Array:
    """λ of each block."""
    across, down = (as_float(part) for part in sobel(_stretched(plane), "zero"))
    power = across * across + down * down
    return padded_blocks(power * power * namespace(power).sqrt(power), BLOCK)


def _difference(source: Plane, fused: Plane) -> tuple[Array, Array]:
    """Σ λ D and Σ λ over the blocks of one source."""
    difference = source.remember(_stretched) - fused.remember(_stretched)
    square = padded_blocks(_filtered(difference, "mannos") ** 2, BLOCK) / BLOCK**2
    weight = source.remember(_salience)
    xp = namespace(weight)
    return xp.sum(weight * square, axis=(-2, -1)), xp.sum(weight, axis=(-2, -1))
