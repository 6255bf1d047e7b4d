"""Images given in memory: every kind and layout comes out as the same pixels, and goes back."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fusionbench import DataError
from fusionbench.given import layout_of, take
from fusionbench.images import read_image, write_png

RNG = np.random.default_rng(5)
GRAY = RNG.integers(0, 256, (6, 7), dtype=np.uint8)
RGB = RNG.integers(0, 256, (6, 7, 3), dtype=np.uint8)
CHW = np.ascontiguousarray(RGB.transpose(2, 0, 1))


def images(value) -> list[np.ndarray]:
    return [picture.as_8_bit() for picture in take(value, "fused")]


def pil(image: np.ndarray, mode: str) -> Image.Image:
    return Image.fromarray(image).convert(mode)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (GRAY, GRAY),
        (GRAY[None], GRAY),
        (GRAY[..., None], GRAY),
        (RGB, RGB),
        (CHW, RGB),
        (torch.from_numpy(GRAY), GRAY),
        (torch.from_numpy(GRAY)[None], GRAY),
        (torch.from_numpy(CHW), RGB),
        (torch.from_numpy(RGB), RGB),
        (Image.fromarray(GRAY), GRAY),
        (Image.fromarray(RGB), RGB),
        (pil(RGB, "RGBA"), RGB),
        (pil(GRAY, "LA"), np.stack([GRAY] * 3, -1)),  # as its file is read
        (GRAY[:, ::-1], GRAY[:, ::-1]),
    ],
    ids=lambda v: f"{type(v).__module__}{getattr(v, 'shape', getattr(v, 'mode', ''))}",
)
def test_one_image_of_every_kind(value, expected) -> None:
    given = take(value, "fused")
    assert not given.many
    (got,) = images(value)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.stack([GRAY, 255 - GRAY])[:, None], [GRAY, 255 - GRAY]),
        (np.stack([CHW, 255 - CHW]), [RGB, 255 - RGB]),
        (np.stack([RGB, 255 - RGB]), [RGB, 255 - RGB]),
        (np.stack([GRAY, 255 - GRAY])[..., None], [GRAY, 255 - GRAY]),
        (torch.from_numpy(np.stack([CHW, 255 - CHW])), [RGB, 255 - RGB]),
        ([GRAY, Image.fromarray(RGB), torch.from_numpy(GRAY[:3])], [GRAY, RGB, GRAY[:3]]),
        ((GRAY[None],), [GRAY]),
    ],
    ids=["B1HW", "B3HW", "BHW3", "BHW1", "torch B3HW", "mixed list", "tuple of one"],
)
def test_many_images_of_every_kind(value, expected) -> None:
    assert take(value, "fused").many
    got = images(value)
    assert len(got) == len(expected)
    for one, wanted in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, wanted)


LEVELS = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble])
def test_every_level_survives_as_a_share(kind) -> None:
    np.testing.assert_array_equal(images((LEVELS / 255).astype(kind))[0], LEVELS)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_level_survives_as_a_share_in_torch(kind) -> None:
    values = (torch.from_numpy(LEVELS).double() / 255).to(kind)
    np.testing.assert_array_equal(images(values)[0], LEVELS)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_shares_are_rounded_as_the_fuse_stage_rounds_them(kind) -> None:
    """Halves between two levels too, which go to the even one, in the precision that is given."""
    halves = (torch.arange(255, dtype=kind) + 0.5) / 255
    values = torch.cat([torch.rand(769, dtype=kind), halves]).reshape(32, 32)
    written = (values.clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    np.testing.assert_array_equal(images(values)[0], written)
    np.testing.assert_array_equal(images(values.numpy())[0], written)


def test_rounding_noise_at_the_ends_is_no_range_of_its_own() -> None:
    values = np.array([[-1e-7, 1 + 1e-7], [0.5, 0.25]])
    np.testing.assert_array_equal(images(values)[0], [[0, 255], [128, 64]])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (GRAY.astype(np.float32), r"divide levels of 0..255 by 255"),
        (GRAY / 127.5 - 1, r"\(x \+ 1\) / 2"),
        (torch.from_numpy(GRAY).float(), r"got float values from .* to 25\d; expected uint8"),
        (GRAY / 255 * 1.05, r"expected uint8 in 0..255 or float in \[0, 1\]; clip"),
        (np.where(GRAY > 3, GRAY / 255, np.nan), "not finite"),
        (GRAY.astype(np.int64), r"got int64 values; expected uint8"),
        (GRAY > 9, "got bool values"),
        (GRAY.astype(np.uint16) * 257, "16-bit infrared"),
        (torch.from_numpy(GRAY).int(), "got int32 values"),
        (np.zeros((3, 5, 3), np.uint8), "first or the last axis may be the channels"),
        (np.zeros((1, 5, 3), np.uint8), "first or the last axis may be the channels"),
        (torch.zeros(2, 3, 9, 1), "first or the last axis may be the channels"),
        (np.zeros((8, 5, 6), np.uint8), "B×1×H×W"),
        (np.zeros((5, 6, 4), np.uint8), r"image\[..., :3\]"),
        (np.zeros((2, 2, 5, 6), np.uint8), "got shape 2×2×5×6; expected"),
        (np.zeros((0, 5), np.uint8), "empty"),
        (np.zeros(5, np.uint8), "got shape 5; expected H×W"),
        (np.uint8(3), "got uint8; expected a NumPy array"),
        (np.zeros((1, 1, 1, 5, 5), np.uint8), "got shape"),
        ([], "an empty list"),
        ([GRAY, np.stack([CHW, CHW])], r"fused\[1\]: got a batch in a list"),
        ([[1, 2], [3, 4]], r"fused\[0\]\[0\]: got int"),
        (None, "got NoneType; expected"),
        (7.5, "got float; expected"),
        (Image.new("CMYK", (4, 4)), "mode CMYK"),
        (Image.new("I", (4, 4)), "mode I;"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(value, said) -> None:
    with pytest.raises(DataError, match=said):
        images(value)


def test_files_are_read_as_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_png(path, RGB)
    for name in (path, str(path)):
        given = take(name, "vis")
        assert given.names == ("a",)
        np.testing.assert_array_equal(next(iter(given)).as_8_bit(), read_image(path))
    assert take([path, path], "vis").many


@pytest.mark.parametrize("name", ["missing.png", "."])
def test_a_file_that_is_none_is_refused(name, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"No such file|is a folder; expected a file"):
        images(name)


def test_a_pil_image_is_what_its_file_would_be(tmp_path: Path) -> None:
    """Palettes, sixteen bits and EXIF orientation."""
    palette = Image.fromarray(RGB).quantize(16)
    deep = Image.fromarray((np.arange(42, dtype=np.uint16) * 1500).reshape(6, 7))
    exif = Image.Exif()
    exif[274] = 6
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, "PNG", exif=exif)
    turned = Image.open(io.BytesIO(stream.getvalue()))
    (tmp_path / "turned.png").write_bytes(stream.getvalue())
    palette.save(tmp_path / "palette.png")
    deep.save(tmp_path / "deep.png")
    for name, value in (("palette", palette), ("deep", deep), ("turned", turned)):
        np.testing.assert_array_equal(images(value)[0], read_image(tmp_path / f"{name}.png"), name)


@pytest.mark.parametrize(
    "value",
    [
        GRAY,
        GRAY[None],
        GRAY[..., None],
        RGB,
        CHW,
        GRAY / 255,
        (CHW / 255).astype(np.float32),
        np.stack([RGB, RGB]),
        np.stack([GRAY, GRAY])[:, None].astype(np.float64) / 255,
        torch.from_numpy(GRAY),
        torch.from_numpy(CHW),
        torch.from_numpy(np.stack([CHW, CHW])).float() / 255,
    ],
    ids=lambda v: f"{type(v).__module__}-{tuple(v.shape)}-{v.dtype}",
)
def test_what_comes_goes_back(value) -> None:
    back = take(value, "vis").back(images(value))
    assert type(back) is type(value)
    assert back.dtype == value.dtype
    assert back.shape == value.shape
    np.testing.assert_array_equal(np.asarray(back), np.asarray(value))


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (GRAY, (6, 7, 3)),
        (GRAY[None], (3, 6, 7)),
        (np.stack([GRAY])[:, None], (1, 3, 6, 7)),
        (torch.from_numpy(GRAY)[None], (3, 6, 7)),
    ],
)
def test_colour_goes_back_for_a_gray_image(value, shape) -> None:
    assert tuple(take(value, "vis").back([RGB]).shape) == shape


@pytest.mark.parametrize(
    ("value", "shape"),
    [(RGB, (6, 7)), (CHW, (1, 6, 7)), (CHW[None], (1, 1, 6, 7)), (RGB[None], (1, 6, 7, 1))],
)
def test_gray_goes_back_for_an_image_in_colour(value, shape) -> None:
    assert take(value, "vis").back([GRAY]).shape == shape


def test_pil_and_lists_go_back() -> None:
    given = take([Image.fromarray(RGB), GRAY / 255], "vis")
    first, second = given.back([RGB, GRAY])
    assert first.mode == "RGB"
    assert second.dtype == np.float64
    np.testing.assert_array_equal(np.rint(second * 255), GRAY)


def test_what_is_given_is_not_changed() -> None:
    value = GRAY.astype(np.float32) / 255
    before = value.copy()
    images(value)
    np.testing.assert_array_equal(value, before)


def test_gradients_are_left_alone() -> None:
    leaf = torch.rand(1, 1, 5, 5, requires_grad=True)
    images(leaf * 0.5)
    assert leaf.grad is None


@pytest.mark.parametrize("shape", [(5, 6), (1, 5, 6), (5, 6, 1), (3, 5, 6), (5, 6, 3)])
def test_a_shape_has_one_layout(shape) -> None:
    assert (
        layout_of(shape, "x")
        == {0: "HW", 1: "CHW", 2: "HWC"}[0 if len(shape) == 2 else 1 if shape[0] in (1, 3) else 2]
    )
