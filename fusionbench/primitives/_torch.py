"""Torch backend of the primitives (float64, batched, any device)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

PADS = {"zero": "constant", "replicate": "replicate", "reflect": "reflect"}


def at_least(array: Tensor, low: float) -> Tensor:
    """See :func:`fusionbench.primitives.arrays.at_least`."""
    return torch.clamp(array, min=low)


def as_float(array: Tensor) -> Tensor:
    """See :func:`fusionbench.primitives.arrays.as_float`."""
    return array.to(torch.float64)


def like(values: NDArray[np.float64], array: Tensor) -> Tensor:
    """See :func:`fusionbench.primitives.arrays.like`."""
    return torch.tensor(values, device=array.device)


def to_numpy(array: Tensor) -> NDArray[Any]:
    """The tensor's values on the CPU."""
    values: NDArray[Any] = array.cpu().numpy()
    return values


def _padded(image: Tensor, down: int, across: int, border: str) -> Tensor:
    """The image, N×1×H×W, with what lies outside it."""
    if border == "symmetric":
        rows = _mirrored(image.shape[-2], down, image.device)
        columns = _mirrored(image.shape[-1], across, image.device)
        return image[..., rows, :][..., columns]
    return functional.pad(image, (across, across, down, down), mode=PADS[border])


def _mirrored(length: int, margin: int, device: torch.device) -> Tensor:
    place = torch.arange(-margin, length + margin, device=device) % (2 * length)
    return torch.where(place < length, place, 2 * length - 1 - place)


def separable(
    image: Tensor, across: NDArray[np.float64], down: NDArray[np.float64], border: str
) -> Tensor:
    """See :func:`fusionbench.primitives.filters.separable`."""
    height, width = image.shape[-2:]
    h, w = len(down), len(across)
    if border == "valid" and (height < h or width < w):
        shape = (*image.shape[:-2], max(height - h + 1, 0), max(width - w + 1, 0))
        return torch.zeros(shape, dtype=torch.float64, device=image.device)
    planes = as_float(image).reshape(-1, 1, height, width)
    if border != "valid":
        planes = _padded(planes, h // 2, w // 2, border)
    vertical = torch.tensor(down, device=image.device).reshape(1, 1, h, 1)
    horizontal = torch.tensor(across, device=image.device).reshape(1, 1, 1, w)
    done = functional.conv2d(functional.conv2d(planes, vertical), horizontal)
    return done.reshape(*image.shape[:-2], *done.shape[-2:])


def sobel(image: Tensor, border: str) -> tuple[Tensor, Tensor]:
    """See :func:`fusionbench.primitives.filters.sobel`."""
    slope, weight = np.array([-1.0, 0.0, 1.0]), np.array([1.0, 2.0, 1.0])
    return separable(image, slope, weight, border), separable(image, weight, slope, border)


def gradient(image: Tensor) -> tuple[Tensor, Tensor]:
    """See :func:`fusionbench.primitives.filters.gradient`."""
    values = as_float(image)

    def along(axis: int) -> Tensor:
        if values.shape[axis] < 2:
            return torch.zeros_like(values)
        return torch.gradient(values, dim=axis)[0]

    return along(-1), along(-2)


def histogram(image: Tensor) -> Tensor:
    """See :func:`fusionbench.primitives.histograms.histogram`."""
    return _counts(image.to(torch.int64), 256)


def joint_histogram(first: Tensor, second: Tensor) -> Tensor:
    """See :func:`fusionbench.primitives.histograms.joint_histogram`."""
    pairs = first.to(torch.int64) * 256 + second.to(torch.int64)
    return _counts(pairs, 65536).reshape(*first.shape[:-2], 256, 256)


def _counts(values: Tensor, levels: int) -> Tensor:
    flat = values.reshape(-1, values.shape[-2] * values.shape[-1])
    offset = torch.arange(len(flat), device=values.device)[:, None] * levels
    counts = torch.bincount((flat + offset).ravel(), minlength=len(flat) * levels)
    return counts.to(torch.float64).reshape(*values.shape[:-2], levels)


def dot(first: Tensor, second: Tensor) -> Tensor:
    """See :func:`fusionbench.primitives.reductions.dot`."""
    return (first * second).sum(dim=(-2, -1))


def squared_steps(image: Tensor) -> tuple[Tensor, Tensor]:
    """See :func:`fusionbench.primitives.reductions.squared_steps`."""
    values = as_float(image)
    across, down = values.diff(dim=-1), values.diff(dim=-2)
    return (across**2).sum(dim=(-2, -1)), (down**2).sum(dim=(-2, -1))


def totals(formula: Callable[..., tuple[Tensor, ...]], *maps: Tensor) -> tuple[Any, ...]:
    """See :func:`fusionbench.primitives.reductions.totals`."""
    return tuple(part.sum(dim=(-2, -1)) for part in formula(*maps))


def log_totals(formula: Callable[..., tuple[Tensor, ...]], *maps: Tensor) -> tuple[Any, ...]:
    """See :func:`fusionbench.primitives.reductions.log_totals`."""
    return tuple(part.log().sum(dim=(-2, -1)) for part in formula(*maps))
