"""Torch backend of the primitives (float64, batched, any device)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def at_least(array: Tensor, low: float) -> Tensor:
    """See :func:`fusionbench.primitives.arrays.at_least`."""
    return torch.clamp(array, min=low)


def as_float(array: Tensor) -> Tensor:
    """See :func:`fusionbench.primitives.arrays.as_float`."""
    return array.to(torch.float64)


def exp(array: Tensor) -> Tensor:
    """See :func:`fusionbench.primitives.arrays.exp`."""
    return torch.exp(array)


def slope_angle(rise: Tensor, run: Tensor) -> Tensor:
    """See :func:`fusionbench.primitives.arrays.slope_angle`."""
    slope = torch.atan(rise / torch.where(run == 0, 1.0, run))
    return torch.where(run == 0, torch.sign(rise) * (torch.pi / 2), slope)


def like(values: NDArray[np.float64], array: Tensor) -> Tensor:
    """See :func:`fusionbench.primitives.arrays.like`."""
    return torch.tensor(values, device=array.device)


def to_numpy(array: Tensor) -> NDArray[Any]:
    """The tensor's values on the CPU."""
    values: NDArray[Any] = array.cpu().numpy()
    return values


def separable(
    image: Tensor, across: NDArray[np.float64], down: NDArray[np.float64], border: str
) -> Tensor:
    """See :func:`fusionbench.primitives.filters.separable`.

    A filter along an axis is a product with a banded matrix, in which the border is a matter of
    which column a weight stands in; devices multiply matrices faster than they convolve in float64.
    """
    rows = _banded(image.shape[-2], tuple(down.tolist()), border, image.device)
    columns = _banded(image.shape[-1], tuple(across.tolist()), border, image.device)
    return rows @ as_float(image) @ columns.mT


@lru_cache(maxsize=256)
def _banded(length: int, weights: tuple[float, ...], border: str, device: torch.device) -> Tensor:
    """The matrix that correlates a line of that length with the weights."""
    margin = 0 if border == "valid" else len(weights) // 2
    outside = {"replicate": "edge"}.get(border, border)
    place = np.arange(length)
    if border == "zero":
        place = np.pad(place, margin, constant_values=length)
    elif border != "valid":
        place = np.pad(place, margin, mode=outside)  # type: ignore[call-overload]
    count = max(len(place) - len(weights) + 1, 0)
    matrix = np.zeros((count, length + 1))
    for offset, weight in enumerate(weights):
        np.add.at(matrix, (np.arange(count), place[offset : offset + count]), weight)
    return torch.tensor(matrix[:, :length], device=device)


def separable_product(
    first: Tensor,
    second: Tensor,
    across: NDArray[np.float64],
    down: NDArray[np.float64],
    border: str,
) -> Tensor:
    """See :func:`fusionbench.primitives.filters.smooth_product`."""
    return separable(first * second, across, down, border)


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
        return 2 * torch.gradient(values, dim=axis)[0]

    return along(-1), along(-2)


def histogram(image: Tensor) -> Tensor:
    """See :func:`fusionbench.primitives.reductions.histogram`."""
    return _counts(image.to(torch.int64), 256)


def joint_histogram(first: Tensor, second: Tensor) -> Tensor:
    """See :func:`fusionbench.primitives.reductions.joint_histogram`."""
    pairs = first.to(torch.int64) * 256 + second.to(torch.int64)
    return _counts(pairs, 65536).reshape(*first.shape[:-2], 256, 256)


def weighted_logs(counts: Tensor, axes: int) -> Tensor:
    """See :func:`fusionbench.primitives.reductions.weighted_logs`."""
    return torch.xlogy(counts, counts).sum(dim=tuple(range(-axes, 0)))


def _counts(values: Tensor, levels: int) -> Tensor:
    flat = values.reshape(-1, values.shape[-2] * values.shape[-1])
    offset = torch.arange(len(flat), device=values.device)[:, None] * levels
    counts = torch.bincount((flat + offset).ravel(), minlength=len(flat) * levels)
    return counts.to(torch.float64).reshape(*values.shape[:-2], levels)


def mapped(formula: Callable[..., tuple[Tensor, ...]], *maps: Tensor) -> tuple[Tensor, ...]:
    """See :func:`fusionbench.primitives.reductions.mapped`."""
    return formula(*maps)


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
