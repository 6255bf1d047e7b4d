"""VGG-19 features for the perceptual loss, from a file of weights in one of two layouts."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_TORCHVISION = (0, 2, 5, 7, 10, 12)
_NORMALISED = (2, 5, 9, 12, 16)
_POOL_BEFORE = (2, 4)
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class VGGFeatures(nn.Module):
    """Three feature maps of a grey image in [-1, 1], N x 1 x H x W, repeated to three channels.

    Torchvision's layout (``features.<n>.weight``): zero padding, ImageNet mean and deviation, taps
    relu1_2, relu2_2, relu3_2, as published. The truncated normalised layout (``<n>.weight``, a 1x1
    convolution first that turns RGB in [0, 1] into what the network expects): reflection padding,
    taps relu1_2, relu2_2, relu3_1. The weights are fixed; gradients reach the image.
    """

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        self.torchvision = "features.0.weight" in state
        numbers, prefix = (_TORCHVISION, "features.") if self.torchvision else (_NORMALISED, "")
        needed = [f"{prefix}{n}" for n in (numbers if self.torchvision else (0, *numbers))]
        missing = [
            f"{n}.{p}" for n in needed for p in ("weight", "bias") if f"{n}.{p}" not in state
        ]
        if missing:
            raise ValueError(f"no VGG-19 weights in a known layout: {', '.join(missing)} missing")
        self.layers = len(numbers)
        for i, n in enumerate(numbers):
            weight, bias = state[f"{prefix}{n}.weight"].float(), state[f"{prefix}{n}.bias"].float()
            self.register_buffer(f"weight{i}", weight.contiguous(memory_format=torch.channels_last))
            self.register_buffer(f"bias{i}", bias)
        scale, shift = self._input_map(state)
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def _input_map(self, state: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Grey g in [0, 1] becomes the three channels scale g + shift."""
        if self.torchvision:
            mean, std = torch.tensor(_MEAN), torch.tensor(_STD)
            return (1 / std).view(1, 3, 1, 1), (-mean / std).view(1, 3, 1, 1)
        scale = state["0.weight"].float().sum(dim=(1, 2, 3))
        return scale.view(1, 3, 1, 1), state["0.bias"].float().view(1, 3, 1, 1)

    def forward(self, image: Tensor) -> list[Tensor]:
        """The three tapped maps, after their ReLU."""
        x = (image + 1) / 2 * self.get_buffer("scale") + self.get_buffer("shift")
        x = x.contiguous(memory_format=torch.channels_last)
        taps = []
        for i in range(self.layers):
            if i in _POOL_BEFORE:
                taps.append(x)
                x = F.max_pool2d(x, 2)
            weight, bias = self.get_buffer(f"weight{i}"), self.get_buffer(f"bias{i}")
            if self.torchvision:
                x = F.relu(F.conv2d(x, weight, bias, padding=1))
            else:
                x = F.relu(F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), weight, bias))
        return [*taps, x]


def load_features(path: Path) -> VGGFeatures:
    """VGG-19 features from a state dict file, read as tensors only."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise ValueError(f"{path}: a state dict was expected, got {type(state).__name__}")
    return VGGFeatures(state)
