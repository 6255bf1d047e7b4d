"""The fusion part of ReCoNet: attention and parallel dilated convolutions, three rounds."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .._deep.blocks import conv

ROUNDS = 3


def _attention(weights: nn.Module, image: Tensor, fused: Tensor) -> Tensor:
    both = torch.cat([image, fused], 1)
    seen = torch.cat([both.amax(1, keepdim=True), both.mean(1, keepdim=True)], 1)
    return torch.sigmoid(weights(seen))


def _branch(dilation: int) -> nn.Sequential:
    return nn.Sequential(conv(3, 64, dilation=dilation), nn.BatchNorm2d(64), nn.ReLU())


class ReCoNet(nn.Module):
    """Infrared and visible luma in [0, 1], N×1×H×W each, to the fused luma in (-1, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.att_a_conv, self.att_b_conv = conv(2, 1, bias=False), conv(2, 1, bias=False)
        self.dil_conv_1, self.dil_conv_2, self.dil_conv_3 = (_branch(d) for d in (1, 2, 3))
        self.fus_conv = nn.Sequential(conv(192, 1), nn.BatchNorm2d(1), nn.Tanh())

    def _round(self, ir: Tensor, vis: Tensor, fused: Tensor) -> Tensor:
        seen_ir = ir * _attention(self.att_a_conv, ir, fused)
        seen_vis = vis * _attention(self.att_b_conv, vis, fused)
        x = torch.cat([seen_ir, fused, seen_vis], 1)
        branches = [self.dil_conv_1(x), self.dil_conv_2(x), self.dil_conv_3(x)]
        y: Tensor = self.fus_conv(torch.cat(branches, 1))
        return y

    def forward(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Start from the larger value and refine it with the same weights."""
        fused = torch.maximum(ir, vis)
        for _ in range(ROUNDS):
            fused = self._round(ir, vis, fused)
        return fused
