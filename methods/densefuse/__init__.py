"""DenseFuse: an auto-encoder with a dense block; the encodings are averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusionbench import method

from .._deep import DeepMethod

if TYPE_CHECKING:
    from torch import Tensor, nn


@method(
    "densefuse",
    title="DenseFuse",
    family="autoencoder",
    groups=("deep",),
    options={"output": ("truncate", "round")},
    paper="DenseFuse: A Fusion Approach to Infrared and Visible Images",
    authors="Hui Li, Xiao-Jun Wu",
    year=2019,
    venue="IEEE Transactions on Image Processing 28(5)",
    doi="10.1109/TIP.2018.2887342",
    licence="none stated",
    parameters=74_193,
)
class DenseFuse(DeepMethod):
    """The gray model with additive fusion; it works on levels 0 to 255.

    ``output=truncate`` drops the fraction of the level, as the authors' program; ``round`` rounds.
    """

    def build(self) -> nn.Module:
        """The network with random weights."""
        from .network import DenseFuse as Network

        return Network()

    def prepare(self, ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor]:
        """Levels, not divided."""
        return 255 * ir, 255 * vis

    def decode(self, raw: Tensor, vis: Tensor) -> Tensor:
        """Clamped levels, over 255."""
        clamped = raw.clamp(0, 255)
        return (clamped.floor() if self.options["output"] == "truncate" else clamped) / 255
