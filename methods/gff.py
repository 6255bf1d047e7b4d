"""Guided filter fusion."""

from __future__ import annotations

import numpy as np

from fusionbench import method

from ._classical import F64, Classical, to_bytes

BASE_WINDOW = 31
BASE_FILTER = (45, 0.3)
DETAIL_FILTER = (7, 1e-6)
TINY = 1e-12


@method(
    "gff",
    title="GFF",
    family="multi-scale",
    groups=("baselines", "classical"),
    paper="Image fusion with guided filtering",
    authors="Shutao Li, Xudong Kang, Jianwen Hu",
    year=2013,
    venue="IEEE Transactions on Image Processing 22(7)",
    doi="10.1109/TIP.2013.2244222",
)
class Gff(Classical):
    """Base (31 × 31 mean) and detail, weighted by guided-filtered saliency maps.

    Saliency: |Laplacian| of the gray image, smoothed by a Gaussian (11 × 11, sigma 5). The binary
    map of the more salient source (ties visible) is filtered under the guidance of each source:
    radius 45, eps 0.3 for the base, radius 7, eps 1e-6 for the detail; weights are kept in bytes
    and scaled to sum 1. The weights of a colour image are those of its gray one.
    """

    def fuse_colour(self, ir: F64, vis: F64) -> F64:
        """Fuse H×W×C images in levels with one set of weights."""
        ir_gray, vis_gray = _gray(ir), _gray(vis)
        map_vis = _saliency(vis_gray) >= _saliency(ir_gray)
        base_weight = _weight(ir_gray, vis_gray, map_vis, *BASE_FILTER)[..., None]
        detail_weight = _weight(ir_gray, vis_gray, map_vis, *DETAIL_FILTER)[..., None]
        ir_base, vis_base = _base(ir), _base(vis)
        base = base_weight * ir_base + (1 - base_weight) * vis_base
        return base + detail_weight * (ir - ir_base) + (1 - detail_weight) * (vis - vis_base)


def _gray(image: F64) -> F64:
    if image.shape[2] == 1:
        return image[..., 0] / 255
    return to_bytes(image @ np.array([0.2989, 0.5870, 0.1140])) / 255


def _base(image: F64) -> F64:
    from ._classical.filters import mean

    planes = [np.ascontiguousarray(image[..., c]) for c in range(image.shape[2])]
    return np.stack([mean(plane, BASE_WINDOW, "replicate") for plane in planes], -1)


def _saliency(gray: F64) -> F64:
    from ._classical.filters import gaussian, pad

    around = pad(gray, 1, "replicate")
    laplacian = around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:]
    return gaussian(np.abs(laplacian - 4 * gray), 11, 5, "replicate") + TINY


def _weight(ir: F64, vis: F64, vis_wins: np.ndarray, radius: int, eps: float) -> F64:
    """The infrared's weight of one layer; the visible's is its complement to 1."""
    from ._classical.filters import guided

    for_ir, for_vis = (
        to_bytes(255 * guided(guide, chosen.astype(np.float64), radius, eps)) / 255 + TINY
        for guide, chosen in ((ir, ~vis_wins), (vis, vis_wins))
    )
    return for_ir / (for_ir + for_vis)
