"""The SeAFusion network: two encoders of gradient-residual dense blocks and a decoder."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .._deep.blocks import Conv


class Gradient(nn.Module):
    """The sum of the magnitudes of two learned gradients, channel by channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convx, self.convy = (
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
            for _ in range(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to N×C×H×W, not negative."""
        return torch.abs(self.convx(x)) + torch.abs(self.convy(x))


class Dense(nn.Module):
    """Two convolutions, each of which appends C channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = Conv(channels, channels), Conv(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to N×3C×H×W."""
        x = torch.cat([x, F.leaky_relu(self.conv1(x), 0.2)], 1)
        return torch.cat([x, F.leaky_relu(self.conv2(x), 0.2)], 1)


class GRDB(nn.Module):
    """A gradient-residual dense block."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.dense, self.convdown = Dense(inputs), Conv(3 * inputs, outputs, 1)
        self.sobelconv, self.convup = Gradient(inputs), Conv(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """N×inputs×H×W to N×outputs×H×W."""
        return F.leaky_relu(self.convdown(self.dense(x)) + self.convup(self.sobelconv(x)), 0.1)


class SeAFusion(nn.Module):
    """Infrared and visible luma in [0, 1], N×1×H×W each, to the fused luma in (0, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.vis_conv, self.inf_conv = Conv(1, 16), Conv(1, 16)
        self.vis_rgbd1, self.inf_rgbd1 = GRDB(16, 32), GRDB(16, 32)
        self.vis_rgbd2, self.inf_rgbd2 = GRDB(32, 48), GRDB(32, 48)
        self.decode4, self.decode3 = Conv(96, 64), Conv(64, 32)
        self.decode2, self.decode1 = Conv(32, 16), Conv(16, 1)

    def forward(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Encode both, decode visible before infrared."""
        seen_vis = self.vis_rgbd2(self.vis_rgbd1(F.leaky_relu(self.vis_conv(vis), 0.2)))
        seen_ir = self.inf_rgbd2(self.inf_rgbd1(F.leaky_relu(self.inf_conv(ir), 0.2)))
        x = torch.cat([seen_vis, seen_ir], 1)
        for layer in (self.decode4, self.decode3, self.decode2):
            x = F.leaky_relu(layer(x), 0.2)
        return torch.tanh(self.decode1(x)) / 2 + 0.5
