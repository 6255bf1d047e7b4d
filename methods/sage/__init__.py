"""SAGE: a small network distilled from one that sees the segments of the Segment Anything Model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusionbench import method

from .._deep import DeepMethod

if TYPE_CHECKING:
    from torch import Tensor, nn


@method(
    "sage",
    title="SAGE",
    family="cnn",
    colour="rgb",
    groups=("deep",),
    paper="Every SAM Drop Counts: Embracing Semantic Priors for Multi-Modality Image Fusion and "
    "Beyond",
    authors="Guanyao Wu, Haoyu Liu, Hongming Fu, Yichuan Peng, Jinyuan Liu, Xin Fan, Risheng Liu",
    year=2025,
    venue="IEEE/CVF Conference on Computer Vision and Pattern Recognition (CVPR)",
    doi="10.1109/CVPR52734.2025.01666",
    training_data=("FMB",),
    licence="MIT",
    parameters=135_617,
)
class SAGE(DeepMethod):
    """OpenCV's 8-bit YCrCb of the visible image; the fused Y goes back under its Cr and Cb.

    The way back is the float conversion with chroma neutral at 0.5, although OpenCV's bytes are
    neutral at 128/255; the authors' program does the same.
    """

    def build(self) -> nn.Module:
        """The network with random weights."""
        from .network import SAGE as Network

        return Network()

    def prepare(self, ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor]:
        """The visible image's Y."""
        from .._deep.colour import opencv_ycrcb

        return ir, vis if vis.shape[1] == 1 else opencv_ycrcb(vis)[0]

    def decode(self, raw: Tensor, vis: Tensor) -> Tensor:
        """RGB, or gray where the visible image is gray; clipped."""
        from .._deep.colour import from_ycrcb, opencv_ycrcb

        if vis.shape[1] == 1:
            return raw.clamp(0, 1)
        _, cr, cb = opencv_ycrcb(vis)
        return from_ycrcb(raw, cr, cb).clamp(0, 1)
