"""Running a loaded method on 8-bit images: to tensors and back, and colour for all methods."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fusionbench.images import U8, luma, with_chroma
from fusionbench.plugins import Method
from fusionbench.stages import WrittenColour

if TYPE_CHECKING:
    import torch

FUSED_BY = 1
"""Version of what is done to every method's images, before and after it.

Raise it with any change here or in ``images.py`` that changes a fused image.
"""

OVERSHOOT = 0.03
"""How far outside [0, 1] an output may lie, in the mean over all its values."""
SHARE, OVERSHOOT_OF_MANY = 0.5, 0.005
"""What share of an output's values may lie outside by more than that much in the mean."""


class BadOutput(Exception):
    """A method returned something that is not a fused image."""


class Fused(NamedTuple):
    """A fused image, H×W or H×W×3 uint8, and the share of values that were clipped to [0, 1]."""

    image: U8
    outside: float


def fuse_arrays(
    method: Method,
    ir: Sequence[U8],
    vis: Sequence[U8],
    colour: WrittenColour = "keep",
    *,
    accept_range: bool = False,
) -> list[U8]:
    """The images of :func:`fuse_checked`, H×W or H×W×3 uint8."""
    made = fuse_checked(method, ir, vis, colour, accept_range=accept_range)
    return [fused.image for fused in made]


def fuse_checked(
    method: Method,
    ir: Sequence[U8],
    vis: Sequence[U8],
    colour: WrittenColour = "keep",
    *,
    accept_range: bool = False,
) -> list[Fused]:
    """Fuse pairs of 8-bit images of one size with a loaded method.

    A method's float output is clipped to [0, 1] and rounded. Overshooting a little at edges is
    usual: on real pairs the built-in methods reach a mean distance of 0.013 from [0, 1], with
    30 % of the values outside. Values in 0..255 or -1..1 are far beyond, and refused.

    Args:
        method: A method whose ``load`` was called.
        ir: Images H×W or H×W×3; their luma is used.
        vis: Images H×W (luma) or H×W×3 RGB, all of one kind.
        colour: See :func:`fuse`.
        accept_range: Clip whatever lies outside [0, 1].

    Raises:
        BadOutput: The method returned a wrong type or shape, values that are not finite, or too
            many too far outside [0, 1].
    """
    import torch

    device = method.setting.device
    seen = [luma(v) if method.card.colour == "luma" else v for v in vis]
    with torch.inference_mode():
        output = method.fuse(_tensor([luma(i) for i in ir], device), _tensor(seen, device))
        checked = _checked(output, len(ir), ir[0].shape[:2])
        outside = [_outside(image, accept_range) for image in checked]
        fused = _bytes(checked)
    parts = zip(fused, vis, outside, strict=True)
    return [Fused(_coloured(method, f, v, colour), share) for f, v, share in parts]


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


def _checked(output: object, count: int, size: tuple[int, ...]) -> torch.Tensor:
    """What ``fuse`` returned, once it is known to be B×{1,3}×H×W of real numbers."""
    import torch

    if not isinstance(output, torch.Tensor):
        raise BadOutput(f"fuse returned {type(output).__name__}, expected a tensor")
    if output.ndim != 4 or output.shape[0] != count or output.shape[1] not in (1, 3):
        raise BadOutput(
            f"fuse returned shape {tuple(output.shape)}, expected {count}x1xHxW or {count}x3xHxW"
        )
    if tuple(output.shape[2:]) != tuple(size):
        raise BadOutput(f"fuse returned size {tuple(output.shape[2:])} for a pair of {tuple(size)}")
    if not output.is_floating_point():
        kind = str(output.dtype).removeprefix("torch.")
        hint = "; divide levels of 0..255 by 255" if kind in ("uint8", "int32", "int64") else ""
        raise BadOutput(f"fuse returned {kind} values, expected float in [0, 1]{hint}")
    return output if output.dtype == torch.float64 else output.float()


def _outside(image: torch.Tensor, accept: bool) -> float:
    """The share of values that lie outside [0, 1] by more than half a grey level."""
    low, high = (float(value) for value in image.aminmax())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise BadOutput("fuse returned values that are not finite (NaN or infinity)")
    if low >= 0 and high <= 1:
        return 0.0
    distance = (image - image.clamp(0, 1)).abs()
    share, mean = float((distance > 0.5 / 255).double().mean()), float(distance.mean())
    if not accept and (mean > OVERSHOOT or (share > SHARE and mean > OVERSHOOT_OF_MANY)):
        raise BadOutput(
            f"fuse returned values from {low:.4g} to {high:.4g}, {share:.0%} of them outside "
            f"[0, 1]; expected [0, 1]{remedy(low, high)}"
        )
    return round(share, 6)


def remedy(low: float, high: float) -> str:
    """What to do with values that lie in 0..255 or -1..1; nothing to say of others."""
    if high > 2:
        return ": divide levels of 0..255 by 255" if 64 < high < 300 and low > -64 else ""
    return ": a network's -1..1 becomes (x + 1) / 2" if -1.5 < low < -0.1 and high < 1.5 else ""


def _bytes(output: torch.Tensor) -> list[U8]:
    import torch

    images = (output.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    return [i[0] if len(i) == 1 else np.ascontiguousarray(i.transpose(1, 2, 0)) for i in images]
