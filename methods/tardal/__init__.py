"""TarDAL: target-aware dual adversarial learning, with three sets of weights.

``tardal-dt`` is the authors' default, for human vision; ``tardal-tt`` gives dark images that serve
a detector; ``tardal-ct`` is the compromise that most papers compare with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from fusionbench import method

from .._deep import DeepMethod

if TYPE_CHECKING:
    from torch import Tensor, nn

_CARD: dict[str, Any] = {
    "family": "gan",
    "colour": "rgb",
    "groups": ("deep",),
    "paper": "Target-aware Dual Adversarial Learning and a Multi-scenario Multi-Modality Benchmark "
    "to Fuse Infrared and Visible for Object Detection",
    "authors": "Jinyuan Liu, Xin Fan, Zhanbo Huang, Guanyao Wu, Risheng Liu, Wei Zhong, "
    "Zhongxuan Luo",
    "year": 2022,
    "venue": "IEEE/CVF Conference on Computer Vision and Pattern Recognition (CVPR)",
    "doi": "10.1109/CVPR52688.2022.00571",
    "licence": "GPL-3.0",
    "parameters": 296_577,
}


class _TarDAL(DeepMethod):
    """The authors' program of 2023 (v1): float YCrCb, the fused Y under the visible Cr and Cb.

    The network's output is in [-1, 1] although it was trained to [0, 1]; nothing but the final clip
    treats what is negative.
    """

    per_image: ClassVar[bool] = False
    unused: ClassVar[dict[str, tuple[int, ...] | None]] = {"use_eval": None}

    def build(self) -> nn.Module:
        """The network with random weights."""
        from .network import TarDAL

        return TarDAL(per_image=self.per_image)

    def prepare(self, ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor]:
        """The visible image's Y, not rounded."""
        from .._deep.colour import to_ycrcb

        return ir, vis if vis.shape[1] == 1 else to_ycrcb(vis)[0]

    def decode(self, raw: Tensor, vis: Tensor) -> Tensor:
        """RGB, or gray where the visible image is gray; clipped."""
        from .._deep.colour import from_ycrcb, to_ycrcb

        if vis.shape[1] == 1:
            return raw.clamp(0, 1)
        _, cr, cb = to_ycrcb(vis)
        return from_ycrcb(raw, cr, cb).clamp(0, 1)


@method("tardal-dt", title="TarDAL (DT)", **_CARD)
class TarDALdt(_TarDAL):
    """Normalises with the statistics of each image: the authors' program leaves batch norm in
    training mode for these weights.
    """

    per_image: ClassVar[bool] = True
    published: ClassVar[tuple[tuple[str, ...], ...]] = (("tardal-dt", "tardal-dt-release"),)


_DARK = (
    "Dark by day and nearly black on night scenes such as MSRS's, with bright contours: so are the "
    "images of the authors' code with these weights."
)


@method("tardal-tt", title="TarDAL (TT)", notes=_DARK, **_CARD)
class TarDALtt(_TarDAL):
    """The weights trained for detection."""


@method("tardal-ct", title="TarDAL (CT)", notes=_DARK, **_CARD)
class TarDALct(_TarDAL):
    """The weights trained for both."""
