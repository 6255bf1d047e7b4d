"""SeAFusion: a fusion network trained in the loop of semantic segmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from fusionbench import method

from .._deep import DeepMethod

if TYPE_CHECKING:
    from torch import Tensor, nn


@method(
    "seafusion",
    title="SeAFusion",
    family="cnn",
    colour="rgb",
    groups=("deep",),
    options={"output": ("minmax", "clip")},
    paper="Image fusion in the loop of high-level vision tasks: A semantic-aware real-time "
    "infrared and visible image fusion network",
    authors="Linfeng Tang, Jiteng Yuan, Jiayi Ma",
    year=2022,
    venue="Information Fusion 82",
    doi="10.1016/j.inffus.2021.12.004",
    training_data=("MFNet",),
    licence="MIT",
    parameters=166_657,
    notes="The authors' program stretches by the minimum and maximum of a whole batch; here each "
    "image is stretched by its own, so that its result does not depend on its neighbours.",
)
class SeAFusion(DeepMethod):
    """Float YCrCb of the visible image; the fused Y goes back under its Cr and Cb.

    ``output=minmax`` then stretches the RGB image jointly to its minimum and maximum and drops the
    fraction of the 8-bit level, as the authors' program; ``clip`` does neither.
    """

    unused: ClassVar[dict[str, tuple[int, ...] | None]] = {
        f"decode{layer}.bn.{name}": (channels,)
        for layer, channels in ((4, 64), (3, 32), (2, 16), (1, 1))
        for name in ("weight", "bias", "running_mean", "running_var")
    }

    def build(self) -> nn.Module:
        """The network with random weights."""
        from .network import SeAFusion as Network

        return Network()

    def prepare(self, ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor]:
        """The visible image's Y."""
        from .._deep.colour import to_ycrcb

        return ir, vis if vis.shape[1] == 1 else to_ycrcb(vis)[0].clamp(0, 1)

    def decode(self, raw: Tensor, vis: Tensor) -> Tensor:
        """RGB, or gray where the visible image is gray."""
        from .._deep.colour import stretch, truncate

        fused = self.coloured(raw, vis)
        return truncate(stretch(fused)) if self.options["output"] == "minmax" else fused

    def coloured(self, raw: Tensor, vis: Tensor) -> Tensor:
        """The fused luma under the visible chroma, clamped to [0, 1]."""
        from .._deep.colour import from_ycrcb, to_ycrcb

        if vis.shape[1] == 1:
            return raw.clamp(0, 1)
        _, cr, cb = to_ycrcb(vis)
        return from_ycrcb(raw, cr.clamp(0, 1), cb.clamp(0, 1)).clamp(0, 1)
