"""The DIDFuse auto-encoder: base and detail features, summed over the two images."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .._deep.blocks import conv

WIDTH = 64


def _layer(name: str, inputs: int, activation: nn.Module) -> nn.ModuleDict:
    steps = nn.Sequential(conv(inputs, WIDTH), nn.BatchNorm2d(WIDTH), activation)
    return nn.ModuleDict({name: steps})


def _edge_layer(name: str, inputs: int, outputs: int, activation: nn.Module) -> nn.ModuleDict:
    plain = nn.Conv2d(inputs, outputs, 3)
    steps = nn.Sequential(nn.ReflectionPad2d(1), plain, nn.BatchNorm2d(outputs), activation)
    return nn.ModuleDict({name: steps})


class DIDFuse(nn.Module):
    """Infrared and visible luma in [0, 1], N×1×H×W each, to the fused luma in (0, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.cov1 = _edge_layer("cov1", 1, WIDTH, nn.PReLU())
        self.cov2 = _layer("cov2", WIDTH, nn.PReLU())
        self.cov3 = _layer("cov3", WIDTH, nn.Tanh())
        self.cov4 = _layer("cov4", WIDTH, nn.Tanh())
        self.cov5 = _layer("cov5", 2 * WIDTH, nn.PReLU())
        self.cov6 = _layer("cov6", 2 * WIDTH, nn.PReLU())
        self.cov7 = _edge_layer("cov7", 2 * WIDTH, 1, nn.Sigmoid())

    def encode(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """First and second features, base and detail, N×64×H×W each."""
        first = self.cov1["cov1"](image)
        second = self.cov2["cov2"](first)
        return first, second, self.cov3["cov3"](second), self.cov4["cov4"](second)

    def forward(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Decode the sums of the features."""
        pairs = zip(self.encode(ir), self.encode(vis), strict=True)
        first, second, base, detail = (a + b for a, b in pairs)
        decoded = self.cov5["cov5"](torch.cat([base, detail], 1))
        decoded = self.cov6["cov6"](torch.cat([decoded, second], 1))
        image: Tensor = self.cov7["cov7"](torch.cat([decoded, first], 1))
        return image
