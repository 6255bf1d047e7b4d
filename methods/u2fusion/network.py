"""The U2Fusion network: five dense layers and a decoder."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .._deep.blocks import conv

GROWTH = 44
DECODER = (6 * GROWTH, 128, 64, 32, 1)


class U2Fusion(nn.Module):
    """Infrared and visible luma in [0, 1], N×1×H×W each, to the fused luma in (0, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.enc0 = conv(2, GROWTH, border="reflect")
        for i in range(1, 6):
            self.add_module(f"enc{i}", conv(i * GROWTH, GROWTH, border="reflect"))
        for i in range(1, 5):
            self.add_module(f"dec{i}", conv(DECODER[i - 1], DECODER[i], border="reflect"))

    def forward(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Fuse; the visible image is the first channel, and new channels go in front."""
        x = F.leaky_relu(self.enc0(torch.cat([vis, ir], 1)), 0.2)
        for i in range(1, 6):
            x = torch.cat([F.leaky_relu(self.get_submodule(f"enc{i}")(x), 0.2), x], 1)
        for i in range(1, 4):
            x = F.leaky_relu(self.get_submodule(f"dec{i}")(x), 0.2)
        return torch.tanh(self.get_submodule("dec4")(x)) / 2 + 0.5
