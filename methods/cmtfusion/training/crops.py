"""Paired crops for training, from images held on the device."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fusionbench import DataSetRecord, PairRecord, luma, read_sources


@dataclass(frozen=True)
class GreyPair:
    """One pair: 8-bit luma of both images, 2 x H x W (IR, VIS)."""

    id: str
    images: Tensor


def load_pairs(records: Sequence[DataSetRecord], device: str = "cpu") -> list[GreyPair]:
    """The pairs of data sets, in their order, on a device."""
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(_load, (pair for record in records for pair in record.pairs)))
    return [GreyPair(pair.id, pair.images.to(device)) for pair in found]


def equal_shares(records: Sequence[DataSetRecord]) -> list[float]:
    """How often to draw from each pair, so that every data set is drawn from equally often."""
    counts = [len(record.pairs) for record in records]
    return [1 / (len(counts) * n) for n in counts for _ in range(n)]


def _load(pair: PairRecord) -> GreyPair:
    both = np.stack([luma(image) for image in read_sources(pair)])
    return GreyPair(pair.id, torch.from_numpy(both))


def to_network(images: Tensor) -> tuple[Tensor, Tensor]:
    """IR and VIS, N x 1 x H x W in [-1, 1], from N x 2 x H x W bytes."""
    scaled = images.float() / 127.5 - 1
    return scaled[:, :1], scaled[:, 1:]


class Crops:
    """Random square crops, each flipped along either axis with probability 1/2.

    An image smaller than a crop is first mirrored at its right and lower edge. With ``tones``, half
    of the crops are moved towards black (more often) or white, both sources alike: day scenes alone
    do not teach a network what is dark. With ``shares``, that is how often each pair is drawn from;
    else all are alike.
    """

    def __init__(
        self,
        pairs: Sequence[GreyPair],
        size: int,
        rng: np.random.Generator,
        *,
        tones: bool = False,
        shares: Sequence[float] | None = None,
    ) -> None:
        self.images = [_at_least(pair.images, size) for pair in pairs]
        self.size, self.rng, self.tones, self.shares = size, rng, tones, shares

    def batch(self, count: int) -> tuple[Tensor, Tensor]:
        """IR and VIS, ``count`` x 1 x size x size each."""
        crops = [self._crop(self._draw()) for _ in range(count)]
        ir, vis = to_network(torch.stack(crops))
        if self.tones:
            for both in zip(ir, vis, strict=True):
                self._move(*both)
        return ir, vis

    def _move(self, ir: Tensor, vis: Tensor) -> None:
        """Towards black or white: the distance to it is scaled by 0.1 to 1; in place."""
        if self.rng.random() < 0.5:
            end = -1.0 if self.rng.random() < 0.7 else 1.0
            gain = self.rng.uniform(0.1, 1.0)
            for image in (ir, vis):
                image.sub_(end).mul_(gain).add_(end)

    def _draw(self) -> Tensor:
        return self.images[self.rng.choice(len(self.images), p=self.shares)]

    def _crop(self, images: Tensor) -> Tensor:
        top, left = (int(self.rng.integers(n - self.size + 1)) for n in images.shape[1:])
        flipped = [
            axis for axis, s in zip((1, 2), self.rng.choice((-1, 1), size=2), strict=True) if s < 0
        ]
        return images[:, top : top + self.size, left : left + self.size].flip(flipped)


def _at_least(images: Tensor, size: int) -> Tensor:
    padding: Any = [(0, 0), *((0, max(size - n, 0)) for n in images.shape[1:])]
    if not any(after for _, after in padding):
        return images
    return torch.from_numpy(np.pad(images.cpu().numpy(), padding, "symmetric")).to(images.device)
