"""Sharpness of the fused image: spatial frequency, average gradient, edge intensity."""

from __future__ import annotations

import math
from typing import Literal

from fusionbench import Plane, Triple, metric
from fusionbench.primitives import (
    Array,
    Border,
    as_float,
    gradient,
    namespace,
    sobel,
    squared_steps,
    totals,
)

Divisor = Literal["differences", "pixels"]


@metric(
    "SF",
    title="Spatial frequency",
    better="higher",
    low=0.0,
    high=360.7,
    sources=False,
    groups=("core", "sharpness"),
    paper="Image quality measures and their performance",
    authors="Ahmet M. Eskicioglu, Paul S. Fisher",
    year=1995,
    venue="IEEE Transactions on Communications 43(12)",
    doi="10.1109/26.477498",
)
def sf(triple: Triple, *, peak: float, divisor: Divisor) -> Array:
    """Spatial frequency: sqrt(RF² + CF²), the mean squared steps between neighbours.

    RF² = Σ (F_i,j - F_i,j-1)² / n along the rows, CF² = Σ (F_i,j - F_i-1,j)² / n down the columns.

    Args:
        triple: The images.
        peak: Grey levels run over 0..peak: 255, or 1 for images divided by 255.
        divisor: n: the number of the sum's ``differences``, H(W-1) and (H-1)W, or of all
            ``pixels``.
    """
    fused: Plane = triple.fused
    height, width = fused.shape[-2:]
    across, down = squared_steps(fused.u8)
    if divisor == "pixels":
        mean = (across + down) / fused.pixels
    else:
        mean = across / max(height * (width - 1), 1) + down / max((height - 1) * width, 1)
    return namespace(mean).sqrt(mean) * (peak / 255.0)


@metric(
    "AG",
    title="Average gradient",
    better="higher",
    low=0.0,
    high=255.0,
    sources=False,
    groups=("core", "sharpness"),
    paper="Detail preserved fusion of visible and infrared images using regional saliency "
    "extraction and multi-scale image decomposition",
    authors="Guangmang Cui, Huajun Feng, Zhihai Xu, Qi Li, Yueting Chen",
    year=2015,
    venue="Optics Communications 341",
    doi="10.1016/j.optcom.2014.12.032",
)
def ag(triple: Triple, *, divisor: Literal["inner", "pixels"]) -> Array:
    """Average gradient: Σ sqrt((∂x² + ∂y²) / 2) over the image, divided by a count of pixels.

    The derivatives are central differences, one-sided at the border.

    Args:
        triple: The images.
        divisor: ``inner``: (H-1)(W-1); ``pixels``: H W.
    """
    fused = triple.fused
    height, width = fused.shape[-2:]
    count = fused.pixels if divisor == "pixels" else max((height - 1) * (width - 1), 1)
    return fused.remember(_slopes) / count


@metric(
    "EI",
    title="Edge intensity",
    better="higher",
    low=0.0,
    high=1442.5,
    sources=False,
    groups=("sharpness",),
    paper="Hybrid multimodality medical image fusion technique for feature enhancement in medical "
    "diagnosis",
    authors="B. Rajalingam, R. Priya",
    year=2018,
    venue="International Journal of Engineering Science Invention 2",
)
def ei(triple: Triple, *, border: Border) -> Array:
    """Edge intensity: Σ sqrt(s_x² + s_y²) / N with the Sobel differences s, without a factor.

    Args:
        triple: The images.
        border: What lies outside the image (see :data:`fusionbench.primitives.Border`).
    """
    return _magnitudes(*sobel(triple.fused.u8, border)) / triple.fused.pixels


def _slopes(plane: Plane) -> Array:
    """Σ sqrt((∂x² + ∂y²) / 2)."""
    return _magnitudes(*gradient(plane.u8)) / math.sqrt(8.0)


def _magnitudes(across: Array, down: Array) -> Array:
    def magnitude(x: Array, y: Array) -> tuple[Array]:
        x, y = as_float(x), as_float(y)
        return (namespace(x).sqrt(x * x + y * y),)

    return totals(magnitude, across, down)[0]
