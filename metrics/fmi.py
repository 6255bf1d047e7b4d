"""Feature mutual information, in its fast form: of edges, DCT and wavelet coefficients."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fusionbench import Plane, Triple, metric
from fusionbench.primitives import Array, as_float, features, namespace, sobel, totals

Feature = Literal["edge", "none"]
Floats = NDArray[np.float64]
TINY = 100 * 2.0**-52

FAST_FMI: dict[str, Any] = {
    "paper": "Fast-FMI: non-reference image fusion metric",
    "authors": "M. Haghighat, M. A. Razian",
    "year": 2014,
    "venue": "International Conference on Application of Information and Communication "
    "Technologies (AICT)",
    "doi": "10.1109/ICAICT.2014.7036000",
}


@metric(
    "FMI_pixel",
    title="Feature mutual information (as called: edges)",
    better="higher",
    low=0.0,
    high=1.0,
    groups=("information", "feature"),
    **FAST_FMI,
)
def fmi_pixel(triple: Triple, *, feature: Feature) -> Array:
    """Mutual information of features in 3×3 windows: the mean of (M(A,F) + M(B,F)) / 2.

    In each window the features, less their minimum, are made distributions p and q over nine places
    (uniform where the window is flat). Their joint distribution is the mixture of independence and
    the extreme (Fréchet) distribution that has their Pearson correlation, and
    M = 2 (H(p) + H(q) - H(p,q)) / (H(p) + H(q)); 1 for equal windows and for two flat ones.

    Args:
        triple: The images.
        feature: ``edge``: the thinned Sobel edges that published code takes when called without a
            feature; ``none``: the grey levels.
    """
    return _mean(triple, "edges" if feature == "edge" else "pixels")


@metric(
    "FMI_dct",
    title="Feature mutual information of DCT coefficients",
    better="higher",
    low=0.0,
    high=1.0,
    groups=("information", "feature"),
    **FAST_FMI,
)
def fmi_dct(triple: Triple) -> Array:
    """Mutual information of DCT coefficients: the mean of (M(A,F) + M(B,F)) / 2.

    As ``FMI_pixel``, of the coefficients of the orthonormal DCT of the whole image.
    """
    return _mean(triple, "dct")


@metric(
    "FMI_w",
    title="Feature mutual information of wavelet coefficients",
    better="higher",
    low=0.0,
    high=1.0,
    groups=("information", "feature"),
    **FAST_FMI,
)
def fmi_w(triple: Triple) -> Array:
    """Mutual information of wavelet coefficients: the mean of (M(A,F) + M(B,F)) / 2.

    As ``FMI_pixel``, of one level of the discrete Meyer transform, [cA cH; cV cD] scaled to [0, 1].
    The filter is the Meyer scaling function's, cut to 102 taps; the image is mirrored at its
    border. Flat areas have no wavelet coefficients but rounding residue, which counts like any
    other: an image with large saturated areas has no well-defined value.
    """
    return _mean(triple, "wavelet")


def _mean(triple: Triple, kind: str) -> Array:
    if min(triple.fused.shape[-2:]) < 3:
        return triple.fused.f64[..., 0, 0] * math.nan
    return sum(triple.both(_source_mean, kind)) / 2


def _source_mean(source: Plane, fused: Plane, kind: str) -> Array:
    """The mean of M over all windows of one source."""
    taps = _taps(source.remember(_features, kind)), _taps(fused.remember(_features, kind))
    (total,) = totals(_shared, *taps[0], *taps[1])
    return total / (taps[0][0].shape[-2] * taps[0][0].shape[-1])


def _features(plane: Plane, kind: str) -> Array:
    if kind == "edges":
        return _edges(plane)
    return (
        plane.f64 if kind == "pixels" else features(plane.f64, _dct if kind == "dct" else _wavelet)
    )


def _taps(image: Array) -> list[Array]:
    """The nine places of every 3×3 window, column by column."""
    height, width = (side - 2 for side in image.shape[-2:])
    return [image[..., r : r + height, c : c + width] for c in range(3) for r in range(3)]


def _shared(*taps: Array) -> tuple[Array]:
    """M of each window from the nine places of both images."""
    a, f = taps[:9], taps[9:]
    xp = namespace(a[0])
    (p, flat_p), (q, flat_q) = _distribution(a), _distribution(f)
    joint = _joint_entropy(p, q)
    alone = _entropy(p) + _entropy(q)
    value = xp.where(alone > 0, 2 * (alone - joint) / xp.where(alone > 0, alone, 1.0), 0.0)
    same = flat_p & flat_q
    equal = a[0] == f[0]
    for x, y in zip(a[1:], f[1:], strict=True):
        equal = equal & (x == y)
    return (xp.where(same | equal, 1.0, value),)


def _distribution(places: tuple[Array, ...]) -> tuple[list[Array], Array]:
    """The distribution over the places, and whether it is uniform because they are equal."""
    xp = namespace(places[0])
    low = high = places[0]
    for place in places[1:]:
        low, high = xp.minimum(low, place), xp.maximum(high, place)
    flat = low == high
    whole = sum(place - low for place in places)
    whole = xp.where(flat, 1.0, whole)
    return [xp.where(flat, 1 / 9, (place - low) / whole) for place in places], flat


def _log(value: Array) -> Array:
    """log2 |v|, 0 where v = 0."""
    xp = namespace(value)
    return xp.log2(xp.where(value != 0, xp.abs(value), 1.0))


def _entropy(p: list[Array]) -> Array:
    return -sum(x * _log(x) for x in p)


def _spread(p: list[Array]) -> Array:
    """Variance of the place, numbered 1 to 9."""
    mean = sum(i * x for i, x in enumerate(p, 1))
    return sum(i * i * x for i, x in enumerate(p, 1)) - mean * mean


def _correlation(p: list[Array], q: list[Array]) -> Array:
    """Pearson's r of the nine probabilities; 0 where one is uniform."""
    xp = namespace(p[0])
    dp, dq = ([x - 1 / 9 for x in d] for d in (p, q))
    scale = xp.sqrt(sum(x * x for x in dp) * sum(x * x for x in dq))
    product = sum(x * y for x, y in zip(dp, dq, strict=True))
    return xp.where(scale > 0, product / xp.where(scale > 0, scale, 1.0), 0.0)


