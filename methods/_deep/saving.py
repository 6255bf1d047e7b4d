"""How the authors' programs turn a network's output into 8-bit levels; images are B×C×H×W."""

from __future__ import annotations

import torch
from torch import Tensor


def truncate(image: Tensor) -> Tensor:
    """Clamp to [0, 1] and drop the fraction of the 8-bit level, where rounding is usual."""
    return (image.clamp(0, 1) * 255).floor() / 255


def stretch(image: Tensor) -> Tensor:
    """Each image's minimum (over all its channels) to 0 and its maximum to 1."""
    low, high = image.amin((1, 2, 3), keepdim=True), image.amax((1, 2, 3), keepdim=True)
    return (image - low) / (high - low).clamp_min(torch.finfo(image.dtype).eps)


def scale_to_maximum(image: Tensor) -> Tensor:
    """Each image's maximum (over all its channels) to 1, with 0 left where it is."""
    return image / image.amax((1, 2, 3), keepdim=True).clamp_min(torch.finfo(image.dtype).eps)


def from_signed(image: Tensor, output: str) -> Tensor:
    """A network's [-1, 1] as [0, 1]: ``clip`` keeps the range, ``minmax`` stretches each image."""
    return stretch(image) if output == "minmax" else ((image + 1) / 2).clamp(0, 1)
