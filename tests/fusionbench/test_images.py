"""Reading, luma and chroma, against Pillow and against files made to be awkward."""

import contextlib
import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageOps

from fusionbench.errors import DataError, FusionBenchError
from fusionbench.images import luma, open_picture, read_image, size_of, with_chroma, write_png
from fusionbench.recipes import Recipe, keeps_shape, parse_range

RNG = np.random.default_rng(7)
GRAY = RNG.integers(0, 256, (20, 30), dtype=np.uint8)
RGB = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)


def test_luma_is_pillows_L_on_every_colour_of_a_grid() -> None:
    levels = np.arange(0, 256, 5, dtype=np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(52, -1, 3)
    np.testing.assert_array_equal(luma(colours), np.asarray(Image.fromarray(colours).convert("L")))


def test_luma_of_gray_is_itself() -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(luma(np.repeat(ramp[:, :, None], 3, 2)), ramp)
    assert luma(ramp) is ramp


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
@pytest.mark.parametrize("image", [GRAY, RGB], ids=["gray", "rgb"])
def test_lossless_formats_read_exactly(tmp_path, suffix, image) -> None:
    Image.fromarray(image).save(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(read_image(tmp_path / f"a{suffix}"), image)


def test_jpeg_bytes_under_a_png_name(tmp_path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.jpg", quality=95)
    (tmp_path / "a.jpg").rename(tmp_path / "a.png")
    expected = np.asarray(Image.open(tmp_path / "a.png")).astype(int)
    assert np.abs(read_image(tmp_path / "a.png") - expected).max() <= 1


def test_a_real_jpeg_has_the_luma_that_pillow_gives(shared) -> None:
    path = next(shared("data/RoadScene/crop_LR_visible").glob("*.jpg"))
    expected = np.asarray(Image.open(path).convert("L")).astype(int)
    assert np.abs(luma(read_image(path)) - expected).max() <= 1


def test_palette_is_resolved(tmp_path) -> None:
    Image.fromarray(RGB).quantize(16).save(tmp_path / "a.png")
    expected = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), expected)


def test_one_bit_image(tmp_path) -> None:
    Image.fromarray(GRAY > 128).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), (GRAY > 128) * np.uint8(255))


def test_alpha_is_dropped_and_remembered(tmp_path) -> None:
    Image.fromarray(np.dstack([RGB, GRAY])).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), RGB)
    assert open_picture(tmp_path / "a.png").alpha == GRAY.min() / 255


def test_sixteen_bits_are_scaled_to_the_full_range(tmp_path) -> None:
    values = np.array([[0, 128, 129, 257, 32896, 65535]], np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), values)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), [[0, 0, 1, 1, 128, 255]])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_an_image_is_turned_as_pillow_turns_it(tmp_path, suffix, orientation) -> None:
    exif, path = Image.Exif(), tmp_path / f"a{suffix}"
    exif[274] = orientation
    Image.fromarray(RGB).save(path, exif=exif, **({"lossless": True} if suffix == ".webp" else {}))
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(read_image(path), upright)
    assert size_of(path) == upright.shape[1::-1]


SMOOTH = cv2.GaussianBlur(RNG.random((120, 160, 3)), (0, 0), 3)
PHOTO = np.rint((SMOOTH - SMOOTH.min()) / np.ptp(SMOOTH) * 255).astype(np.uint8)


