"""The STDFusionNet network: residual extractors for each image, residual reconstruction."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .._deep.blocks import conv

Activation = Callable[[Tensor], Tensor]
leaky: Activation = partial(F.leaky_relu, negative_slope=0.2)


class Residual(nn.Module):
    """1×1, 3×3 and 1×1 convolutions beside a 1×1 skip, or beside the identity."""

    def __init__(
        self, inputs: int, outputs: int, activation: Activation = leaky, *, identity: bool = False
    ) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv(inputs, inputs, 1), conv(inputs, inputs)
        self.conv3 = conv(inputs, outputs, 1)
        self.skip = nn.Identity() if identity else conv(inputs, outputs, 1, bias=False)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """N×inputs×H×W to N×outputs×H×W."""
        y = self.conv3(leaky(self.conv2(leaky(self.conv1(x)))))
        return self.activation(y + self.skip(x))


class Extractor(nn.Module):
    """The features of one image."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = conv(1, 16, 5)
        self.block1 = Residual(16, 16, identity=True)
        self.block2, self.block3 = Residual(16, 32), Residual(32, 64)

    def forward(self, image: Tensor) -> Tensor:
        """N×1×H×W to N×64×H×W."""
        y: Tensor = self.block3(self.block2(self.block1(leaky(self.conv1(image)))))
        return y


class Reconstruction(nn.Sequential):
    """The image of the joined features."""

    def __init__(self) -> None:
        super().__init__()
        self.block1, self.block2 = Residual(128, 64, F.elu), Residual(64, 32, F.elu)
        self.block3, self.block4 = Residual(32, 16), Residual(16, 1, torch.tanh)


class STDFusionNet(nn.Module):
    """Infrared and visible luma in [-1, 1], N×1×H×W each, to the fused luma in (-1, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.ir, self.vi, self.rec = Extractor(), Extractor(), Reconstruction()

    def forward(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Reconstruct; the visible features come first."""
        image: Tensor = self.rec(torch.cat([self.vi(vis), self.ir(ir)], 1))
        return image
