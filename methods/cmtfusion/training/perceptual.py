"""VGG-19 features for the perceptual loss, from a file of weights in one of two layouts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fusionbench import FusionBenchError, sha256_of

if TYPE_CHECKING:
    from .settings import Settings

TORCHVISION_URL = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"
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


def find_features(settings: Settings) -> VGGFeatures | None:
    """The features that a run's perceptual term needs, or None where the term has no weight.

    Taken from ``perceptual_weights``; else from torchvision's VGG-19 where torch keeps downloads
    (``torch.hub``'s checkpoints), which ``download`` allows to fetch; both are verified by the
    checksum in the file's name.

    Raises:
        FusionBenchError: There are none; or they are not torchvision's and the weight of the term
            is still the published one, which belongs to torchvision's activations.
    """
    if not settings.loss_weights.perceptual:
        return None
    path = settings.perceptual_weights or _torchvision_file(settings.download)
    try:
        features = load_features(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise FusionBenchError(f"--perceptual-weights {path}: {error}") from error
    if (
        not features.torchvision
        and settings.weights.perceptual == type(settings.weights).perceptual
    ):
        raise FusionBenchError(
            f"{path} is not torchvision's VGG-19: its activations have another scale, to which the "
            f"published weight of {settings.weights.perceptual} does not belong. Name one with "
            "--weight-perceptual (0.01 was taken for the weights that ship)"
        )
    return features


def _torchvision_file(download: bool) -> Path:
    name = TORCHVISION_URL.rpartition("/")[2]
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    prefix = path.stem.rpartition("-")[2]
    if not path.is_file() and download:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(TORCHVISION_URL, str(path), hash_prefix=prefix)
    if path.is_file() and sha256_of(path).startswith(prefix):
        return path
    raise FusionBenchError(
        f"the perceptual loss needs VGG-19, and torchvision's {name} is not at {path}. Pass "
        "--download to fetch it (575 MB), --perceptual-weights FILE for another copy, or "
        "--no-perceptual to train without the term"
    )
