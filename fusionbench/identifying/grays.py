"""How published evaluation code makes a gray image of a colour one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fusionbench.errors import DataError, UnknownNameError
from fusionbench.images import U8, luma

AS_READ = "channels"
"""No conversion: for conventions that average over the colour channels."""


class Gray(NamedTuple):
    """A conversion: what it is, and its function of a file's bytes and its image (H×W×3 RGB)."""

    title: str
    convert: Callable[[bytes, U8], U8]


def _weighted(image: U8) -> NDArray[np.float64]:
    red, green, blue = (image[..., channel].astype(np.float64) for channel in range(3))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _opencv(_: bytes, image: U8) -> U8:
    return _u8(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def _u8(image: object) -> U8:
    gray: U8 = np.asarray(image, np.uint8)
    return gray


def _opencv_read(data: bytes, image: U8) -> U8:
    gray = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if gray is None or gray.shape != image.shape[:2]:
        raise DataError("OpenCV does not read the image as gray")
    return _u8(gray)


def _truncated(_: bytes, image: U8) -> U8:
    # 1e-9: weights in binary must not turn an equal-channel pixel into the level below it
    return _u8(np.floor(_weighted(image) + 1e-9).astype(np.uint8))


def _mean(_: bytes, image: U8) -> U8:
    total = image.sum(axis=2, dtype=np.uint16)
    return _u8(((2 * total + 3) // 6).astype(np.uint8))


def _channel(number: int) -> Callable[[bytes, U8], U8]:
    return lambda _, image: np.ascontiguousarray(image[..., number])


GRAYS: dict[str, Gray] = {
    "luma": Gray("Pillow L, MATLAB rgb2gray", lambda _, image: luma(image)),
    "opencv": Gray("OpenCV cvtColor", _opencv),
    "opencv-read": Gray("OpenCV imread(path, 0)", _opencv_read),
    "truncated": Gray("0.299 R + 0.587 G + 0.114 B, rounded down", _truncated),
    "mean": Gray("(R + G + B) / 3, rounded", _mean),
    "red": Gray("first channel in RGB order", _channel(0)),
    "green": Gray("second channel", _channel(1)),
    "blue": Gray("first channel in OpenCV's BGR order", _channel(2)),
}
"""The conversions that are tried, the usual one first. All give 8-bit images."""

ALL_GRAYS = (*GRAYS, AS_READ)


def parse_grays(text: str) -> tuple[str, ...]:
    """Read ``luma,opencv``; everything for ``all``.

    Raises:
        UnknownNameError: There is no such conversion.
    """
    names = [name.strip().casefold() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in (*ALL_GRAYS, "all"):
            raise UnknownNameError(
                "gray conversion", name, ALL_GRAYS, "fusionbench identify --help"
            )
    return ALL_GRAYS if "all" in names or not names else tuple(n for n in ALL_GRAYS if n in names)


def to_gray(name: str, data: bytes, image: U8) -> U8:
    """An image under a conversion; a gray image, or :data:`AS_READ`, stays as it is.

    Args:
        name: The conversion.
        data: The file's bytes.
        image: What they hold, H×W or H×W×3 RGB.
    """
    return image if name == AS_READ or image.ndim == 2 else GRAYS[name].convert(data, image)
