"""The IFCNN network with the element-wise maximum."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .._deep.blocks import ConvNorm, conv


class IFCNN(nn.Module):
    """Infrared and visible, N×3×H×W each in units of ImageNet's deviation, to the same."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = conv(3, 64, 7, border="replicate", bias=False)
        self.conv2, self.conv3 = ConvNorm(64, 64, bias=False), ConvNorm(64, 64, bias=False)
        self.conv4 = conv(64, 3, 1)

    def encode(self, image: Tensor) -> Tensor:
        """N×3×H×W to N×64×H×W."""
        return torch.relu(self.conv2(self.conv1(image)))

    def forward(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Reconstruct the larger features."""
        fused = torch.maximum(self.encode(ir), self.encode(vis))
        image: Tensor = self.conv4(torch.relu(self.conv3(fused)))
        return image
