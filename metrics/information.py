"""Information theory: entropy of the fused image and what it shares with the sources.

All are computed from exact counts of the 256 grey levels; 0 log 0 = 0.
"""

from __future__ import annotations

import math
from typing import Any, Literal

from fusionbench import Plane, Triple, metric
from fusionbench.primitives import Array, histogram, joint_histogram, namespace, weighted_logs

Base = Literal["2", "e"]
UNIT = {"2": math.log(2.0), "e": 1.0}

QU: dict[str, Any] = {
    "paper": "Information measure for performance of image fusion",
    "authors": "G. Qu, D. Zhang, P. Yan",
    "year": 2002,
    "venue": "Electronics Letters 38(7)",
    "doi": "10.1049/el:20020212",
}


@metric(
    "EN",
    title="Entropy",
    better="higher",
    low=0.0,
    high=8.0,
    sources=False,
    groups=("core", "information"),
    textbook=True,
    paper="Assessment of image fusion procedures using entropy, image quality, and multispectral "
    "classification",
    authors="J. Wesley Roberts, Jan A. van Aardt, Fethi Babikker Ahmed",
    year=2008,
    venue="Journal of Applied Remote Sensing 2(1)",
    doi="10.1117/1.2945910",
)
def en(triple: Triple) -> Array:
    """Entropy in bits: H(F) = -Σ p_k log2 p_k over the 256 grey levels; 0 for a constant image."""
    return triple.fused.remember(_entropy) / UNIT["2"]


@metric(
    "MI",
    title="Mutual information",
    better="higher",
    low=0.0,
    high=16.0,
    groups=("core", "information"),
    **QU,
)
def mi(triple: Triple, *, base: Base, merge_top: bool) -> Array:
    """Mutual information: I(A;F) + I(B;F), with I(X;F) = H(X) + H(F) - H(X,F).

    Args:
        triple: The images.
        base: Base of the logarithm: ``2`` (bits) or ``e`` (nats).
        merge_top: Count levels 254 and 255 as one in H(X,F) alone, as code does that adds 1 to a
            saturating uint8 image; the sum can then exceed H(X) + H(F).
    """
    joint = triple.both(_joint_entropy, merge_top)
    fused = triple.fused.remember(_entropy)
    total = sum(
        source.remember(_entropy) + fused - both
        for source, both in zip((triple.ir, triple.vis), joint, strict=True)
    )
    return total / UNIT[base]


@metric(
    "NMI",
    title="Normalised mutual information",
    better="higher",
    low=0.0,
    high=4.0,
    groups=("information",),
    **QU,
)
def nmi(triple: Triple) -> Array:
    """Mutual information over the sources' entropy: 2 (I(A;F) + I(B;F)) / (H(A) + H(B)).

    NaN where both sources are constant.
    """
    (ir, ir_shared), (vis, vis_shared) = triple.both(_shared)
    return _ratio(2 * (ir_shared + vis_shared), ir + vis)


@metric(
    "Q_MI",
    title="Normalised mutual information of Hossny",
    better="higher",
    low=0.0,
    high=2.0,
    groups=("information",),
    paper="Comments on 'Information measure for performance of image fusion'",
    authors="M. Hossny, S. Nahavandi, D. Creighton",
    year=2008,
    venue="Electronics Letters 44(18)",
    doi="10.1049/el:20081754",
)
def q_mi(triple: Triple) -> Array:
    """Mutual information, each normalised: 2 (I(A;F) / (H(A)+H(F)) + I(B;F) / (H(B)+H(F))).

    NaN where a source and the fused image are both constant. Stretching the grey levels first, as
    published code does, keeps distinct levels distinct and changes nothing.
    """
    fused = triple.fused.remember(_entropy)
    (ir, ir_shared), (vis, vis_shared) = triple.both(_shared)
    return 2 * (_ratio(ir_shared, ir + fused) + _ratio(vis_shared, vis + fused))


@metric(
    "CE",
    title="Cross entropy",
    better="lower",
    low=-math.inf,
    high=math.inf,
    groups=("information",),
    paper="Image fusion of visible and thermal images for fruit detection",
    authors="D. M. Bulanon, T. F. Burks, V. Alchanatis",
    year=2009,
    venue="Biosystems Engineering 103(1)",
    doi="10.1016/j.biosystemseng.2009.02.009",
)
def ce(triple: Triple) -> Array:
    """Cross entropy in bits: (D(A,F) + D(B,F)) / 2 with D(X,F) = Σ p_X log2(p_X / p_F).

    The sum runs over the grey levels that occur in both images, so that it can be negative.
    """
    ir, vis = triple.both(_divergence)
    return (ir + vis) / (2 * UNIT["2"])


def _divergence(source: Plane, fused: Plane) -> Array:
    """Σ p ln(p / q) over the levels that occur in both images."""
    p, q = source.remember(_histogram), fused.remember(_histogram)
    xp = namespace(p)
    both = (p > 0) & (q > 0)
    ratio = xp.where(both, p, 1.0) / xp.where(both, q, 1.0)
    return xp.sum(p * xp.log(ratio), axis=-1) / source.pixels


def _shared(source: Plane, fused: Plane) -> tuple[Array, Array]:
    """H(X) and I(X;F) in nats."""
    alone = source.remember(_entropy)
    joint = _joint_entropy(source, fused, False)
    return alone, alone + fused.remember(_entropy) - joint


def _ratio(part: Array, whole: Array) -> Array:
    xp = namespace(whole)
    some = whole > 0
    return xp.where(some, part / xp.where(some, whole, 1.0), math.nan)


def _entropy(plane: Plane) -> Array:
    return _nats(plane.remember(_histogram), plane.pixels, 1)


def _histogram(plane: Plane) -> Array:
    return histogram(plane.u8)


def _joint_entropy(source: Plane, fused: Plane, merge_top: bool) -> Array:
    counts = joint_histogram(source.u8, fused.u8)
    if merge_top:
        counts = _merged(_merged(counts), transposed=True)
    return _nats(counts, source.pixels, 2)


def _merged(counts: Array, transposed: bool = False) -> Array:
    """The counts with the last two columns (or rows) added into one."""
    xp = namespace(counts)
    if transposed:
        return xp.concat(
            [counts[..., :254, :], counts[..., 254:, :].sum(-2)[..., None, :]], axis=-2
        )
    return xp.concat([counts[..., :254], counts[..., 254:].sum(-1)[..., None]], axis=-1)


def _nats(counts: Array, pixels: int, axes: int) -> Array:
    """Entropy in nats of counts that add up to ``pixels``: ln N - (Σ c ln c) / N."""
    return math.log(pixels) - weighted_logs(counts, axes) / pixels
