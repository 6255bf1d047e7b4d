"""DATFuse: dual-attention residual modules around a small transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from fusionbench import method

from .._deep import DeepMethod

if TYPE_CHECKING:
    from torch import Tensor, nn

_ATTENTION = "basicLayer.blocks.{}.attn.relative_position_"


@method(
    "datfuse",
    title="DATFuse",
    family="transformer",
    groups=("deep",),
    options={"output": ("wrap", "clip")},
    paper="DATFuse: Infrared and Visible Image Fusion via Dual Attention Transformer",
    authors="Wei Tang, Fazhi He, Yu Liu, Yansong Duan, Tongzhen Si",
    year=2023,
    venue="IEEE Transactions on Circuits and Systems for Video Technology 33(7)",
    doi="10.1109/TCSVT.2023.3234340",
    licence="none stated",
    parameters=10_552,
)
class DATFuse(DeepMethod):
    """Luma in [0, 1] to a luma that may be negative.

    ``output=wrap`` drops the fraction of the 8-bit level and, like the authors' program, lets a
    negative level wrap around (-1 becomes 255); ``output=clip`` clamps and rounds.
    """

    unused: ClassVar[dict[str, tuple[int, ...] | None]] = {
        "patch_embed.norm.weight": (96,),
        "patch_embed.norm.bias": (96,),
        **{_ATTENTION.format(block) + "bias_table": (1, 8) for block in (0, 1)},
        **{_ATTENTION.format(block) + "index": (1, 1) for block in (0, 1)},
    }

    def build(self) -> nn.Module:
        """The network with random weights."""
        from .network import DATFuse as Network

        return Network()

    def decode(self, raw: Tensor, vis: Tensor) -> Tensor:
        """The 8-bit levels, over 255."""
        if self.options["output"] == "clip":
            return raw.clamp(0, 1)
        return (255 * raw).trunc().remainder(256) / 255
