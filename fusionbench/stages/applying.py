"""Running a loaded method on 8-bit images: to tensors and back, and colour for all methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from fusionbench.images import U8, luma, with_chroma
from fusionbench.plugins import Method

if TYPE_CHECKING:
    import torch

WrittenColour = Literal["keep", "gray"]


class BadOutput(Exception):
    """A method returned something that is not a fused image."""


def fuse_arrays(
    method: Method, ir: Sequence[U8], vis: Sequence[U8], colour: WrittenColour = "keep"
) -> list[U8]:
    """Fuse pairs of 8-bit images of one size with a loaded method.

    Args:
        method: A method whose ``load`` was called.
        ir: Images H×W or H×W×3; their luma is used.
        vis: Images H×W (luma) or H×W×3 RGB, all of one kind.
        colour: See :func:`fuse`.

    Returns:
        Images H×W or H×W×3 uint8; a method's float output is clipped to [0, 1] and rounded.

    Raises:
        BadOutput: The method returned a wrong shape or values that are not finite.
    """
    import torch

    device = method.setting.device
    seen = [luma(v) if method.card.colour == "luma" else v for v in vis]
    with torch.inference_mode():
        output = method.fuse(_tensor([luma(i) for i in ir], device), _tensor(seen, device))
        fused = _bytes(output, len(ir), ir[0].shape[:2])
    return [_coloured(method, f, v, colour) for f, v in zip(fused, vis, strict=True)]


def _coloured(method: Method, fused: U8, vis: U8, colour: WrittenColour) -> U8:
    if colour == "gray":
        return luma(fused)
    if method.card.colour == "luma" and fused.ndim == 2 and vis.ndim == 3:
        return with_chroma(fused, vis)
    return fused


def _tensor(images: Sequence[U8], device: str) -> torch.Tensor:
    import torch

    planes = np.stack([i[None] if i.ndim == 2 else i.transpose(2, 0, 1) for i in images])
    return torch.from_numpy(planes).to(device, torch.float32) / 255


def _bytes(output: torch.Tensor, count: int, size: tuple[int, ...]) -> list[U8]:
    import torch

    if not isinstance(output, torch.Tensor):
        raise BadOutput(f"fuse returned {type(output).__name__}, expected a tensor")
    if output.ndim != 4 or output.shape[0] != count or output.shape[1] not in (1, 3):
        raise BadOutput(
            f"fuse returned shape {tuple(output.shape)}, expected {count}x1xHxW or {count}x3xHxW"
        )
    if tuple(output.shape[2:]) != tuple(size):
        raise BadOutput(f"fuse returned size {tuple(output.shape[2:])} for a pair of {tuple(size)}")
    if not bool(torch.isfinite(output).all()):
        raise BadOutput("fuse returned values that are not finite (NaN or infinity)")
    images = (output.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    return [i[0] if len(i) == 1 else np.ascontiguousarray(i.transpose(1, 2, 0)) for i in images]
