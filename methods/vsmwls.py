"""Fusion by visual saliency maps and weighted least squares."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from fusionbench import method

from ._classical import F64, Classical, to_bytes

SIGMAS = (2, 4, 8)
EDGE = 0.05
LAMBDA = 0.01


@method(
    "vsmwls",
    title="VSMWLS",
    family="multi-scale",
    groups=("baselines", "classical"),
    paper="Infrared and visible image fusion based on visual saliency map and weighted least "
    "square optimization",
    authors="Jinlei Ma, Zhiqiang Zhou, Bo Wang, Hua Zong",
    year=2017,
    venue="Infrared Physics & Technology 82",
    doi="10.1016/j.infrared.2017.02.005",
)
class Vsmwls(Classical):
    """Four rolling-guidance levels; base by saliency, detail by a diagonal least-squares problem.

    Levels L_k = G_k - G_{k+1}: G_1 the image, G_2..G_4 its rolling guidance at sigma 2, 4 and 8,
    G_5 a Gaussian of G_4. Base: ``(1/2 + (W_ir - W_vis)/2) G5_ir`` and its counterpart, with the
    histogram saliency W. L_1: larger magnitude. L_2..L_4: the smoothed choice M by magnitude,
    pulled to infrared, ``(M + 0.01 a L_ir) / (1 + 0.01 a)``, ``a = 1 / (|mean7x7(L_vis)| + 1e-6)``.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        from ._classical.rules import larger

        *ir_levels, ir_base = _levels(ir / 255)
        *vis_levels, vis_base = _levels(vis / 255)
        lean = (_saliency(ir) - _saliency(vis)) / 2
        fused = (0.5 + lean) * ir_base + (0.5 - lean) * vis_base
        fused += larger(ir_levels[0], vis_levels[0])
        for ir_level, vis_level in zip(ir_levels[1:], vis_levels[1:], strict=True):
            fused += _least_squares(ir_level, vis_level)
        return fused * 255


def _levels(image: F64) -> list[F64]:
    """L_1..L_4 and G_5."""
    from ._classical.filters import gaussian

    smooth = [image]
    for sigma in SIGMAS:
        smooth.append(_rolling(smooth[-1], sigma))
    smooth.append(gaussian(smooth[-1], 13, 2, "replicate"))
    return [a - b for a, b in pairwise(smooth)] + smooth[-1:]


def _rolling(image: F64, sigma: int) -> F64:
    from ._classical.filters import gaussian, guided

    result = gaussian(image, 6 * sigma + 1, sigma, "replicate")
    for _ in range(4):
        result = guided(result, image, sigma, EDGE**2)
    return result


def _saliency(image: F64) -> F64:
    """The distance of a pixel's level to all other pixels', scaled to 0..1 (0 in a flat image)."""
    levels = to_bytes(image).astype(np.intp)
    counts = np.bincount(levels.ravel(), minlength=256)
    steps = np.abs(np.subtract.outer(np.arange(256), np.arange(256)))
    found = (steps @ counts).astype(np.float64)[levels]
    span = np.ptp(found)
    return (found - found.min()) / span if span > 0 else np.zeros_like(found)


def _least_squares(ir: F64, vis: F64) -> F64:
    from ._classical.filters import gaussian, mean

    choice = gaussian((np.abs(ir) < np.abs(vis)).astype(np.float64), 13, 2, "symmetric")
    wanted = choice * vis + (1 - choice) * ir
    pull = LAMBDA / (np.abs(mean(vis, 7, "replicate")) + 1e-6)
    return (wanted + pull * ir) / (1 + pull)
