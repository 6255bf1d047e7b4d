"""DIDFuse: an auto-encoder that splits images into base and detail features."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from fusionbench import method

from .._deep import DeepMethod

if TYPE_CHECKING:
    from torch import nn


@method(
    "didfuse",
    title="DIDFuse",
    family="autoencoder",
    groups=("deep",),
    paper="DIDFuse: Deep Image Decomposition for Infrared and Visible Image Fusion",
    authors="Zixiang Zhao, Shuang Xu, Chunxia Zhang, Junmin Liu, Jiangshe Zhang, Pengfei Li",
    year=2020,
    venue="International Joint Conference on Artificial Intelligence (IJCAI)",
    doi="10.24963/ijcai.2020/135",
    training_data=("RoadScene",),  # 180 pairs of FLIR video, as the authors' README says
    licence="none stated",
    parameters=260_935,
)
class DIDFuse(DeepMethod):
    """Luma in [0, 1] to luma in (0, 1), with the fusion rule "sum".

    The weights are two files, encoder and decoder; a user's file holds the tensors of both.
    """

    published: ClassVar[tuple[tuple[str, ...], ...]] = (("didfuse-encoder",), ("didfuse-decoder",))
    inside: ClassVar[str] = "weight"

    def build(self) -> nn.Module:
        """The network with random weights."""
        from .network import DIDFuse as Network

        return Network()
