"""ReCoNet: a recurrent network with attention and dilated convolutions (its fusion part)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusionbench import method

from .._deep import DeepMethod

if TYPE_CHECKING:
    from torch import Tensor, nn


@method(
    "reconet",
    title="ReCoNet",
    family="cnn",
    colour="rgb",
    groups=("deep",),
    options={"luma": ("opencv", "pillow"), "colour": ("visible", "gray")},
    paper="ReCoNet: Recurrent Correction Network for Fast and Efficient Multi-modality Image "
    "Fusion",
    authors="Zhanbo Huang, Jinyuan Liu, Xin Fan, Risheng Liu, Wei Zhong, Zhongxuan Luo",
    year=2022,
    venue="European Conference on Computer Vision (ECCV)",
    doi="10.1007/978-3-031-19797-0_31",
    licence="MIT",
    parameters=7_527,
)
class ReCoNet(DeepMethod):
    """Luma in [0, 1] to luma in (-1, 1), clipped; the registration part is not used.

    The authors read the visible image with OpenCV's gray reader (``luma=opencv``) and save gray
    (``colour=gray``); ``colour=visible`` puts the visible chroma back, as the suite does for every
    luma method.
    """

    def build(self) -> nn.Module:
        """The network with random weights."""
        from .network import ReCoNet as Network

        return Network()

    def prepare(self, ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor]:
        """The visible image's luma."""
        from .._deep import colour

        return ir, (colour.opencv_luma if self.options["luma"] == "opencv" else colour.luma)(vis)

    def decode(self, raw: Tensor, vis: Tensor) -> Tensor:
        """Clipped, in the visible colours or gray."""
        from .._deep.colour import under_chroma

        fused = raw.clamp(0, 1)
        return fused if self.options["colour"] == "gray" else under_chroma(fused, vis)
