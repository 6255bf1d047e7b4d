"""Reading, luma, chroma and writing: every image of the suite goes through here.

Luma is Pillow's ``L``, ``(19595 R + 38470 G + 7471 B + 32768) >> 16``; it equals MATLAB's
``rgb2gray``. OpenCV's own gray reader is never used: it differs by up to 9 levels on JPEG files.
"""

from __future__ import annotations

import logging
import zlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fusionbench.errors import DataError
from fusionbench.files import replacing

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})
U8 = NDArray[np.uint8]

log = logging.getLogger(__name__)


def read_image(path: Path | str, data: bytes | None = None) -> U8:
    """Read an image file as 8-bit gray (H×W) or RGB (H×W×3).

    The format is taken from the bytes, not from the name. A palette is resolved, alpha is dropped
    with a warning, 16-bit values are scaled by 1/257 (so that 65535 becomes 255). A colour file
    whose channels are equal stays H×W×3.

    Args:
        path: The file.
        data: Its bytes, where they have been read already.

    Raises:
        DataError: The file is missing, truncated, or not an image of 8 or 16 bits.
    """
    path = Path(path)
    data = read_bytes(path) if data is None else data
    if reason := _incomplete(data):
        raise DataError(f"{path}: {reason}")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise DataError(f"{path}: not an image that OpenCV can decode")
    return _to_rgb(_to_8_bit(image, path), path)


def read_bytes(path: Path) -> bytes:
    """The bytes of an image file.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error


def _incomplete(data: bytes) -> str:
    """Why a file's bytes cannot be the whole image, or nothing; decoders fill the gap silently."""
    if not data:
        return "the file is empty"
    if data.startswith(b"\x89PNG"):
        return _broken_png(data)
    if data.startswith(b"\xff\xd8") and b"\xff\xd9" not in data[-4096:]:
        return "truncated JPEG (no end-of-image marker)"
    if data.startswith(b"BM") and len(data) < int.from_bytes(data[2:6], "little"):
        return "truncated BMP (shorter than its header says)"
    return ""


def _broken_png(data: bytes) -> str:
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, end = data[at + 4 : at + 8], at + 8 + length
        if end + 4 > len(data):
            break
        if zlib.crc32(memoryview(data)[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            return f"damaged PNG (checksum of its {kind.decode('latin-1')} chunk is wrong)"
        if kind == b"IEND":
            return ""
        at = end + 4
    return "truncated PNG (no IEND chunk)"


def _to_8_bit(image: NDArray[np.generic], path: Path) -> U8:
    if image.dtype == np.uint8:
        return image.view(np.uint8)
    if image.dtype != np.uint16:
        raise DataError(f"{path}: {image.dtype} samples; 8-bit and 16-bit images are supported")
    if image.max() < 4096:
        log.warning(
            "%s: 16-bit file that uses only 0..%d; read as dark, stretch raw counts first",
            path,
            image.max(),
        )
    return ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _to_rgb(image: U8, path: Path) -> U8:
    if image.ndim == 2:
        return image
    if image.shape[2] == 4:
        log.warning("%s: alpha channel dropped", path)
        image = image[:, :, :3]
    if image.shape[2] != 3:
        raise DataError(f"{path}: {image.shape[2]} channels; gray, RGB and RGBA are supported")
    return np.ascontiguousarray(image[:, :, ::-1])


def luma(image: U8) -> U8:
    """Luma of an 8-bit image, H×W or H×W×3 RGB, as uint8 H×W (a gray image is its own luma)."""
    if image.ndim == 2:
        return image
    r, g, b = (image[:, :, i].astype(np.uint32) for i in range(3))
    return ((19595 * r + 38470 * g + 7471 * b + 32768) >> 16).astype(np.uint8)


def with_chroma(fused: U8, visible: U8) -> U8:
    """Put a fused luma back under the visible image's Cb and Cr.

    With Cb and Cr fixed, R, G and B all move by the change of luma, so the result is
    ``clip(RGB + (fused - luma(RGB)))``. Where nothing clips its luma is exactly ``fused`` again.

    Args:
        fused: H×W uint8 luma.
        visible: H×W×3 uint8 RGB.
    """
    shift = fused.astype(np.int16) - luma(visible)
    return np.clip(visible + shift[:, :, None], 0, 255).astype(np.uint8)


def write_png(path: Path, image: U8) -> None:
    """Write H×W or H×W×3 RGB uint8 as PNG, atomically; the folder is made.

    Raises:
        DataError: The file cannot be written.
    """
    order = image if image.ndim == 2 else image[:, :, ::-1]
    done, data = cv2.imencode(".png", order)
    if not done:
        raise DataError(f"{path}: cannot be encoded as PNG")
    with replacing(path) as temporary:
        temporary.write_bytes(data.tobytes())
