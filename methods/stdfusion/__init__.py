"""STDFusionNet: a fusion network trained with masks of salient targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusionbench import method

from .._deep import SignedMethod

if TYPE_CHECKING:
    from torch import nn


@method(
    "stdfusion",
    title="STDFusionNet",
    family="cnn",
    groups=("deep",),
    options={"output": ("minmax", "clip")},
    paper="STDFusionNet: An Infrared and Visible Image Fusion Network Based on Salient Target "
    "Detection",
    authors="Jiayi Ma, Linfeng Tang, Meilong Xu, Hao Zhang, Guobao Xiao",
    year=2021,
    venue="IEEE Transactions on Instrumentation and Measurement 70",
    doi="10.1109/TIM.2021.3075747",
    licence="MIT",
    parameters=282_513,
)
class STDFusionNet(SignedMethod):
    """Luma in [-1, 1] to luma in (-1, 1), with the authors' TensorFlow weights, converted.

    ``output=minmax`` stretches each image to its own minimum and maximum, as the image saver of the
    authors' program does; ``clip`` maps [-1, 1] to [0, 1].
    """

    def build(self) -> nn.Module:
        """The network with random weights."""
        from .network import STDFusionNet as Network

        return Network()
