"""FLFuse-Net: a very small dense two-stream network with an edge branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusionbench import method

from .._deep import DeepMethod

if TYPE_CHECKING:
    from torch import Tensor, nn


@method(
    "flfusenet",
    title="FLFuse-Net",
    family="cnn",
    colour="rgb",
    groups=("deep",),
    options={
        "output": ("truncate", "round"),
        "luma": ("opencv", "pillow"),
        "colour": ("visible", "gray"),
    },
    paper="FLFuse-Net: A fast and lightweight infrared and visible image fusion network via "
    "feature flow and edge compensation for salient information",
    authors="Weimin Xue, Anhong Wang, Lijun Zhao",
    year=2022,
    venue="Infrared Physics & Technology 127",
    doi="10.1016/j.infrared.2022.104383",
    training_data=("nirscene",),
    licence="none stated",
    parameters=8_568,
)
class FLFuseNet(DeepMethod):
    """The model with the edge branch; luma in [0, 1] to luma in about [0, 1].

    The authors read the visible image with OpenCV's gray reader (``luma=opencv``), drop the
    fraction of the level (``output=truncate``) and save gray (``colour=gray``); ``colour=visible``
    puts the visible chroma back, as the suite does for every luma method.
    """

    def build(self) -> nn.Module:
        """The network with random weights."""
        from .network import FLFuseNet as Network

        return Network()

    def prepare(self, ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor]:
        """The visible image's luma."""
        from .._deep import colour

        return ir, (colour.opencv_luma if self.options["luma"] == "opencv" else colour.luma)(vis)

    def decode(self, raw: Tensor, vis: Tensor) -> Tensor:
        """Levels over 255, in the visible colours or gray."""
        from .._deep.colour import truncate, under_chroma

        fused = truncate(raw) if self.options["output"] == "truncate" else raw.clamp(0, 1)
        return fused if self.options["colour"] == "gray" else under_chroma(fused, vis)
