"""What the bytes of an image file say before they are decoded: format, size, and what is missing.

Decoders fill what is missing silently, take memory before they look at the size, and print lines of
their own; so files are read here first. The format is taken from the bytes, never from the name.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

_NAMES = "png jpg jpeg jfif bmp tif tiff webp pgm ppm pbm pnm jp2"
SUFFIXES = frozenset(f".{name}" for name in _NAMES.split())
MOST_PIXELS, LONGEST_SIDE = 2**27, 2**16
"""An image beyond this is not decoded: its header is wrong, or it would take all memory."""

ORIENTATION, WIDTH, HEIGHT, PHOTOMETRIC, SUBFILE = 274, 256, 257, 262, 254
_STRIPS = ((273, 279), (324, 325))
_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}


class Unreadable(ValueError):
    """Why an image file cannot be used, in words that follow the file's name."""


@dataclass(frozen=True)
class Header:
    """What an image file says of itself.

    Attributes:
        format: ``PNG``, ``JPEG``, ``TIFF``, ``BMP``, ``WebP``, ``PNM`` or ``JPEG 2000``.
        width, height: In pixels, as stored.
        data: What a decoder needs of the bytes: no trailer, no remarks.
        orientation: As EXIF numbers it: 1 is upright, 2 to 8 are turned or mirrored.
        pages: Pages of a TIFF file.
        white: The sample value that is white, where the format says so and it is not the largest.
        inverted: Whether a TIFF file stores 0 as white.
        scan_end: Where the last scan of a JPEG ends.
        colours: Components of a JPEG.
    """

    format: str
    width: int = 0
    height: int = 0
    data: bytes = b""
    orientation: int = 1
    pages: int = 1
    white: int = 0
    inverted: bool = False
    scan_end: int = 0
    colours: int = 0


def read_header(data: bytes) -> Header:
    """The header of an image file whose structure is whole.

    Raises:
        Unreadable: The bytes are empty, cut short, damaged, an animation, too large to decode, or
            in a format that is not read.
    """
    if not data:
        raise Unreadable("the file is empty")
    name = next((name for start, name in _STARTS if re.match(start, data, re.DOTALL)), "")
    if name not in _READERS:
        raise Unreadable(f"{name or 'no image format that is known'}; {what_is_read()}")
    try:
        header = _READERS[name](data)
    except Unreadable:
        raise
    except (struct.error, IndexError, ValueError) as error:
        raise Unreadable(f"truncated or damaged {name} (its header makes no sense)") from error
    if min(header.width, header.height) < 1:
        raise Unreadable(f"damaged {name} (size {header.width}x{header.height})")
    pixels = header.width * header.height
    if pixels > MOST_PIXELS or max(header.width, header.height) > LONGEST_SIDE:
        raise Unreadable(
            f"{name} of {header.width}x{header.height} pixels is too large to decode "
            f"(at most {MOST_PIXELS} pixels, {LONGEST_SIDE} a side)"
        )
    return header


def check_whole(header: Header) -> None:
    """Decode compressed data as far as is needed to see that all of it is there.

    Raises:
        Unreadable: A part of a PNG's or JPEG's data is missing.
    """
    if header.format == "PNG":
        _check_png(header.data)
    if header.format == "JPEG" and not _is_whole_jpeg(header):
        raise Unreadable("truncated JPEG (its data ends before the image does)")


