"""Colour conversions against OpenCV and the engine, and the authors' ways of saving."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from fusionbench import Setting
from fusionbench.images import luma, read_image, with_chroma
from fusionbench.methods._deep import DeepMethod, colour
from fusionbench.registry import METHODS

U8 = NDArray[np.uint8]
Random = Callable[..., DeepMethod]
Pair = Callable[..., tuple[Tensor, Tensor]]
RGB: U8 = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
RGB[0, :8] = [[i & 1 and 255, i & 2 and 255, i & 4 and 255] for i in range(8)]


def tensor(image: U8) -> Tensor:
    return torch.from_numpy(np.atleast_3d(image).transpose(2, 0, 1).copy())[None] / 255


def image(planes: Tensor) -> U8:
    """As the engine writes a method's output."""
    levels: U8 = (planes[0].clamp(0, 1) * 255).round().byte().numpy().transpose(1, 2, 0).squeeze()
    return levels


def test_lumas_are_pillows_and_opencvs() -> None:
    assert np.array_equal(image(colour.luma(tensor(RGB))), luma(RGB))
    gray = cv2.cvtColor(RGB, cv2.COLOR_RGB2GRAY)
    assert np.array_equal(image(colour.opencv_gray(tensor(RGB))), gray)
    png = cv2.imencode(".png", RGB[:, :, ::-1])[1]
    read = cv2.imdecode(png, cv2.IMREAD_GRAYSCALE)
    assert read is not None
    assert np.array_equal(image(colour.opencv_luma(tensor(RGB))), read)


def test_ycrcb_is_opencvs() -> None:
    found = torch.cat(colour.opencv_ycrcb(tensor(RGB)), 1)
    assert np.array_equal(image(found), cv2.cvtColor(RGB, cv2.COLOR_RGB2YCrCb))


def test_float_ycrcb_comes_back_within_a_level() -> None:
    back = image(colour.from_ycrcb(*colour.to_ycrcb(tensor(RGB))))
    assert np.abs(back.astype(int) - RGB).max() <= 1
    gray = tensor(np.repeat(RGB[:, :, :1], 3, 2))
    y, cr, cb = colour.to_ycrcb(gray)
    torch.testing.assert_close(y, gray[:, :1])
    torch.testing.assert_close(cr, torch.full_like(cr, 0.5))
    torch.testing.assert_close(cb, torch.full_like(cb, 0.5))


def test_chroma_goes_back_as_the_engine_does_it() -> None:
    fused: U8 = RGB[::-1, :, 1].copy()
    found = image(colour.under_chroma(tensor(fused), tensor(RGB)))
    assert np.array_equal(found, with_chroma(fused, RGB))
    assert np.array_equal(image(colour.under_chroma(tensor(fused), tensor(RGB[:, :, 0]))), fused)


def test_truncation_survives_the_engines_rounding() -> None:
    values = torch.tensor([-0.2, 0.0, 0.9 / 255, 1.0 / 255, 99.999 / 255, 254.6 / 255, 1.0, 1.7])
    expected = [0, 0, 0, 1, 99, 254, 255, 255]
    assert image(colour.truncate(values.view(1, 1, 1, -1))).ravel().tolist() == expected
    all_levels = torch.arange(256).view(1, 1, 16, 16) / 255
    assert image(colour.truncate(all_levels)).ravel().tolist() == list(range(256))


def test_stretching_is_joint_over_channels_and_separate_over_images() -> None:
    images = torch.tensor([[0.2, 0.4, 0.6], [-1.0, 0.0, 3.0]]).view(2, 3, 1, 1)
    stretched, scaled = colour.stretch(images), colour.scale_to_maximum(images)
    torch.testing.assert_close(stretched.flatten(1), torch.tensor([[0, 0.5, 1], [0, 0.25, 1]]))
    torch.testing.assert_close(scaled.flatten(1), torch.tensor([[1 / 3, 2 / 3, 1], [-1 / 3, 0, 1]]))
    assert colour.stretch(torch.full((1, 1, 2, 2), 0.3)).eq(0).all()
    assert colour.scale_to_maximum(torch.zeros(1, 1, 2, 2)).eq(0).all()


def test_datfuse_wraps_like_a_cast_to_bytes() -> None:
    raw = torch.tensor([-0.44355, -0.003, 0.5, 0.94]).view(1, 1, 2, 2)
    cast = (raw.numpy() * np.float32(255)).astype(np.int64).astype(np.uint8)
    wrap, clip = (
        METHODS["datfuse"].plugin(Setting(options={"output": o})) for o in ("wrap", "clip")
    )
    assert (
        image(wrap.decode(raw, raw)).ravel().tolist() == cast.ravel().tolist() == [143, 0, 127, 239]
    )
    assert image(clip.decode(raw, raw)).ravel().tolist() == [0, 0, 128, 240]


def test_options_change_what_is_saved(random_method: Random, pair: Pair) -> None:
    ir, vis = pair(1, 24, 24)
    for name in ("sdnet", "stdfusion"):
        stretched, clipped = (random_method(name, output=o) for o in ("minmax", "clip"))
        raw = stretched.raw(ir, vis).detach()
        fused = stretched.fuse(ir, vis)
        assert fused.min() == 0 and fused.max() == pytest.approx(1)
        torch.testing.assert_close(clipped.fuse(ir, vis), (raw + 1) / 2)
    truncated, rounded = (random_method("densefuse", output=o) for o in ("truncate", "round"))
    step = 255 * (rounded.fuse(ir, vis) - truncated.fuse(ir, vis))
    assert step.min() >= 0 and 0.4 < step.max() < 1.001


def test_seafusion_stretches_colour_images_jointly(random_method: Random, pair: Pair) -> None:
    ir, vis = pair(1, 24, 24, 3)
    stretched, clipped = (random_method("seafusion", output=o) for o in ("minmax", "clip"))
    joint, plain = stretched.fuse(ir, vis), clipped.fuse(ir, vis)
    assert joint.amin() == 0 and joint.amax() == 1
    span = plain.amax() - plain.amin()
    difference = (plain - plain.amin()) / span - joint
    assert difference.min() > -1e-6 and difference.max() < 1 / 255 + 1e-6


def test_u2fusion_keeps_the_visible_chroma(random_method: Random, pair: Pair) -> None:
    ir, vis = pair(1, 24, 24, 3)
    method = random_method("u2fusion", output="clip")
    y, coloured = method.raw(ir, vis).detach(), method.decode(method.raw(ir, vis), vis).detach()
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    unclipped = ((coloured > 0) & (coloured < 1)).all(1, keepdim=True)
    assert unclipped.sum() > 50
    assert ((coloured * weights).sum(1, keepdim=True) - y)[unclipped].abs().max() < 1e-3
    shift = (coloured - vis).amax(1, keepdim=True) - (coloured - vis).amin(1, keepdim=True)
    assert shift[unclipped].max() < 2e-3


@pytest.mark.reference
@pytest.mark.parametrize("pair_name", ["tiny", "FLIR_00452"])
def test_lumas_of_the_reference_inputs(shared: Callable[[str], Path], pair_name: str) -> None:
    folder = shared("reference/methods/golden/_inputs")
    visible = tensor(read_image(folder / f"{pair_name}_vi.png"))
    found = {
        "L": colour.luma(visible),
        "cvL": colour.opencv_luma(visible),
        "cvY": colour.opencv_ycrcb(visible)[0],
    }
    for kind, planes in found.items():
        expected = read_image(folder / f"{pair_name}_vi_{kind}.png")
        assert np.array_equal(image(planes), expected), kind
