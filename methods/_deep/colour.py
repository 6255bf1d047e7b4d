"""Luma, chroma and 8-bit levels as the authors' programs compute and save them.

Images are B×C×H×W in [0, 1]. The integer formulas work on 8-bit levels, to which their input is
rounded; a visible image of one channel is its own luma.
"""

from __future__ import annotations

import torch
from torch import Tensor


def levels(image: Tensor) -> Tensor:
    """8-bit levels of an image in [0, 1], as int32."""
    return (255 * image).round().clamp(0, 255).to(torch.int32)


def luma(vis: Tensor) -> Tensor:
    """Pillow's ``L``: ``(19595 R + 38470 G + 7471 B + 32768) >> 16``."""
    return _weighted(vis, (19595, 38470, 7471), 32768, 16)


def opencv_luma(vis: Tensor) -> Tensor:
    """OpenCV's gray reader on a PNG: ``(9797 R + 19234 G + 3737 B) >> 15``, truncated."""
    return _weighted(vis, (9797, 19234, 3737), 0, 15)


def opencv_gray(rgb: Tensor) -> Tensor:
    """OpenCV's ``RGB2GRAY`` on bytes: ``(9798 R + 19235 G + 3735 B + 16384) >> 15``."""
    return _weighted(rgb, (9798, 19235, 3735), 16384, 15)


def _weighted(image: Tensor, weights: tuple[int, int, int], rounding: int, shift: int) -> Tensor:
    if image.shape[1] == 1:
        return image
    r, g, b = levels(image).chunk(3, 1)
    level: Tensor = (weights[0] * r + weights[1] * g + weights[2] * b + rounding) >> shift
    return level / 255


def opencv_ycrcb(rgb: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """OpenCV's ``RGB2YCrCb`` on bytes: Y, Cr and Cb in [0, 1], neutral chroma at 128/255.

    ``Y = (4899 R + 9617 G + 1868 B + 8192) >> 14``,
    ``Cr = ((R - Y) 11682 + (128 << 14) + 8192) >> 14``, ``Cb`` likewise with B and 9241.
    """
    r, g, b = levels(rgb).chunk(3, 1)
    y = (4899 * r + 9617 * g + 1868 * b + 8192) >> 14
    cr = (((r - y) * 11682 + (128 << 14) + 8192) >> 14).clamp(0, 255)
    cb = (((b - y) * 9241 + (128 << 14) + 8192) >> 14).clamp(0, 255)
    return y / 255, cr / 255, cb / 255


def to_ycrcb(rgb: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Float Y, Cr and Cb with rounded constants, neutral chroma at 0.5.

    ``Y = 0.299 R + 0.587 G + 0.114 B``, ``Cr = 0.713 (R - Y) + 0.5``, ``Cb = 0.564 (B - Y) + 0.5``.
    """
    r, g, b = rgb.chunk(3, 1)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return y, 0.713 * (r - y) + 0.5, 0.564 * (b - y) + 0.5


def from_ycrcb(y: Tensor, cr: Tensor, cb: Tensor) -> Tensor:
    """RGB, not clamped, from Y and chroma that is neutral at 0.5 (rounded constants).

    ``R = Y + 1.403 Cr'``, ``G = Y - 0.714 Cr' - 0.344 Cb'``, ``B = Y + 1.773 Cb'``.
    """
    cr, cb = cr - 0.5, cb - 0.5
    return torch.cat([y + 1.403 * cr, y - 0.714 * cr - 0.344 * cb, y + 1.773 * cb], 1)


def under_chroma(fused: Tensor, vis: Tensor) -> Tensor:
    """Put a fused luma back under the visible chroma, as the suite does it for every luma method.

    With Cb and Cr fixed, R, G and B all move by the change of Pillow's luma, in 8-bit levels.
    """
    if vis.shape[1] == 1:
        return fused
    return (levels(vis) + levels(fused) - levels(luma(vis))).clamp(0, 255) / 255


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
