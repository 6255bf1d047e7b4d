"""The generator of TarDAL: a dense block and four fusing convolutions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .._deep.blocks import conv

WIDTH = 32


class PerImageNorm(nn.BatchNorm2d):
    """Batch norm that always uses the mean and the (biased) variance of the very image it sees."""

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to N×C×H×W."""
        return F.instance_norm(x, weight=self.weight, bias=self.bias, eps=self.eps)


class TarDAL(nn.Module):
    """Infrared and visible luma in [0, 1], N×1×H×W each, to the fused luma in [-1, 1].

    Args:
        per_image: Normalise with the statistics of the image instead of the running ones.
    """

    def __init__(self, *, per_image: bool = False) -> None:
        super().__init__()
        norm = PerImageNorm if per_image else nn.BatchNorm2d

        def step(inputs: int, outputs: int) -> nn.Sequential:
            return nn.Sequential(conv(inputs, outputs), norm(outputs), nn.ReLU())

        self.encoder = step(2, WIDTH)
        self.dense = nn.ModuleList(step(WIDTH * i, WIDTH) for i in (1, 2, 3))
        self.fuse = nn.Sequential(
            nn.Sequential(conv(4 * WIDTH, 4 * WIDTH), nn.ReLU()),
            step(4 * WIDTH, 2 * WIDTH),
            step(2 * WIDTH, WIDTH),
            nn.Sequential(conv(WIDTH, 1), nn.Tanh()),
        )

    def forward(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Fuse; the infrared image is the first channel."""
        x: Tensor = self.encoder(torch.cat([ir, vis], 1))
        for layer in self.dense:
            x = torch.cat([x, layer(x)], 1)
        image: Tensor = self.fuse(x)
        return image
