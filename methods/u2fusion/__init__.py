"""U2Fusion: one dense network for every fusion task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusionbench import method

from .._deep import DeepMethod

if TYPE_CHECKING:
    from torch import Tensor, nn


@method(
    "u2fusion",
    title="U2Fusion",
    family="cnn",
    colour="rgb",
    groups=("deep",),
    options={"output": ("max", "clip"), "colour": ("visible", "gray")},
    paper="U2Fusion: A Unified Unsupervised Image Fusion Network",
    authors="Han Xu, Jiayi Ma, Junjun Jiang, Xiaojie Guo, Haibin Ling",
    year=2022,
    venue="IEEE Transactions on Pattern Analysis and Machine Intelligence 44(1)",
    doi="10.1109/TPAMI.2020.3012548",
    licence="none stated",
    parameters=659_217,
)
class U2Fusion(DeepMethod):
    """Float YCbCr of the visible image, with the authors' TensorFlow weights, converted.

    ``colour=visible`` puts the fused Y back under its Cb and Cr (the authors' recipe for a colour
    image), ``gray`` writes it alone. ``output=max`` then scales each image so that its maximum
    becomes 255, as the authors' program; ``clip`` does not.
    """

    def build(self) -> nn.Module:
        """The network with random weights."""
        from .network import U2Fusion as Network

        return Network()

    def prepare(self, ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor]:
        """The visible image's Y, not rounded: 0.299 R + 0.587 G + 0.114 B."""
        if vis.shape[1] == 1:
            return ir, vis
        return ir, 0.299 * vis[:, :1] + 0.587 * vis[:, 1:2] + 0.114 * vis[:, 2:]

    def decode(self, raw: Tensor, vis: Tensor) -> Tensor:
        """Scaled by the maximum, or clipped."""
        from .._deep.colour import scale_to_maximum

        gray = vis.shape[1] == 1 or self.options["colour"] == "gray"
        fused = raw if gray else _coloured(raw, vis)
        return scale_to_maximum(fused) if self.options["output"] == "max" else fused.clamp(0, 1)


def _coloured(y: Tensor, vis: Tensor) -> Tensor:
    """RGB of a luma and the visible image's chroma, by the authors' constants."""
    import torch

    r, g, b = vis.chunk(3, 1)
    cb = -0.1687 * r - 0.3313 * g + 0.5 * b
    cr = 0.5 * r - 0.4187 * g - 0.0813 * b
    return torch.cat([y + 1.402 * cr, y - 0.34414 * cb - 0.71414 * cr, y + 1.772 * cb], 1)