def jpeg(**options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(PHOTO).save(stream, "JPEG", quality=90, **options)
    return stream.getvalue()


def thumbnail() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(PHOTO[:16, :16]).save(stream, "JPEG")
    return stream.getvalue()


def with_thumbnail(data: bytes) -> bytes:
    inside = b"Exif\0\0" + b"II*\0\x08\0\0\0\0\0\0\0\0\0" + thumbnail()
    return data[:2] + b"\xff\xe1" + (len(inside) + 2).to_bytes(2, "big") + inside + data[2:]


KINDS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tail", [b"", bytes(range(256)) * 40, thumbnail(), b"\xff\xd9" * 3])
def test_what_follows_a_jpegs_end_is_nothing_to_it(kind, tail) -> None:
    data = jpeg(**KINDS[kind])
    whole = np.asarray(Image.open(io.BytesIO(data)))
    for one in (data, with_thumbnail(data)):
        found = open_picture("a.jpg", one + tail, thorough=True)
        np.testing.assert_array_equal(found.samples, whole)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tail", [b"", b"\xff\xd9", b"\xff\xff\xd9", thumbnail()])
@pytest.mark.parametrize("keep", [0.3, 0.5, 0.9, 0.98])
def test_a_jpeg_that_lost_data_is_refused_whatever_follows(kind, tail, keep) -> None:
    data = with_thumbnail(jpeg(**KINDS[kind]))
    with pytest.raises(DataError, match=r"truncated JPEG|damaged JPEG"):
        open_picture("a.jpg", data[: int(len(data) * keep)] + tail, thorough=True)


def png_of(width: int, height: int, data: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (bytes(500), "nothing but zero bytes"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"GIF89a" + bytes(40), "a GIF file; PNG, JPEG, TIFF.*are read"),
        (png_of(60000, 60000), "60000x60000 pixels is too large to decode"),
        (png_of(2_000_000, 1), "too large to decode"),
        (png_of(0, 5), "damaged PNG"),
        (png_of(100, 100, bytes(500)), "truncated PNG .it holds 500 of 10100 bytes"),
        (b"P5\n4 4\n255\n" + bytes(15), "truncated PNM"),
    ],
)
def test_what_is_no_image_is_named_and_nothing_is_printed(capfd, data, said) -> None:
    with pytest.raises(DataError, match=f"a.png: .*{said}"):
        open_picture("a.png", data, thorough=True)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp", ".pgm", ".jp2"])
def test_damaged_files_give_one_error_and_print_nothing(capfd, suffix) -> None:
    data = cv2.imencode(suffix, PHOTO[..., 0] if suffix == ".pgm" else PHOTO)[1].tobytes()
    for _ in range(30):
        cut = data[: RNG.integers(len(data))]
        with pytest.raises(DataError, match=f"a{suffix}: "):
            open_picture(f"a{suffix}", cut, thorough=True)
        spoilt = bytearray(data)
        for place in RNG.integers(0, len(data), 4):
            spoilt[place] = RNG.integers(256)
        with contextlib.suppress(DataError):
            open_picture(f"a{suffix}", bytes(spoilt), thorough=True)
    assert capfd.readouterr() == ("", "")


def test_an_animation_is_refused(tmp_path) -> None:
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    for suffix in (".png", ".webp"):
        path = tmp_path / f"a{suffix}"
        frames[0].save(path, save_all=True, append_images=frames[1:])
        with pytest.raises(DataError, match="an animated"):
            read_image(path)


