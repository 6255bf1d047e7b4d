"""Discrete wavelet transform fusion (Li, Manjunath and Mitra 1995)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fusionbench import Method, method

if TYPE_CHECKING:
    from torch import Tensor

LEVELS = 4
WAVELET = "db1"


@method(
    "dwt",
    title="DWT",
    family="multi-scale",
    groups=("baselines", "classical"),
    paper="Multisensor Image Fusion Using the Wavelet Transform",
    authors="Li, Manjunath, Mitra",
    year=1995,
    venue="Graphical Models and Image Processing 57(3)",
    doi="10.1006/gmip.1995.1022",
)
class Dwt(Method):
    """Haar wavelet, four levels, periodic border; detail by larger magnitude, base by mean.

    The transform is PyWavelets'. An image too small for four levels gets fewer.
    """

    def fuse(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Fuse two B×1×H×W tensors."""
        import torch

        fused = _fuse(ir.cpu().numpy(), vis.cpu().numpy())
        return torch.from_numpy(np.ascontiguousarray(fused)).to(ir.device)


def _fuse(ir: NDArray[np.float32], vis: NDArray[np.float32]) -> NDArray[np.float32]:
    import pywt

    levels = min(LEVELS, int(np.log2(min(ir.shape[-2:]))))
    (ir_base, *ir_details), (vis_base, *vis_details) = (
        pywt.wavedec2(x, WAVELET, "periodization", levels) for x in (ir, vis)
    )
    details = [
        tuple(
            np.where(np.abs(a) >= np.abs(b), a, b) for a, b in zip(level_ir, level_vis, strict=True)
        )
        for level_ir, level_vis in zip(ir_details, vis_details, strict=True)
    ]
    base = (ir_base + vis_base) / 2
    height, width = ir.shape[-2:]
    fused: NDArray[np.float32] = pywt.waverec2([base, *details], WAVELET, "periodization")
    return fused[..., :height, :width]
