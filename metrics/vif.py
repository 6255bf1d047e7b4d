"""Visual information fidelity in the pixel domain."""

from __future__ import annotations

import math
from typing import Literal

from fusionbench import Plane, Triple, metric
from fusionbench.primitives import (
    Array,
    Window,
    at_least,
    log_totals,
    mapped,
    namespace,
    smooth,
    smooth_product,
)

Combine = Literal["sum", "mean"]
SCALES = 4
TINY = 1e-10
FUSION_NOISE = 0.005 * 255.0**2


@metric(
    "VIF",
    title="Visual information fidelity",
    better="higher",
    low=0.0,
    high=math.inf,
    groups=("core", "perception"),
    paper="Image information and visual quality",
    authors="Hamid R. Sheikh, Alan C. Bovik",
    year=2006,
    venue="IEEE Transactions on Image Processing 15(2)",
    doi="10.1109/TIP.2005.859378",
)
def vif(triple: Triple, *, noise: float, saturate: bool, combine: Combine) -> Array:
    """Visual information fidelity in the pixel domain, from each source X to the fused image F.

    Σ log(1 + g² σx² / (σv² + σn²)) / Σ log(1 + σx² / σn²) over all windows of four scales, with
    g = σxf / σx² and σv² = σf² - g σxf. Scale s = 1..4 uses a Gaussian window of N = 17, 9, 5, 3
    pixels and sigma N/5, where it fits; each scale after the first is the one before it, filtered
    with the new window and halved.

    Args:
        triple: The images, in 0..255.
        noise: σn², the variance of the visual noise.
        saturate: Clip squares and products of grey levels at 255 at the first scale, as MATLAB does
            on integer images.
        combine: ``sum`` or ``mean`` of the two sources.

    Returns:
        The fidelity; 1 for each source that equals the fused image, above 1 where contrast was
        enhanced, NaN where the sources are constant or no window fits.
    """
    ir, vis = triple.both(_fidelity, noise, saturate)
    return ir + vis if combine == "sum" else (ir + vis) / 2


def _window(scale: int) -> Window:
    size = 2 ** (SCALES - scale) + 1
    return Window("gaussian", size, size / 5, "valid")


def _image(plane: Plane, scale: int, saturate: bool) -> Array:
    """The image at a scale, 0 being the finest; an offset does not matter unless squares clip."""
    if scale == 0:
        return plane.f64 if saturate else plane.centred
    finer = plane.remember(_image, scale - 1, False)
    return smooth(finer, _window(scale))[..., ::2, ::2]


def _mean(plane: Plane, scale: int, saturate: bool) -> Array:
    return smooth(plane.remember(_image, scale, saturate), _window(scale))


def _products(first: Plane, second: Plane, scale: int, saturate: bool) -> Array:
    """The local mean of the product of two images."""
    images = first.remember(_image, scale, saturate), second.remember(_image, scale, saturate)
    if saturate:
        clipped = 255.0 - at_least(255.0 - images[0] * images[1], 0.0)
        return smooth(clipped, _window(scale))
    return smooth_product(*images, _window(scale))


def _variance(plane: Plane, scale: int, saturate: bool) -> Array:
    """The local variance, 0 where rounding residue is all there is."""

    def variance(mean: Array, power: Array) -> tuple[Array]:
        value = power - mean * mean
        return (value * (value >= TINY),)

    power = _products(plane, plane, scale, saturate)
    return mapped(variance, plane.remember(_mean, scale, saturate), power)[0]


def _inverse(plane: Plane, scale: int, saturate: bool) -> Array:
    """1 / σ², 0 where σ² is."""
    variance = plane.remember(_variance, scale, saturate)
    return mapped(lambda v: ((v > 0) / (v + TINY),), variance)[0]


def _moments(source: Plane, fused: Plane, scale: int, saturate: bool) -> tuple[Array, ...]:
    """Local μx, σx², 1/σx², the mean of X F, μf and σf²."""
    return (
        source.remember(_mean, scale, saturate),
        source.remember(_variance, scale, saturate),
        source.remember(_inverse, scale, saturate),
        _products(source, fused, scale, saturate),
        fused.remember(_mean, scale, saturate),
        fused.remember(_variance, scale, saturate),
    )


