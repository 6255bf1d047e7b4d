"""The DenseFuse auto-encoder with the additive fusion of its features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .._deep.blocks import conv


class Layer(nn.Module):
    """A convolution with mirrored border, then ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv2d = conv(inputs, outputs, border="reflect")

    def forward(self, x: Tensor) -> Tensor:
        """N×inputs×H×W to N×outputs×H×W."""
        return torch.relu(self.conv2d(x))


class Dense(nn.Module):
    """Appends 16 channels to its input."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.dense_conv = Layer(inputs, 16)

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to N×(C+16)×H×W."""
        return torch.cat([x, self.dense_conv(x)], 1)


class DenseFuse(nn.Module):
    """Infrared and visible luma in [0, 255], N×1×H×W each, to the fused luma in about [0, 255]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = Layer(1, 16)
        self.DB1 = nn.ModuleDict({"denseblock": nn.Sequential(*map(Dense, (16, 32, 48)))})
        self.conv2, self.conv3 = Layer(64, 64), Layer(64, 32)
        self.conv4, self.conv5 = Layer(32, 16), Layer(16, 1)

    def encode(self, image: Tensor) -> Tensor:
        """N×1×H×W to N×64×H×W."""
        features: Tensor = self.DB1["denseblock"](self.conv1(image))
        return features

    def forward(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Decode the mean of the two encodings."""
        fused = (self.encode(ir) + self.encode(vis)) / 2
        image: Tensor = self.conv5(self.conv4(self.conv3(self.conv2(fused))))
        return image
