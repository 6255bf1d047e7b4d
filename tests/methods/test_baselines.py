"""Classical baselines against implementations of other people, and on awkward sizes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import pywt
import torch

from fusionbench.registry import METHODS

RNG = np.random.default_rng(11)
CLASSICAL = [e.name for e in METHODS.select("classical")]


def fuse(name: str, ir: np.ndarray, vis: np.ndarray) -> np.ndarray:
    method = METHODS[name].plugin()
    method.load()
    tensors = (torch.from_numpy(x.astype(np.float32))[None, None] for x in (ir, vis))
    return method.fuse(*tensors)[0, 0].numpy()


def smooth(height: int, width: int) -> np.ndarray:
    return cv2.GaussianBlur(RNG.random((height, width)), (0, 0), 1.5)


def opencv_laplacian(ir: np.ndarray, vis: np.ndarray, levels: int = 4) -> np.ndarray:
    details = []
    for _ in range(levels):
        size = ir.shape[::-1]
        smaller = cv2.pyrDown(ir), cv2.pyrDown(vis)
        a, b = ir - cv2.pyrUp(smaller[0], dstsize=size), vis - cv2.pyrUp(smaller[1], dstsize=size)
        details.append(np.where(abs(a) >= abs(b), a, b))
        ir, vis = smaller
    fused = (ir + vis) / 2
    for detail in reversed(details):
        fused = detail + cv2.pyrUp(fused, dstsize=detail.shape[::-1])
    return fused


@pytest.mark.parametrize("size", [(64, 80), (97, 131), (241, 320)])
def test_laplacian_is_opencvs_pyramid_away_from_the_border(size) -> None:
    """OpenCV mirrors the expanded image, not the zero-filled one: they differ at the far border."""
    ir, vis = smooth(*size), smooth(*size)
    ours, theirs = fuse("laplacian", ir, vis), opencv_laplacian(ir, vis)
    inner = (slice(0, size[0] - 48), slice(0, size[1] - 48))
    np.testing.assert_allclose(ours[inner], theirs[inner], atol=1e-5)


@pytest.mark.parametrize("size", [(64, 80), (97, 131)])
def test_dwt_is_level_by_level_haar(size) -> None:
    """The same by single-level transforms, written out."""
    ir, vis = smooth(*size), smooth(*size)
    a, b, stack = ir, vis, []
    for _ in range(4):
        a, da = pywt.dwt2(a, "haar", "periodization")
        b, db = pywt.dwt2(b, "haar", "periodization")
        stack.append([np.where(abs(x) >= abs(y), x, y) for x, y in zip(da, db, strict=True)])
    fused = (a + b) / 2
    for details in reversed(stack):
        fused = fused[: details[0].shape[0], : details[0].shape[1]]
        fused = pywt.idwt2((fused, tuple(details)), "haar", "periodization")
    np.testing.assert_allclose(fuse("dwt", ir, vis), fused[: size[0], : size[1]], atol=1e-5)


@pytest.mark.parametrize("name", CLASSICAL)
def test_fusing_an_image_with_itself_gives_it_back(name) -> None:
    image = smooth(61, 83)
    np.testing.assert_allclose(fuse(name, image, image), image, atol=1e-5)


@pytest.mark.parametrize("name", CLASSICAL)
@pytest.mark.parametrize("size", [(1, 1), (2, 5), (3, 3), (16, 17), (33, 64)])
def test_any_size_keeps_its_size(name, size) -> None:
    fused = fuse(name, RNG.random(size), RNG.random(size))
    assert fused.shape == size
    assert np.isfinite(fused).all()


@pytest.mark.parametrize("name", CLASSICAL)
def test_a_batch_equals_a_loop(name) -> None:
    ir, vis = torch.rand(3, 1, 40, 56), torch.rand(3, 1, 40, 56)
    method = METHODS[name].plugin()
    together = method.fuse(ir, vis)
    apart = torch.cat([method.fuse(ir[i : i + 1], vis[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, apart)


@pytest.mark.parametrize("name", ["laplacian", "dwt", "maximum"])
def test_detail_of_either_source_survives(name) -> None:
    """A thin line that only one source shows keeps at least half its contrast."""
    for line_in_ir in (True, False):
        flat, line = np.full((64, 64), 0.4), np.full((64, 64), 0.4)
        line[30, :] = 0.9
        ir, vis = (line, flat) if line_in_ir else (flat, line)
        fused = fuse(name, ir, vis)
        assert fused[30, 32] - fused[10, 32] > 0.25
