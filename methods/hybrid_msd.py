"""Hybrid multi-scale fusion with Gaussian and bilateral filters."""

from __future__ import annotations

from fusionbench import method

from ._classical import F64, Classical

STRENGTH = 30.0
LEVEL_SIGMA = 1.0
SPATIAL = 2.0
RANGE = 0.05


@method(
    "hybrid-msd",
    title="Hybrid-MSD",
    family="multi-scale",
    groups=("baselines", "classical"),
    paper="Perceptual fusion of infrared and visible images through a hybrid multi-scale "
    "decomposition with Gaussian and bilateral filters",
    authors="Zhiqiang Zhou, Bo Wang, Sun Li, Mingjie Dong",
    year=2016,
    venue="Information Fusion 30",
    doi="10.1016/j.inffus.2015.11.003",
)
class HybridMsd(Classical):
    """Four levels of texture and edges by Gaussian (smooth) and bilateral (edge-keeping) filters.

    Spatial sigma 2, 4, 8, 16; range sigma 0.05, 0.025, 0.0125, 0.00625 of the full range; the
    infrared's strength is 30. The bilateral filter is the bilateral grid's. The choice of level 1
    is not smoothed.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        from ._classical import hybrid

        ir_layers, vis_layers = (hybrid.decompose(x, _smooth, _keep) for x in (ir, vis))
        fused = hybrid.fuse(ir_layers, vis_layers, STRENGTH, LEVEL_SIGMA)
        return fused + hybrid.finest(ir_layers, vis_layers, 0)


def _smooth(image: F64, level: int) -> F64:
    from ._classical.hybrid import smoothed

    return smoothed(image, SPATIAL * 2**level)


def _keep(image: F64, level: int) -> F64:
    from ._classical.filters import bilateral

    return bilateral(image / 255, SPATIAL * 2**level, RANGE / 2**level) * 255
