"""The DATFuse network: dual attention, two transformer blocks, dual attention again."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .._deep.blocks import Conv, ConvNorm, conv

DIM = 16


class Features(ConvNorm):
    """The same convolution and batch norm applied twice, ReLU between."""

    def forward(self, x: Tensor) -> Tensor:
        """N×16×H×W to N×16×H×W."""
        return super().forward(torch.relu(super().forward(x)))


class ChannelAttention(nn.Module):
    """A weight in (0, 1) per channel, from the channel means."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Sequential(conv(DIM, 4, 1), nn.ReLU(), conv(4, DIM, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        """N×16×H×W to N×16×1×1."""
        y: Tensor = self.fc(x.mean((2, 3), keepdim=True))
        return y


class SpatialAttention(nn.Module):
    """A weight in (0, 1) per pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(DIM, 4), nn.BatchNorm2d(4), nn.ReLU(), conv(4, 1), nn.BatchNorm2d(1), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """N×16×H×W to N×1×H×W."""
        y: Tensor = self.body(x)
        return y


class Attention(nn.Module):
    """Attention in windows of one token: the softmax is 1, only the values are left."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(DIM, 3 * DIM), nn.Linear(DIM, DIM)

    def forward(self, tokens: Tensor) -> Tensor:
        """T×16 to T×16."""
        values = F.linear(tokens, self.qkv.weight[2 * DIM :], self.qkv.bias[2 * DIM :])
        y: Tensor = self.proj(values)
        return y


class MLP(nn.Module):
    """Two linear layers with GELU between."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(DIM, 4 * DIM), nn.Linear(4 * DIM, DIM)

    def forward(self, tokens: Tensor) -> Tensor:
        """T×16 to T×16."""
        y: Tensor = self.fc2(F.gelu(self.fc1(tokens)))
        return y


class Block(nn.Module):
    """A transformer block whose tokens are 16 neighbours in memory, not the 16 channels of a pixel.

    The published network reinterprets N×16×H×W as N×H×W×16 without moving a value.
    """

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(DIM), Attention()
        self.norm2, self.mlp = nn.LayerNorm(DIM), MLP()

    def forward(self, x: Tensor) -> Tensor:
        """N×16×H×W to N×16×H×W."""
        tokens = x.reshape(-1, DIM)
        tokens = tokens + self.attn(self.norm1(tokens))
        tokens = tokens + self.mlp(self.norm2(tokens))
        y: Tensor = tokens.view(x.shape)
        return y


class DATFuse(nn.Module):
    """Infrared and visible luma in [0, 1], N×1×H×W each, to the fused luma in (-1, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutional = ConvNorm(2, DIM, 5)
        self.fem, self.cam, self.sam = Features(DIM, DIM), ChannelAttention(), SpatialAttention()
        self.basicLayer = nn.ModuleDict({"blocks": nn.Sequential(Block(), Block())})
        self.convolutional_out = Conv(DIM, 1, 1)

    def _attended(self, features: Tensor) -> Tensor:
        y: Tensor = features * self.cam(features) + features * self.sam(features)
        return y

    def forward(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Fuse; the second pass adds its own features, the first its input, as published."""
        first = torch.relu(self.convolutional(torch.cat([ir, vis], 1)))
        mixed = torch.relu(self._attended(self.fem(first)) + first)
        features = self.fem(self.basicLayer["blocks"](mixed))
        return torch.tanh(self.convolutional_out(self._attended(features) + features))
