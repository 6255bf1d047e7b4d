"""The student network of SAGE: a small U-Net with two scales below the image."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .._deep.blocks import conv

WIDTH = 32


def _step(inputs: int, size: int = 3) -> list[nn.Module]:
    return [conv(inputs, WIDTH, size), nn.BatchNorm2d(WIDTH), nn.LeakyReLU(0.01)]


def _triple(inputs: int) -> nn.Sequential:
    return nn.Sequential(*_step(inputs), *_step(WIDTH), *_step(WIDTH))


def _enlarged(small: Tensor, like: Tensor) -> Tensor:
    """Both along channels, the first one resized bilinearly to the second one's size."""
    resized = F.interpolate(small, like.shape[2:], mode="bilinear", align_corners=False)
    return torch.cat([resized, like], 1)


class SAGE(nn.Module):
    """Infrared and visible luma in [0, 1], N×1×H×W each, to the fused luma in (-1, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.module1, self.module2, self.module3 = _triple(2), _triple(WIDTH), _triple(WIDTH)
        self.module4, self.module5 = _triple(WIDTH), _triple(WIDTH)
        self.adjust_channels4 = nn.Sequential(*_step(2 * WIDTH, 1))
        self.adjust_channels5 = nn.Sequential(*_step(2 * WIDTH, 1))
        self.final_decoder = nn.Sequential(conv(WIDTH, 1), nn.Tanh())

    def forward(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Down twice, up twice; the visible image is the first channel."""
        full = self.module1(torch.cat([vis, ir], 1))
        half = self.module2(F.max_pool2d(full, 2))
        quarter = self.module3(F.max_pool2d(half, 2))
        half = self.module4(self.adjust_channels4(_enlarged(quarter, half)))
        full = self.module5(self.adjust_channels5(_enlarged(half, full)))
        image: Tensor = self.final_decoder(full)
        return image