def _check_png(data: bytes) -> None:
    width, height, depth, kind, *_, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(kind, 0)
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    expected, at, got = 0, 8, 0
    for left, top, right, down in passes:
        columns, rows = -(-(width - left) // right), -(-(height - top) // down)
        expected += (1 + (columns * samples * depth + 7) // 8) * rows * (columns > 0)
    inflate = zlib.decompressobj()
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"IDAT":
            try:
                got += len(inflate.decompress(data[at + 8 : at + 8 + length]))
            except zlib.error as error:
                raise Unreadable(f"damaged PNG ({error})") from error
        at += 12 + length
    if got < expected:
        raise Unreadable(f"truncated PNG (it holds {got} of {expected} bytes of the image)")


_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_MORE = bytes((37 * i + 11) % 251 for i in range(256))


def _is_whole_jpeg(header: Header) -> bool:
    """Whether more data behind the last scan's changes nothing; a cut image would take it up."""
    end, data = header.scan_end, header.data
    longer = data[:end].rstrip(b"\xff") + _MORE + data[end:]
    return _pillow_bytes(data) == _pillow_bytes(longer)


def _pillow_bytes(data: bytes) -> bytes:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            return image.tobytes()
    except (OSError, ValueError, SyntaxError) as error:
        raise Unreadable(f"damaged JPEG ({error})") from error


def what_is_read() -> str:
    """The formats, in words."""
    return "PNG, JPEG, TIFF, BMP, WebP, PGM, PPM and JPEG 2000 are read"


_STARTS = (
    (rb"\x89PNG", "PNG"),
    (rb"\xff\xd8", "JPEG"),
    (rb"BM", "BMP"),
    (rb"II[*+]\0|MM\0[*+]", "TIFF"),
    (rb"RIFF....WEBP", "WebP"),
    (rb"P[1-6][\s#]", "PNM"),
    (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", "JPEG 2000"),
    (rb"GIF8", "a GIF file"),
    (rb"....ftypavi", "an AVIF file"),
    (rb"....ftyp(he|mi)", "a HEIC file"),
    (rb"v/1\x01", "an OpenEXR file"),
    (rb"P[fF]\s", "a PFM file"),
    (rb"P7\s", "a PAM file"),
    (rb"8BPS", "a Photoshop file"),
    (rb"\x93NUMPY", "a NumPy array"),
    (rb"MATLAB|\x89HDF", "a MATLAB or HDF5 file"),
    (rb"%PDF", "a PDF file"),
    (rb"PK\x03\x04", "a ZIP archive"),
    (rb"version https://git-lfs", "a Git LFS pointer (`git lfs pull` gets the file itself)"),
    (rb"(?i)\s*(<!doctype html|<html)", "a web page"),
    (rb"(?i)\s*(<\?xml|<svg)", "an SVG or XML file"),
    (rb"\0+\Z", "nothing but zero bytes (a download or copy that failed)"),
)


def tiff_pages(data: bytes) -> Iterator[dict[int, tuple[int, ...]]]:
    """The whole-number tags of each page of a TIFF (or EXIF) structure.

    Raises:
        Unreadable: It is cut short.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = data[2 if order == "<" else 3] == 43
    number, pointer, entry = ("Q", "Q", "HHQ") if big else ("H", "I", "HHI")
    size = struct.calcsize(order + entry) + (8 if big else 4)
    (at,) = struct.unpack_from(order + pointer, data, 8 if big else 4)
    seen: set[int] = set()
    while at and at not in seen:
        seen.add(at)
        if at + 2 > len(data):
            raise Unreadable("truncated TIFF (a directory lies beyond its end)")
        (count,) = struct.unpack_from(order + number, data, at)
        start = at + struct.calcsize(order + number)
        yield dict(_tags(data, order, entry, [start + i * size for i in range(count)], size))
        (at,) = struct.unpack_from(order + pointer, data, start + count * size)


def _tags(
    data: bytes, order: str, entry: str, places: list[int], size: int
) -> Iterator[tuple[int, tuple[int, ...]]]:
    room = size - struct.calcsize(order + entry)
    for at in places:
        tag, kind, count = struct.unpack_from(order + entry, data, at)
        if kind not in _TYPES or count > len(data):
            continue
        form = f"{order}{count}{_TYPES[kind]}"
        where = at + size - room
        if struct.calcsize(form) > room:
            (where,) = struct.unpack_from(order + ("Q" if room == 8 else "I"), data, where)
        yield tag, struct.unpack_from(form, data, where)


def _orientation(exif: bytes) -> int:
    """The orientation in an EXIF block; 1 where it says none, or nothing that is one."""
    exif = exif.removeprefix(b"Exif\0\0")
    try:
        page = next(tiff_pages(exif), {}) if exif[:2] in (b"II", b"MM") else {}
    except (Unreadable, struct.error, IndexError):
        return 1
    (turned, *_) = page.get(ORIENTATION) or (1,)
    return turned if 1 <= turned <= 8 else 1


def _png(data: bytes) -> Header:
    at, kept, exif = 8, [data[:8]], b""
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, end = data[at + 4 : at + 8], at + 8 + length
        if end + 4 > len(data):
            break
        if zlib.crc32(memoryview(data)[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise Unreadable(
                f"damaged PNG (checksum of its {kind.decode('latin-1')} chunk is wrong)"
            )
        if kind == b"acTL" and (frames := int.from_bytes(data[at + 8 : at + 12], "big")) > 1:
            raise Unreadable(f"an animated PNG of {frames} frames; save one of them as an image")
        exif = data[at + 8 : end] if kind == b"eXIf" else exif
        if kind[:1].isupper() or kind == b"tRNS":
            kept.append(data[at : end + 4])
        if kind == b"IEND":
            width, height = struct.unpack(">II", data[16:24])
            return Header("PNG", width, height, b"".join(kept), _orientation(exif))
        at = end + 4
    raise Unreadable("truncated PNG (no IEND chunk)")


_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg(data: bytes) -> Header:
    found = Header("JPEG")
    at, missing = 2, set[tuple[int, int]]()
    while (at := data.find(b"\xff", at)) >= 0:
        at += len(data[at : at + 64]) - len(data[at : at + 64].lstrip(b"\xff"))
        marker, at = data[at] if at < len(data) else -1, at + 1
        if marker == 0xD9:
            return _whole_jpeg(replace(found, data=data[:at]), missing)
        if marker in (-1, 0xD8):
            break  # another image begins inside this one
        if marker in (0x00, 0x01, 0xFF, *range(0xD0, 0xD8)):
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        segment, at = data[at + 2 : at + length], at + length
        if marker in _FRAMES and not found.colours:
            height, width, colours = struct.unpack_from(">HHB", segment, 1)
            found = replace(found, width=width, height=height, colours=colours)
            spectrum = range(64) if marker == 0xC2 else (0,)
            missing = {(segment[6 + 3 * i], k) for i in range(colours) for k in spectrum}
        elif marker == 0xE1 and segment.startswith(b"Exif\0\0") and found.orientation == 1:
            found = replace(found, orientation=_orientation(segment))
        elif marker == 0xDA:
            missing -= _in_scan(segment)
            after = _AFTER_SCAN.search(data, at)
            at = after.start() if after else len(data)
            found = replace(found, scan_end=at)
    raise Unreadable("truncated JPEG (no end-of-image marker)")


def _in_scan(segment: bytes) -> set[tuple[int, int]]:
    """Components and coefficients whose last bit a scan brings."""
    count = segment[0]
    first, last, bits = segment[1 + 2 * count : 4 + 2 * count]
    if bits & 15:
        return set()
    return {(segment[1 + 2 * i], k) for i in range(count) for k in range(first, last + 1)}


def _whole_jpeg(found: Header, missing: set[tuple[int, int]]) -> Header:
    if not found.colours or not found.scan_end:
        raise Unreadable("damaged JPEG (it holds no image)")
    if missing:
        raise Unreadable("truncated JPEG (scans that bring detail are missing)")
    return found


def _tiff(data: bytes) -> Header:
    pages = []
    for page in tiff_pages(data):
        for places, counts in ((page.get(a, ()), page.get(b, ())) for a, b in _STRIPS):
            if any(p + n > len(data) for p, n in zip(places, counts, strict=False)):
                raise Unreadable("truncated TIFF (image data lies beyond its end)")
        pages.append(page)
    first = pages[0]
    width, height = (first[tag][0] if first.get(tag) else 0 for tag in (WIDTH, HEIGHT))
    full = [page for page in pages if not page.get(SUBFILE, (0,))[0] & 1]
    return Header(
        "TIFF",
        width,
        height,
        data,
        orientation=first.get(ORIENTATION, (1,))[0],
        pages=max(1, len(full)),
        inverted=first.get(PHOTOMETRIC) == (0,),
    )


def _bmp(data: bytes) -> Header:
    length = int.from_bytes(data[2:6], "little")
    if len(data) < length:
        raise Unreadable("truncated BMP (shorter than its header says)")
    core = int.from_bytes(data[14:18], "little") == 12
    width, height = struct.unpack_from("<HH" if core else "<ii", data, 18)
    return Header("BMP", width, abs(height), data)


def _webp(data: bytes) -> Header:
    if len(data) < int.from_bytes(data[4:8], "little") + 8:
        raise Unreadable("truncated WebP (shorter than its header says)")
    found, at = Header("WebP", data=data), 12
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body, at = data[at + 8 : at + 8 + length], at + 8 + length + length % 2
        if kind == b"ANIM":
            raise Unreadable("an animated WebP; save one of its frames as an image")
        if kind == b"EXIF":
            found = replace(found, orientation=_orientation(body))
        elif kind == b"VP8 ":
            width, height = (n & 0x3FFF for n in struct.unpack_from("<HH", body, 6))
            found = replace(found, width=width, height=height)
        elif kind == b"VP8L":
            (bits,) = struct.unpack_from("<I", body, 1)
            found = replace(found, width=(bits & 0x3FFF) + 1, height=(bits >> 14 & 0x3FFF) + 1)
    return found


_PNM = re.compile(rb"P([1-6])((?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)*)")
_WHITE = re.compile(rb"(?:\s|#[^\n]*\n)*(\d+)")


def _pnm(data: bytes) -> Header:
    if not (found := _PNM.match(data)):
        raise Unreadable("damaged PNM (its header holds no size)")
    kind, width, height = (int(found.group(i)) for i in (1, 3, 4))
    white, start = 1, found.end(4)
    if kind not in (1, 4):
        if not (most := _WHITE.match(data, start)) or not 0 < (white := int(most.group(1))) < 65536:
            raise Unreadable("damaged PNM (its header holds no largest value)")
        start = most.end()
    row = width * (3 if kind in (3, 6) else 1)
    bytes_ = -(-row // 8) if kind == 4 else row * (2 if white > 255 else 1)
    if kind > 3 and len(data) < start + 1 + bytes_ * height:
        raise Unreadable("truncated PNM (shorter than its header says)")
    return Header("PNM", width, height, data, white=white, scan_end=start)


def _jp2(data: bytes) -> Header:
    at = data.find(b"\xff\x4f\xff\x51")
    width, height, left, top = struct.unpack_from(">IIII", data, at + 8)
    bits = data[at + 42]
    if at < 0 or bits not in (7, 15):
        depth = f"{(bits & 127) + 1} bits{', signed' if bits & 128 else ''}"
        raise Unreadable(f"JPEG 2000 of {depth}; 8 and 16 bits are read")
    return Header("JPEG 2000", width - left, height - top, data)


_READERS: dict[str, Callable[[bytes], Header]] = {
    "PNG": _png,
    "JPEG": _jpeg,
    "TIFF": _tiff,
    "BMP": _bmp,
    "WebP": _webp,
    "PNM": _pnm,
    "JPEG 2000": _jp2,
}