def _signal(
    noise: float, strict: bool, mx: Array, vx: Array, ix: Array, xf: Array, mf: Array, vf: Array
) -> tuple[Array, Array]:
    """The gain g and the signal-to-noise ratio g² σx² / (σv² + σn²), 0 where nothing is kept.

    Where σf² is 0 the covariance is rounding residue, whose square counts for nothing; ``strict``
    makes it 0, for code that compares gains or whose clipped squares allow σf² to be less.
    """
    covariance = at_least(xf - mx * mf, 0.0)
    if strict:
        covariance = covariance * (vf > 0)
    gain = covariance * ix
    left = at_least(vf - gain * covariance, TINY)
    return gain, gain * gain * vx / (left + noise)


def _fidelity(source: Plane, fused: Plane, noise: float, saturate: bool) -> Array:
    scales = [(scale, saturate and scale == 0) for scale in range(SCALES)]
    kept = sum(_kept(source, fused, noise, *scale) for scale in scales)
    offered = sum(source.remember(_offered, noise, *scale) for scale in scales)
    xp = namespace(offered)
    return xp.where(offered > 0, kept / xp.where(offered > 0, offered, 1.0), math.nan)


def _offered(source: Plane, noise: float, scale: int, saturate: bool) -> Array:
    """Σ ln(1 + σx² / σn²) of one scale."""
    variance = source.remember(_variance, scale, saturate)
    return log_totals(lambda v: (1 + v / noise,), variance)[0]


def _kept(source: Plane, fused: Plane, noise: float, scale: int, saturate: bool) -> Array:
    """Σ ln(1 + g² σx² / (σv² + σn²)) of one scale."""
    maps = _moments(source, fused, scale, saturate)
    return log_totals(lambda *m: (1 + _signal(noise, saturate, *m)[1],), *maps)[0]


@metric(
    "VIFF",
    title="Visual information fidelity for fusion",
    better="higher",
    low=0.0,
    high=math.inf,
    groups=("perception",),
    paper="A new image fusion performance metric based on visual information fidelity",
    authors="Yu Han, Yunze Cai, Yin Cao, Xiaoming Xu",
    year=2013,
    venue="Information Fusion 14(2)",
    doi="10.1016/j.inffus.2011.08.002",
)
def viff(triple: Triple) -> Array:
    """Visual information fidelity for fusion: Σ_s p_s Σ(N_s + 10⁻⁷) / Σ(D_s + 10⁻⁷).

    N = log10(1 + g² σx² / (σv² + σn²)) and D = log10(1 + σx² / σn²) as in ``VIF``, with
    σn² = 0.005·255²; each pixel takes them from the source with the smaller g (the visible one
    where they are equal). The scales' weights are p = (1, 0, 0.15, 1) / 2.15.

    Returns:
        The fidelity; NaN where a scale has no pixels (images below about 41×41).
    """
    scales = [_fused_scale(triple, scale) for scale in range(SCALES)]
    return (scales[0] + 0 * scales[1] + 0.15 * scales[2] + scales[3]) / 2.15


def _fused_scale(triple: Triple, scale: int) -> Array:
    """Σ(N + 10⁻⁷) / Σ(D + 10⁻⁷) of one scale."""
    ir, vis = (_moments(source, triple.fused, scale, False) for source in (triple.ir, triple.vis))

    def chosen(*maps: Array) -> tuple[Array, Array]:
        a, b, f = maps[:4], maps[4:8], maps[8:]
        gain_a, kept_a = _signal(FUSION_NOISE, True, *a, *f)
        gain_b, kept_b = _signal(FUSION_NOISE, True, *b, *f)
        xp, first = namespace(gain_a), gain_a < gain_b
        variance = xp.where(first, a[1], b[1])
        return 1 + xp.where(first, kept_a, kept_b), 1 + variance / FUSION_NOISE

    kept, offered = log_totals(chosen, *ir[:4], *vis)
    tiny = 1e-7 * math.log(10) * ir[0].shape[-2] * ir[0].shape[-1]
    return (kept + tiny) / (offered + tiny) if tiny else kept * math.nan
