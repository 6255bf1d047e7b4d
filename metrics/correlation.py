"""Correlation of the fused image, or of what it adds to a source, with the sources."""

from __future__ import annotations

import math

from fusionbench import Plane, Sources, Triple, metric
from fusionbench.primitives import Array, dot, namespace


@metric(
    "CC",
    title="Correlation coefficient",
    better="higher",
    low=-1.0,
    high=1.0,
    groups=("correlation",),
    textbook=True,
)
def cc(triple: Triple) -> Array:
    """Correlation coefficient: (r(A,F) + r(B,F)) / 2, Pearson's r; NaN if one is flat."""
    ir, vis = triple.both(_covariance)
    fused = triple.fused.remember(_variance)
    pairs = ((triple.ir, ir), (triple.vis, vis))
    return sum(_pearson(c, x.remember(_variance), fused) for x, c in pairs) / 2


@metric(
    "SCD",
    title="Sum of the correlations of differences",
    better="higher",
    low=-2.0,
    high=2.0,
    groups=("correlation",),
    paper="A new image quality metric for image fusion: the sum of the correlations of differences",
    authors="V. Aslantas, E. Bendes",
    year=2015,
    venue="AEU - International Journal of Electronics and Communications 69(12)",
    doi="10.1016/j.aeue.2015.09.004",
)
def scd(triple: Triple) -> Array:
    """Sum of the correlations of differences: r(F - B, A) + r(F - A, B) with Pearson's r.

    NaN where a source is flat or equals the fused image up to a constant.
    """
    fused, between = triple.fused.remember(_variance), triple.sources.remember(_between)
    ir, vis = triple.both(_covariance)
    a, b = triple.ir.remember(_variance), triple.vis.remember(_variance)
    first = _pearson(ir - between, a, fused + b - 2 * vis)
    return first + _pearson(vis - between, b, fused + a - 2 * ir)


def _pearson(covariance: Array, first: Array, second: Array) -> Array:
    xp = namespace(covariance)
    some = (first > 0) & (second > 0)
    scale = xp.sqrt(xp.where(some, first, 1.0)) * xp.sqrt(xp.where(some, second, 1.0))
    return xp.where(some, covariance / scale, math.nan)


def _between(sources: Sources) -> Array:
    return _covariance(sources.ir, sources.vis)


def _variance(plane: Plane) -> Array:
    return _covariance(plane, plane)


def _sum(plane: Plane) -> Array:
    return namespace(plane.centred).sum(plane.centred, axis=(-2, -1))


def _covariance(first: Plane, second: Plane) -> Array:
    """Σ x y - Σ x Σ y / N; the sums are of whole numbers and exact."""
    product = dot(first.centred, second.centred)
    return product - first.remember(_sum) * second.remember(_sum) / first.pixels
