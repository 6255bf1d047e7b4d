"""What the classical fusers share: arrays instead of tensors, MATLAB-like filters, pyramids.

A classical fuser is a :class:`Classical` with one of two functions over float64 arrays in levels
(0..255). Only NumPy is imported here; OpenCV and SciPy are imported where they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fusionbench import Method

if TYPE_CHECKING:
    from torch import Tensor

F64 = NDArray[np.float64]


class Classical(Method):
    """A fuser of float64 arrays in levels, 0..255, with no training and no state.

    A subclass defines :meth:`fuse_gray`, or :meth:`fuse_colour` where the channels of a colour
    image take part together. A change in ``_classical`` that may change the images of several
    fusers raises ``shared_version``.
    """

    shared_version = 1

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels; what leaves 0..255 is clipped later."""
        raise NotImplementedError

    def fuse_colour(self, ir: F64, vis: F64) -> F64:
        """Fuse H×W×C images in levels: every channel as if it were alone.

        Args:
            ir: H×W×1, or as many channels as the visible image.
            vis: H×W×C.
        """
        last = ir.shape[2] - 1
        channels = range(vis.shape[2])
        return np.stack([self.fuse_gray(ir[..., min(c, last)], vis[..., c]) for c in channels], -1)

    def fuse(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Fuse B×1×H×W with B×C×H×W in [0, 1], image by image in float64 on the CPU."""
        import torch

        pairs = zip(_levels(ir), _levels(vis), strict=True)
        fused = np.stack([self.fuse_colour(a, b).transpose(2, 0, 1) / 255 for a, b in pairs])
        return torch.from_numpy(fused.astype(np.float32)).to(ir.device)


def to_bytes(image: F64) -> F64:
    """Round half up and clip to 0..255, as MATLAB's ``uint8`` does; stays float64."""
    return np.clip(np.floor(image + 0.5), 0, 255)


def _levels(batch: Tensor) -> F64:
    """B×C×H×W in [0, 1] as B×H×W×C levels; n/255 in float32 is n again."""
    levels = batch.cpu().numpy().astype(np.float64).transpose(0, 2, 3, 1) * 255
    whole = np.rint(levels)
    return np.where(np.abs(levels - whole) < 1e-4, whole, levels)
