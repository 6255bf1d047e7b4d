"""The FLFuse-Net network: two dense streams with shared weights and an infrared edge branch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .._deep.blocks import conv


def _step(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(conv(inputs, outputs, bias=False), nn.ReLU())


class Sobel(nn.Module):
    """The sum of the magnitudes of two learned gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.g_h = conv(1, 8, border="replicate", bias=False)
        self.g_s = conv(1, 8, border="replicate", bias=False)

    def forward(self, image: Tensor) -> Tensor:
        """N×1×H×W to N×8×H×W, not negative."""
        return torch.abs(self.g_h(image)) + torch.abs(self.g_s(image))


class FLFuseNet(nn.Module):
    """Infrared and visible luma in [0, 1], N×1×H×W each, to the fused luma in about [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.conva1, self.convb1 = _step(1, 8), _step(1, 8)
        for index in (1, 2, 3, 4):
            self.add_module(f"cuta{index}", nn.ModuleDict({"body": _step(8 * index, 8)}))
        self.fusionlayer = _step(16, 16)
        self.SobelBrancha = nn.ModuleDict({"body": nn.Sequential(Sobel())})
        self.de = nn.Sequential(conv(24, 1, bias=False))

    def _cut(self, index: int, *features: Tensor) -> Tensor:
        body = self.get_submodule(f"cuta{index}.body")
        y: Tensor = body(torch.cat(features, 1))
        return y

    def stream(self, first: Tensor) -> Tensor:
        """The shared layers; the second alone takes the newest features first, as published."""
        second = self._cut(1, first)
        third = self._cut(2, second, first)
        fourth = self._cut(3, first, second, third)
        return self._cut(4, first, second, third, fourth)

    def forward(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Fuse the streams, then add the infrared edges."""
        streams = [self.stream(self.conva1(ir)), self.stream(self.convb1(vis))]
        fused = self.fusionlayer(torch.cat(streams, 1))
        image: Tensor = self.de(torch.cat([fused, self.SobelBrancha["body"](ir)], 1))
        return image
