"""Paired crops for training, from images held in memory."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")

Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class GreyPair:
    """One pair: 8-bit luma of both images, H x W."""

    id: str
    ir: Grey
    vis: Grey


def load_pairs(ir: Path, vis: Path) -> list[GreyPair]:
    """All pairs of two folders by file name without suffix, sorted; each file needs its partner.

    Raises:
        ValueError: A file without a partner, a pair of two sizes, or no image at all.
    """
    files = [
        {p.stem: p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES}
        for folder in (ir, vis)
    ]
    alone = sorted(files[0].keys() ^ files[1].keys())
    if alone:
        raise ValueError(
            f"{len(alone)} images without a partner in {ir} and {vis}: {', '.join(alone[:10])}"
        )
    pairs = [
        GreyPair(name, _luma(files[0][name]), _luma(files[1][name])) for name in sorted(files[0])
    ]
    uneven = [pair.id for pair in pairs if pair.ir.shape != pair.vis.shape]
    if uneven or not pairs:
        raise ValueError(
            f"pairs of two sizes: {', '.join(uneven[:10])}" if uneven else f"no images in {ir}"
        )
    return pairs


def hold_out(
    pairs: list[GreyPair], every: int, offset: int, most: int
) -> tuple[list[GreyPair], list[GreyPair]]:
    """Split into training and validation pairs.

    Pair i is held out where i mod ``every`` is ``offset``, ``most`` pairs in all.
    """
    held = [pair for i, pair in enumerate(pairs) if i % every == offset][:most]
    ids = {pair.id for pair in held}
    return [pair for pair in pairs if pair.id not in ids], held


def to_tensor(*images: Grey) -> Tensor:
    """Grey images of one size to N x 1 x H x W in [-1, 1]."""
    return torch.from_numpy(np.stack(images)[:, None]).float() / 127.5 - 1


class Crops:
    """Random square crops, each flipped along either axis with probability 1/2."""

    def __init__(self, pairs: list[GreyPair], size: int, rng: np.random.Generator) -> None:
        small = [pair.id for pair in pairs if min(pair.ir.shape) < size]
        if small:
            raise ValueError(f"smaller than a crop of {size} pixels: {', '.join(small[:10])}")
        self.pairs, self.size, self.rng = pairs, size, rng

    def batch(self, count: int) -> tuple[Tensor, Tensor]:
        """IR and VIS, ``count`` x 1 x size x size each."""
        crops = [self._crop(self.pairs[self.rng.integers(len(self.pairs))]) for _ in range(count)]
        return to_tensor(*(ir for ir, _ in crops)), to_tensor(*(vis for _, vis in crops))

    def _crop(self, pair: GreyPair) -> tuple[Grey, Grey]:
        top, left = (int(self.rng.integers(n - self.size + 1)) for n in pair.ir.shape)
        steps = [int(step) for step in self.rng.choice((-1, 1), size=2)]
        window = np.s_[top : top + self.size, left : left + self.size]
        return pair.ir[window][:: steps[0], :: steps[1]], pair.vis[window][:: steps[0], :: steps[1]]


def _luma(path: Path) -> Grey:
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("L"))
