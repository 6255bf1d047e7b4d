"""Reading, luma, chroma and writing: every image of the suite goes through here.

Luma is Pillow's ``L``, ``(19595 R + 38470 G + 7471 B + 32768) >> 16``; it equals MATLAB's
``rgb2gray``. OpenCV's own gray reader is never used: it differs by up to 9 levels on JPEG files.

JPEG files are decoded by Pillow, all others by OpenCV. Both call libjpeg-turbo and give the same
pixels; OpenCV's lets libjpeg print to the terminal. OpenCV's own log is switched off, unless
``OPENCV_LOG_LEVEL`` says otherwise: what it would say is in the error that is raised.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fusionbench.errors import DataError
from fusionbench.files import replacing
from fusionbench.imagefiles import SUFFIXES as SUFFIXES
from fusionbench.imagefiles import Header, Unreadable, check_whole, read_header
from fusionbench.recipes import Recipe, Which, Window

if TYPE_CHECKING:
    from fusionbench.manifest import PairRecord

U8 = NDArray[np.uint8]
FULL = {"uint8": 255, "uint16": 65535}
"""The types of samples whose white is known; all others hold counts or temperatures."""

if "OPENCV_LOG_LEVEL" not in os.environ:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


@dataclass(frozen=True)
class Picture:
    """An image file as it is stored, turned upright.

    Attributes:
        header: What the file says of itself.
        samples: H×W, or H×W×3 RGB, of the file's type.
        white: The value that is white; None where nothing says so.
        alpha: The least opacity of a pixel, as a share; None without an alpha channel.
    """

    header: Header
    samples: NDArray[Any]
    white: int | None
    alpha: float | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.samples.shape[1], self.samples.shape[0]

    def as_8_bit(self, recipe: Recipe | None = None) -> U8:
        """The image as the suite sees it: H×W or H×W×3 RGB, 0..255.

        Without a window the value that is white becomes 255 (for 16 bits: division by 257), with
        one its ends become 0 and 255 and what lies beyond is cut. Then the image is resized, by
        area averaging where it shrinks and by cubic interpolation where it grows.

        Raises:
            Unreadable: Nothing says which value is white.
        """
        recipe = recipe or Recipe()
        if recipe.window:
            image = self.windowed(recipe.window)
        elif self.white is None:
            raise Unreadable(
                f"{self.samples.dtype} samples, of which nothing says what is black and white"
            )
        elif self.white == 255:
            image = self.samples.astype(np.uint8, copy=False)
        elif self.white == 65535:
            image = ((self.samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
        else:
            image = self.windowed((0.0, float(self.white)))
        return image if recipe.size is None else _resized(image, recipe.size)

    def windowed(self, window: Window) -> U8:
        """``255 (v - low) / (high - low)``, cut to 0..255 and rounded."""
        low, high = window
        share = (self.samples.astype(np.float64) - low) / (high - low)
        return np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)


def read_sources(pair: PairRecord) -> tuple[U8, U8]:
    """The infrared and the visible image of a pair, as its record says that they are used.

    Every reader of sources calls this, or :func:`read_source`.

    Raises:
        DataError: A file is missing, damaged or not an image.
    """
    return read_source(pair, "ir"), read_source(pair, "vis")


def read_source(pair: PairRecord, which: Which) -> U8:
    """One of the images of :func:`read_sources`."""
    return read_image(pair.ir if which == "ir" else pair.vis, recipe=pair.recipe(which))


def source_size(pair: PairRecord) -> tuple[int, int]:
    """Width and height of the images of :func:`read_sources`; nothing is decoded."""
    return pair.size or size_of(pair.vis)


def read_image(path: Path | str, data: bytes | None = None, recipe: Recipe | None = None) -> U8:
    """Read an image file as 8-bit gray (H×W) or RGB (H×W×3).

    The format is taken from the bytes, not from the name. A palette is resolved, alpha is dropped,
    the image is turned as its EXIF orientation says, 16-bit values are scaled by 1/257 (so that
    65535 becomes 255) unless a recipe says otherwise. A colour file whose channels are equal stays
    H×W×3. What is odd about the file is for checks to say (:func:`open_picture`).

    Args:
        path: The file.
        data: Its bytes, where they have been read already.
        recipe: How it is made 8-bit, and its size.

    Raises:
        DataError: The file is missing, cut short, damaged, no image, or has no stated range.
    """
    picture = open_picture(path, data)
    try:
        return picture.as_8_bit(recipe)
    except Unreadable as error:
        raise DataError(f"{path}: {error}") from error


def open_picture(path: Path | str, data: bytes | None = None, *, thorough: bool = False) -> Picture:
    """Read an image file as it is stored.

    Args:
        path: The file.
        data: Its bytes, where they have been read already.
        thorough: Also look for compressed data that ends too early; costs a second decoding.

    Raises:
        DataError: The file is missing, cut short, damaged, or no image that is read.
    """
    data = read_bytes(Path(path)) if data is None else data
    try:
        header = read_header(data)
        if thorough:
            check_whole(header)
        return _picture(header)
    except Unreadable as error:
        raise DataError(f"{path}: {error}") from error


def size_of(path: Path | str) -> tuple[int, int]:
    """Width and height of an image file, upright; nothing is decoded.

    Raises:
        DataError: The file is missing, cut short, damaged, or no image that is read.
    """
    try:
        header = read_header(read_bytes(Path(path)))
    except Unreadable as error:
        raise DataError(f"{path}: {error}") from error
    sides = header.width, header.height
    return sides if header.orientation < 5 else (sides[1], sides[0])


def read_bytes(path: Path) -> bytes:
    """The bytes of an image file.

    Raises:
        DataError: It cannot be read, or is no file.
    """
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: a folder or device, not a file")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error


def _picture(header: Header) -> Picture:
    samples, alpha = _split_alpha(_decoded(header), header)
    if header.inverted and samples.dtype == np.uint16:
        samples = 65535 - samples  # OpenCV turns 8 bits over by itself
    if header.format != "TIFF":  # of which OpenCV turns the image by itself
        samples = _upright(samples, header.orientation)
    if samples.dtype.kind == "f" and not np.isfinite(samples).all():
        raise Unreadable(f"{int((~np.isfinite(samples)).sum())} samples are NaN or infinite")
    white = header.white or FULL.get(str(samples.dtype))
    return Picture(header, np.ascontiguousarray(samples), white, alpha)


def _decoded(header: Header) -> NDArray[Any]:
    """Samples in OpenCV's order of channels."""
    if header.format == "JPEG" and header.colours in (1, 3):
        return _pillow_jpeg(header)
    if header.format == "PNM" and header.data[1:2] in b"2356":
        return _pnm(header)
    try:
        image = cv2.imdecode(np.frombuffer(header.data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise Unreadable(f"{header.format} that OpenCV cannot decode ({error.err})") from error
    if image is None:
        raise Unreadable(f"{header.format} that OpenCV cannot decode: damaged or of a rare kind")
    return np.asarray(image)


def _pillow_jpeg(header: Header) -> NDArray[Any]:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(header.data), formats=["JPEG"]) as file:
            image = np.asarray(file)
    except (OSError, ValueError, SyntaxError) as error:
        raise Unreadable(f"damaged JPEG ({error})") from error
    return image if image.ndim == 2 else image[:, :, ::-1]


def _pnm(header: Header) -> NDArray[Any]:
    """OpenCV does not look at the largest value that the header states."""
    shape = (header.height, header.width, 3 if header.data[1:2] in b"36" else 1)
    body = header.data[header.scan_end :]
    kind = np.dtype(">u2" if header.white > 255 else "u1")
    if header.data[1:2] in b"56":
        values = np.frombuffer(body[1:], kind, int(np.prod(shape)))
    else:
        values = np.array(body.split(), np.int64)[: int(np.prod(shape))]
    if values.size < np.prod(shape) or values.max() > header.white:
        raise Unreadable("damaged PNM (too few values, or some above the largest)")
    image = values.astype(kind.newbyteorder("=")).reshape(shape)
    return image[:, :, 0] if shape[2] == 1 else image[:, :, ::-1]


def _split_alpha(image: NDArray[Any], header: Header) -> tuple[NDArray[Any], float | None]:
    """The samples as H×W or RGB, and the least opacity."""
    if image.ndim == 2:
        return image, None
    if image.shape[2] == 1:
        return image[:, :, 0], None
    if image.shape[2] not in (3, 4):
        raise Unreadable(f"{image.shape[2]} channels; gray, RGB and RGBA are supported")
    colour = image[:, :, 2::-1]
    if image.shape[2] == 3 or header.format == "BMP":  # whose fourth byte is padding
        return colour, None
    return colour, float(image[:, :, 3].min()) / FULL.get(str(image.dtype), 1)


def _upright(image: NDArray[Any], orientation: int) -> NDArray[Any]:
    if orientation in (5, 6, 7, 8):
        image = image.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return image[::-1] if orientation in (3, 4, 7, 8) else image


def _resized(image: U8, size: tuple[int, int]) -> U8:
    if image.shape[1::-1] == size:
        return image
    shrinks = size[0] * size[1] < image.shape[0] * image.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)


def luma(image: U8) -> U8:
    """Luma of an 8-bit image, H×W or H×W×3 RGB, as uint8 H×W (a gray image is its own luma)."""
    if image.ndim == 2:
        return image
    r, g, b = (image[:, :, i].astype(np.uint32) for i in range(3))
    return np.asarray(weighed(r, g, b), np.uint8)


def weighed(r: Any, g: Any, b: Any) -> Any:
    """Luma of channels that are whole numbers of 32 bits, in NumPy or torch."""
    return (19595 * r + 38470 * g + 7471 * b + 32768) >> 16


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


def encode_png(image: U8) -> bytes:
    """H×W or H×W×3 RGB uint8 as the bytes of a PNG file.

    Raises:
        DataError: OpenCV cannot encode it.
    """
    done, data = cv2.imencode(".png", image if image.ndim == 2 else image[:, :, ::-1])
    if not done:
        raise DataError("cannot be encoded as PNG")
    return data.tobytes()


def write_png(path: Path, image: U8) -> None:
    """Write H×W or H×W×3 RGB uint8 as PNG, atomically; the folder is made.

    Raises:
        DataError: The file cannot be written.
    """
    try:
        data = encode_png(image)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    with replacing(path) as temporary:
        temporary.write_bytes(data)
