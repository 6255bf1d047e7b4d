"""Ratio and contrast pyramid fusion (Toet 1989)."""

from __future__ import annotations

from fusionbench import method

from ._classical import F64, Classical

TINY = 1e-6


@method(
    "rp",
    title="Ratio pyramid",
    family="multi-scale",
    groups=("baselines", "classical"),
    paper="Image fusion by a ratio of low-pass pyramid",
    authors="Alexander Toet",
    year=1989,
    venue="Pattern Recognition Letters 9(4)",
    doi="10.1016/0167-8655(89)90003-2",
)
class RatioPyramid(Classical):
    """As the Laplacian pyramid with bands ``R_k = G_k / (expand(G_{k+1}) + 1e-6)``.

    The larger ratio is taken (3 × 3, with a majority vote), the coarsest levels are averaged, and
    ``G_k = R_k (expand(G_{k+1}) + 1e-6)``. Black regions make large ratios, and bright spots.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        from ._classical import pyramid

        return pyramid.fuse(
            ir, vis, lambda image, up: image / (up + TINY), lambda band, up: band * (up + TINY)
        )


@method(
    "cp",
    title="Contrast pyramid",
    family="multi-scale",
    groups=("baselines", "classical"),
    paper="Merging thermal and visual images by a contrast pyramid",
    authors="Alexander Toet, Lodik J. van Ruyven, J. Mathee Valeton",
    year=1989,
    venue="Optical Engineering 28(7)",
    doi="10.1117/12.7977034",
)
class ContrastPyramid(Classical):
    """As the Laplacian pyramid with bands ``C_k = G_k / (expand(G_{k+1}) + 1e-6) - 1``.

    The band of larger magnitude is taken (3 × 3, with a majority vote), the coarsest levels are
    averaged, and ``G_k = (C_k + 1) (expand(G_{k+1}) + 1e-6)``.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        from ._classical import pyramid

        return pyramid.fuse(
            ir,
            vis,
            lambda image, up: image / (up + TINY) - 1,
            lambda band, up: (band + 1) * (up + TINY),
        )
