"""Checks of one image, and of the two sources of a pair beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fusionbench.images import U8, Picture

Found = tuple[str, str]
"""The name of a check, and what it found."""
SPAN = 64
"""Grey levels of 255 that the values of a file span at least, once scaled. 14-bit counts in 16 bits
span less (16383/257 = 63.7), and so do temperatures in hundredths of a kelvin."""
TRIMMED = 0.01
"""Per cent of the samples at either end that are not looked at: dead and saturated pixels."""
COLOUR = 4.0
"""Mean of the largest less the smallest channel above which an image is in colour. The gray images
in colour files of KAIST reach 2.0, the visible images of MSRS begin at 8."""
FALSE_COLOUR = 8.0
ROUGHER, SMALLEST = 1.5, 8
"""How many times rougher samples are whose bytes were exchanged, on images of so many pixels."""
FEW = 16
"""Gray levels of a source up to which they are few."""
ALIKE = 0.99
"""Correlation of infrared and visible luma from which they are one image; real pairs reach 0.66."""


def picture_findings(
    picture: Picture, *, stated: bool = False, fused: bool = False
) -> Iterator[Found]:
    """What is odd about one file: its range, transparency, orientation, pages.

    Args:
        picture: The file, read.
        stated: Whether its range was stated, so that levels are not looked at.
        fused: Whether it is a fused image; those of 8 bits have checks of their own.
    """
    if fused and picture.white != 255 and (lost := lost_levels(picture)):
        yield "fused-few-levels", lost
    if not fused and not stated and (lost := lost_levels(picture)):
        yield "few-levels", lost
    if bytes_exchanged(picture.samples):
        yield "byte-order", f"{picture.samples.min()} to {picture.samples.max()}"
    if picture.alpha is not None and picture.alpha < 1:
        yield "transparent", f"opacity from {picture.alpha:.0%}"
    elif picture.alpha is not None:
        yield "alpha-dropped", ""
    if picture.header.orientation != 1:
        yield "turned", f"orientation {picture.header.orientation}"
    if picture.header.pages > 1:
        yield "first-page", f"{picture.header.pages} pages"


def lost_levels(picture: Picture) -> str:
    """What scaling the range of the file's type to 0..255 loses, in words; nothing where it is fit.

    It is fit where the values (but :data:`TRIMMED`) span at least :data:`SPAN` levels after
    scaling, or more than half of the levels in the file are left: 8-bit images multiplied by 256 or
    257, however dark. An 8-bit file is not fit that uses the values 0 and 1 alone.
    """
    samples, white = picture.samples, picture.white
    low, high = int(samples.min()), int(samples.max())
    if white is None or low == high:
        return ""
    if white == 255:
        return "an 8-bit file that uses only the values 0 and 1" if high == 1 else ""
    first, last = np.percentile(samples, (TRIMMED, 100 - TRIMMED))
    if (last - first) * 255 / white >= SPAN:
        return ""
    held, left = len(np.unique(samples)), len(np.unique(picture.as_8_bit()))
    if held < 2 * left:
        return ""
    return f"{low} to {high} of 0 to {white}: {left} of {held} gray levels are left"


def bytes_exchanged(samples: NDArray[Any]) -> bool:
    """Whether 16-bit samples would make an image with their two bytes in the other order.

    Neighbours differ little in an image; with the bytes in the wrong order their low byte, which is
    noise, counts 256 times.
    """
    if samples.dtype != np.uint16 or min(samples.shape[:2]) < SMALLEST:
        return False
    own, other = map(_roughness, (samples, samples.byteswap()))
    return 0 < other * ROUGHER < own


def _roughness(samples: NDArray[Any]) -> float:
    """The mean difference of neighbours, as a share of the standard deviation."""
    values = samples.astype(np.float32)
    spread = float(values.std())
    return float(np.abs(np.diff(values, axis=1)).mean()) / spread if spread else 0.0


def colourfulness(image: U8) -> float:
    """Mean over the pixels of the largest less the smallest channel; 0 for a gray image."""
    return 0.0 if image.ndim == 2 else float(np.ptp(image, axis=2).mean())


def few_levels(image: U8) -> str:
    """How many gray levels an image has, in words, where they are few; else nothing.

    Those of a single level, or of the levels 0 and 1, have checks of their own.
    """
    levels = np.flatnonzero(np.bincount(image.ravel(), minlength=256))
    few = 1 < len(levels) <= FEW and levels[-1] > 1 and image.size >= FEW**2
    return f"{len(levels)} gray levels" if few else ""


def constant(image: U8) -> bool:
    """Whether every pixel is the same."""
    return bool((image == image[:1, :1]).all())


def correlation(a: U8, b: U8) -> float:
    """Of two gray images, at most about 128 samples a side; 0 where one is constant."""
    step = max(1, min(a.shape) // 128)
    x, y = (image[::step, ::step].astype(np.float64).ravel() for image in (a, b))
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else 0.0