def _cumulated(p: list[Array]) -> list[Array]:
    sums = [p[0]]
    for x in p[1:]:
        sums.append(sums[-1] + x)
    return sums


def _joint_entropy(p: list[Array], q: list[Array]) -> Array:
    """H(p,q). Where the mixture leaves [0, 1], log2 |v| is taken, as MATLAB's real part is."""
    xp = namespace(p[0])
    r = _correlation(p, q)
    extreme, covariance = _extreme(_cumulated(p), _cumulated(q), r >= 0)
    scale = xp.sqrt(abs(_spread(p) * _spread(q)))
    part = xp.where(covariance == 0, 0.0, r * scale / xp.where(covariance == 0, 1.0, covariance))
    entropy: Array = 0.0
    for i, x in enumerate(p):
        rest = (1 - part) * x
        for k, y in enumerate(q):
            joint = part * extreme[i][k] + rest * y
            entropy = entropy - joint * _log(joint)
    return entropy


def _extreme(p: list[Array], q: list[Array], upper: Array) -> tuple[list[list[Array]], Array]:
    """The extreme joint distribution of two cumulated ones, and its covariance.

    Cumulated it is min(P, Q) where ``upper``, else max(P + Q - 1, 0).
    """
    xp = namespace(upper)
    covariance: Array = 0.0
    above: list[Array] = [0.0] * 10
    masses = []
    for x in p:
        row: list[Array] = [0.0]
        for y in q:
            both = x + y - 1
            bound = xp.where(upper, xp.minimum(x, y), xp.where(both > 0, both, 0.0))
            covariance = covariance + (bound - x * y)
            row.append(bound)
        masses.append([row[k] - row[k - 1] - (above[k] - above[k - 1]) for k in range(1, 10)])
        above = row
    return masses, covariance


def _edges(plane: Plane) -> Array:
    """Thinned Sobel edges: local maxima of the squared magnitude above four times its mean."""
    across, down = (part * 0.125 for part in sobel(plane.f64, "replicate"))
    xp = namespace(across)
    power = across * across + down * down
    cut = 4 * xp.mean(power, axis=(-2, -1))[..., None, None]
    wide, tall = xp.abs(across), xp.abs(down)
    peak_across = (wide >= tall - TINY) & _peak(power, -1)
    peak_down = (tall >= wide - TINY) & _peak(power, -2)
    return as_float((power > cut) & (peak_across | peak_down))


def _peak(power: Array, axis: int) -> Array:
    """Not less than the place before and more than the place after; zeros lie outside."""
    xp = namespace(power)
    nothing = xp.zeros_like(xp.take(power, xp.asarray([0]), axis=axis))
    along = xp.concat([nothing, power, nothing], axis=axis)
    size = power.shape[axis]
    before, after = (
        along[..., s : s + size] if axis == -1 else along[..., s : s + size, :] for s in (0, 2)
    )
    return (before <= power) & (power > after)


def _dct(image: Floats) -> Floats:
    from scipy.fft import dctn

    coefficients: Floats = dctn(image, norm="ortho")
    return coefficients


def _wavelet(image: Floats) -> Floats:
    import pywt

    approximation, details = pywt.dwt2(image, _meyer(), mode="symmetric")
    across, down, diagonal = details
    all_four: Floats = np.block([[approximation, across], [down, diagonal]])
    low, high = float(all_four.min()), float(all_four.max())
    scaled: Floats = (all_four - low) / (high - low if high > low else 1.0)
    return scaled


@cache
def _meyer() -> Any:
    """The discrete Meyer wavelet: h_n = √2/π ∫ cos(π/2 ν(3ω/π - 1)) cos(nω) dω over 0..π, |n| ≤ 50.

    ν(x) = x⁴ (35 - 84x + 70x² - 20x³) between 0 and 1, constant outside.
    """
    import pywt

    omega = (np.arange(2**14) + 0.5) / 2**14 * np.pi
    x = np.clip(3 * omega / np.pi - 1, 0, 1)
    response = np.cos(np.pi / 2 * x**4 * (35 - 84 * x + 70 * x**2 - 20 * x**3))
    taps = [np.sqrt(2) * np.mean(response * np.cos(n * omega)) for n in range(-50, 51)]
    return pywt.Wavelet("meyer102", filter_bank=pywt.orthogonal_filter_bank([*taps[::-1], 0.0]))
