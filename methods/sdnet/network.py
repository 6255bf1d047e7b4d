"""The fusing half of SDNet; the decomposing half only serves training."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .._deep.blocks import conv

WIDTH = 16


class SDNet(nn.Module):
    """Infrared and visible luma in [-1, 1], N×1×H×W each, to the fused luma in (-1, 1)."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("ir", "vi"):
            self.add_module(f"{name}1", conv(1, WIDTH, 5))
            for layer in (2, 3, 4):
                self.add_module(f"{name}{layer}", conv((layer - 1) * WIDTH, WIDTH))
        self.fuse5 = conv(8 * WIDTH, 1, 1)

    def branch(self, name: str, image: Tensor) -> list[Tensor]:
        """Four layers, each of which sees all before it; N×16×H×W each."""
        found: list[Tensor] = []
        for layer in (1, 2, 3, 4):
            seen = torch.cat(found, 1) if found else image
            found.append(F.leaky_relu(self.get_submodule(f"{name}{layer}")(seen), 0.2))
        return found

    def forward(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Mix the layers of both branches, interleaved, with one weight per channel."""
        pairs = zip(self.branch("ir", ir), self.branch("vi", vis), strict=True)
        return torch.tanh(self.fuse5(torch.cat([x for pair in pairs for x in pair], 1)))