def test_the_largest_value_of_a_pgm_is_white(tmp_path) -> None:
    for white, kind in ((15, "u1"), (4095, ">u2"), (255, "u1"), (65535, ">u2")):
        values = np.array([[0, white // 3, white]]).astype(kind)
        data = b"P5\n# remark\n3 1\n%d\n" % white + values.tobytes()
        np.testing.assert_array_equal(read_image("a.pgm", data), [[0, 85, 255]])
        text = b"P2 3 1 %d\n0 %d %d\n" % (white, white // 3, white)
        np.testing.assert_array_equal(read_image("a.pgm", text), [[0, 85, 255]])


def test_sixteen_bits_with_white_as_zero_are_turned_over(tmp_path) -> None:
    values = np.arange(0, 60000, 500, dtype=np.uint16).reshape(10, 12)
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="miniswhite")
    np.testing.assert_array_equal(open_picture(tmp_path / "a.tif").samples, 65535 - values)


def test_a_window_and_a_size() -> None:
    values = np.array([[7000, 7268, 8048, 9000]], np.uint16).repeat(8, 0).repeat(2, 1)
    data = cv2.imencode(".png", values)[1].tobytes()
    found = read_image("a.png", data, Recipe((7268.0, 8048.0)))
    np.testing.assert_array_equal(found[0, ::2], [0, 0, 255, 255])
    for size, way in (((4, 4), cv2.INTER_AREA), ((16, 16), cv2.INTER_CUBIC)):
        wanted = cv2.resize(found, size, interpolation=way)
        np.testing.assert_array_equal(
            read_image("a.png", data, Recipe((7268.0, 8048.0), size)), wanted
        )


@pytest.mark.parametrize(
    "text", ["", "max", "P9-P1", "P-1-P99", "P1-P101", "5:5", "nan:3", "1:2:3"]
)
def test_a_range_that_is_none_is_an_error(text) -> None:
    with pytest.raises(FusionBenchError, match="--ir-range"):
        parse_range(text)


def test_ranges_in_words() -> None:
    for text, said in (
        ("min-max", "min-max@image"),
        ("p0.5-P99.5@dataset", "P0.5-P99.5@dataset"),
        ("-20:120.5", "-20:120.5"),
    ):
        assert str(parse_range(text)) == said
    assert keeps_shape((80, 64), (160, 128)) and keeps_shape((53, 40), (640, 480))
    assert keeps_shape((640, 480), (321, 240)) and not keeps_shape((640, 480), (640, 512))
    assert not keeps_shape((160, 120), (1280, 1024))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp"])
@pytest.mark.parametrize("keep", [0.05, 0.5, 0.95])
def test_a_truncated_file_is_an_error(tmp_path, suffix, keep) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(RNG.integers(0, 256, (200, 300), dtype=np.uint8)).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(DataError, match="truncated"):
        read_image(path)


def test_a_damaged_png_is_an_error(tmp_path) -> None:
    Image.fromarray(GRAY).save(tmp_path / "a.png")
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(DataError, match="checksum of its IDAT chunk"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("data", [b"", b"not an image at all"])
def test_not_an_image_is_an_error(tmp_path, data) -> None:
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(DataError, match=r"a\.png"):
        read_image(tmp_path / "a.png")


def test_a_missing_file_is_an_error(tmp_path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_image(tmp_path / "none.png")


def test_floating_point_samples_are_refused(tmp_path) -> None:
    cv2.imwrite(str(tmp_path / "a.tif"), np.ones((4, 4), np.float32))
    with pytest.raises(DataError, match="float32"):
        read_image(tmp_path / "a.tif")


colour_images = arrays(np.uint8, (6, 7, 3))


@given(colour_images)
def test_the_visible_luma_under_its_own_chroma_is_the_visible_image(visible) -> None:
    np.testing.assert_array_equal(with_chroma(luma(visible), visible), visible)


@given(colour_images, arrays(np.uint8, (6, 7)))
def test_where_nothing_clips_the_luma_is_the_fused_one(visible, fused) -> None:
    coloured = with_chroma(fused, visible)
    shift = fused.astype(int) - luma(visible)
    unclipped = ((visible + shift[:, :, None] >= 0) & (visible + shift[:, :, None] <= 255)).all(2)
    np.testing.assert_array_equal(luma(coloured)[unclipped], fused[unclipped])


@given(colour_images, st.integers(0, 255))
def test_chroma_equals_the_textbook_conversion(visible, level) -> None:
    """R = Y + 1.402 Cr and so on, from the float Cb and Cr of the visible image."""
    fused = np.full(visible.shape[:2], level, np.uint8)
    r, g, b = (visible[:, :, i].astype(float) for i in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    cb, cr = (b - y) / 1.772, (r - y) / 1.402
    expected = np.stack(
        [
            fused + 1.402 * cr,
            fused - 0.114 * 1.772 / 0.587 * cb - 0.299 * 1.402 / 0.587 * cr,
            fused + 1.772 * cb,
        ],
        -1,
    ).clip(0, 255)
    assert np.abs(with_chroma(fused, visible) - expected).max() <= 0.51


@pytest.mark.parametrize("image", [GRAY, RGB], ids=["gray", "rgb"])
def test_what_is_written_is_read_again(tmp_path, image) -> None:
    write_png(tmp_path / "deep" / "a.png", image)
    np.testing.assert_array_equal(read_image(tmp_path / "deep" / "a.png"), image)
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["a.png"]
