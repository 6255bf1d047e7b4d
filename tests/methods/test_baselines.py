"""Classical baselines: the transforms against other implementations, and what all promise."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import pywt
import torch

from fusionbench.registry import METHODS

RNG = np.random.default_rng(11)
CLASSICAL = [e.name for e in METHODS.select("classical")]
CHANGES_ITSELF = {"fpde": 1.01 / 255, "hmsd-gf": 0.08, "ifevip": 0.4, "latlrr": 0.4, "sr": 0.02}
"""By how much a method may move a pixel of an image that is fused with itself."""
ZERO_BORDER = ("adf", "ifevip", "tif")
"""Their filters see zeros outside the image."""


def fuse(name: str, ir: np.ndarray, vis: np.ndarray) -> np.ndarray:
    method = METHODS[name].plugin()
    method.load()
    tensors = (torch.from_numpy(x.astype(np.float32))[None, None] for x in (ir, vis))
    return method.fuse(*tensors)[0, 0].numpy()


def smooth(height: int, width: int) -> np.ndarray:
    return cv2.GaussianBlur(RNG.random((height, width)), (0, 0), 1.5)


def consistent(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Choose-max with consistency, pixel by pixel, as the fusion toolbox does it."""
    active = [np.pad(abs(np.pad(band, 1, mode="reflect")), 1) for band in (a, b)]
    rows, columns = a.shape
    votes = np.zeros((rows + 2, columns + 2), bool)
    for y, x in np.ndindex(votes.shape):
        window = np.s_[y : y + 3, x : x + 3]
        votes[y, x] = active[0][window].max() > active[1][window].max()
    chosen = np.empty_like(a)
    for y, x in np.ndindex(a.shape):
        chosen[y, x] = (a if votes[y : y + 3, x : x + 3].sum() > 4 else b)[y, x]
    return chosen


def opencv_laplacian(ir: np.ndarray, vis: np.ndarray, levels: int = 4) -> np.ndarray:
    details = []
    for _ in range(levels):
        size = ir.shape[::-1]
        smaller = cv2.pyrDown(ir), cv2.pyrDown(vis)
        a, b = ir - cv2.pyrUp(smaller[0], dstsize=size), vis - cv2.pyrUp(smaller[1], dstsize=size)
        details.append(consistent(a, b))
        ir, vis = smaller
    fused = (ir + vis) / 2
    for detail in reversed(details):
        fused = detail + cv2.pyrUp(fused, dstsize=detail.shape[::-1])
    return fused


@pytest.mark.parametrize("size", [(144, 160), (145, 171)])
def test_laplacian_is_opencvs_pyramid_away_from_the_border(size) -> None:
    """OpenCV mirrors the expanded image, not the zero-filled one: they differ at the far border."""
    ir, vis = smooth(*size), smooth(*size)
    ours, theirs = fuse("laplacian", ir, vis), opencv_laplacian(ir, vis)
    inner = (slice(0, size[0] - 96), slice(0, size[1] - 96))
    np.testing.assert_allclose(ours[inner], theirs[inner], atol=1e-5)


@pytest.mark.parametrize("size", [(64, 80), (97, 131)])
def test_dwt_is_level_by_level_haar(size) -> None:
    """The same by single-level transforms, written out."""
    ir, vis = smooth(*size), smooth(*size)
    a, b, stack = ir, vis, []
    for _ in range(4):
        a, da = pywt.dwt2(a, "haar", "periodization")
        b, db = pywt.dwt2(b, "haar", "periodization")
        stack.append([consistent(x, y) for x, y in zip(da, db, strict=True)])
    fused = (a + b) / 2
    for details in reversed(stack):
        fused = fused[: details[0].shape[0], : details[0].shape[1]]
        fused = pywt.idwt2((fused, tuple(details)), "haar", "periodization")
    np.testing.assert_allclose(fuse("dwt", ir, vis), fused[: size[0], : size[1]], atol=1e-5)


@pytest.mark.parametrize("name", sorted(set(CLASSICAL) - set(CHANGES_ITSELF)))
def test_fusing_an_image_with_itself_gives_it_back(name) -> None:
    image = smooth(61, 83)
    np.testing.assert_allclose(fuse(name, image, image), image, atol=1e-5)


@pytest.mark.parametrize("name", sorted(CHANGES_ITSELF))
def test_a_method_that_changes_an_image_fused_with_itself_stays_near_it(name) -> None:
    """These do not promise identity; by how much they move is part of their definition."""
    image = smooth(61, 83)
    change = np.abs(fuse(name, image, image).clip(0, 1) - image).max()
    assert 1e-5 < change <= CHANGES_ITSELF[name]


@pytest.mark.parametrize("name", CLASSICAL)
@pytest.mark.parametrize("size", [(1, 1), (2, 5), (3, 3), (16, 17), (33, 64)])
def test_any_size_keeps_its_size(name, size) -> None:
    fused = fuse(name, RNG.random(size), RNG.random(size))
    assert fused.shape == size
    assert np.isfinite(fused).all()


@pytest.mark.parametrize("name", CLASSICAL)
@pytest.mark.parametrize("levels", [(0, 0), (1, 1), (0, 1), (0.25, 0.5)])
def test_constant_images_give_a_constant_image(name, levels) -> None:
    ir, vis = (np.full((32, 40), level) for level in levels)
    fused = fuse(name, ir, vis).clip(0, 1)
    assert np.isfinite(fused).all()
    if name not in ZERO_BORDER:
        np.testing.assert_allclose(fused, fused[16, 20], atol=1e-5)


@pytest.mark.parametrize("name", CLASSICAL)
def test_the_same_images_give_the_same_bytes(name) -> None:
    ir, vis = smooth(24, 41), smooth(24, 41)
    assert fuse(name, ir, vis).tobytes() == fuse(name, ir, vis).tobytes()


@pytest.mark.parametrize("name", CLASSICAL)
def test_a_batch_equals_a_loop(name) -> None:
    ir, vis = torch.rand(2, 1, 24, 41), torch.rand(2, 1, 24, 41)
    method = METHODS[name].plugin()
    together = method.fuse(ir, vis)
    apart = torch.cat([method.fuse(ir[i : i + 1], vis[i : i + 1]) for i in range(2)])
    torch.testing.assert_close(together, apart)


@pytest.mark.parametrize("name", ["laplacian", "dwt", "dtcwt", "cp", "maximum"])
def test_detail_of_either_source_survives(name) -> None:
    """A thin line that only one source shows keeps at least half its contrast."""
    for line_in_ir in (True, False):
        flat, line = np.full((64, 64), 0.4), np.full((64, 64), 0.4)
        line[30, :] = 0.9
        ir, vis = (line, flat) if line_in_ir else (flat, line)
        fused = fuse(name, ir, vis)
        assert fused[30, 32] - fused[10, 32] > 0.25
