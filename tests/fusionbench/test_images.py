"""Reading, luma and chroma, against Pillow and against files made to be awkward."""

import logging

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from fusionbench.errors import DataError
from fusionbench.images import luma, read_image, with_chroma, write_png

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


def test_alpha_is_dropped_with_a_warning(tmp_path, caplog) -> None:
    Image.fromarray(np.dstack([RGB, GRAY])).save(tmp_path / "a.png")
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(read_image(tmp_path / "a.png"), RGB)
    assert "alpha channel dropped" in caplog.text


def test_sixteen_bits_are_scaled_to_the_full_range(tmp_path) -> None:
    values = np.array([[0, 128, 129, 257, 32896, 65535]], np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), values)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), [[0, 0, 1, 1, 128, 255]])


def test_raw_counts_in_sixteen_bits_warn(tmp_path, caplog) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((4, 4), 3000, np.uint16))
    with caplog.at_level(logging.WARNING):
        read_image(tmp_path / "a.png")
    assert "stretch raw counts first" in caplog.text


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
