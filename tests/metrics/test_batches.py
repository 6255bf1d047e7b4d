"""Batches, as NumPy arrays and as torch tensors, give what one image at a time gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fusionbench import Plane, Sources, Triple
from fusionbench.conventions import Column, load_conventions

U8 = NDArray[np.uint8]
COLUMNS = [
    Column(m, c.name) for c in load_conventions().values() for m in c.metrics if c.colour == "luma"
]


def _scenes(height: int, width: int) -> NDArray[np.uint8]:
    """Infrared, visible and fused images of three pairs: smooth, noisy, with flat areas."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[:height, :width]
    waves = np.stack([np.sin(x / k) * np.cos(y / (k + 3)) for k in (5, 9, 14)])
    ir = 128 + 90 * waves
    vis = 120 + 50 * waves[::-1] + random.normal(0, 15, ir.shape)
    fused = (ir + vis) / 2 + random.normal(0, 3, ir.shape)
    ir[2, : height // 2] = 0
    vis[2, : height // 3] = 255
    fused[2, : height // 4] = 31
    return np.round(np.stack([ir, vis, fused])).clip(0, 255).astype(np.uint8)


def _loop(column: Column, scenes: U8) -> NDArray[np.float64]:
    return np.array([column.value(Triple(Sources(a, b), f)) for a, b, f in scenes.swapaxes(0, 1)])


def _batch(scenes: Any) -> Triple:
    ir, vis, fused = (Plane.of(images) for images in scenes)
    return Triple(Sources(ir, vis), fused)


SMALL, LARGE = _scenes(50, 61), _scenes(176, 163)


def _scene(column: Column) -> U8:
    return LARGE if column.metric in ("MS-SSIM", "VIFF") else SMALL


@pytest.mark.parametrize("column", COLUMNS, ids=lambda c: c.name)
def test_a_numpy_batch_is_the_loop(column: Column) -> None:
    scenes = _scene(column)
    loop, batch = _loop(column, scenes), column.values(_batch(scenes))
    assert batch.shape == (3,)
    np.testing.assert_allclose(batch, loop, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda c: c.name)
def test_a_torch_batch_is_the_loop(column: Column) -> None:
    torch = pytest.importorskip("torch")
    scenes = _scene(column)
    batch = column.values(_batch([torch.from_numpy(images) for images in scenes]))
    # flat areas of one source: their weight in MEF-SSIM rests on the root of rounding residue
    residue = column.metric in ("MEF-SSIM", "MS-SSIM", "SSIM")
    tolerance = 1e-8 if residue else 1e-9
    np.testing.assert_allclose(batch, _loop(column, scenes), rtol=tolerance, atol=1e-13)


@pytest.mark.gpu
@pytest.mark.parametrize("column", COLUMNS, ids=lambda c: c.name)
def test_a_batch_on_the_gpu_is_the_loop(column: Column) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    scenes = _scene(column)
    batch = column.values(_batch([torch.from_numpy(images).cuda() for images in scenes]))
    np.testing.assert_allclose(batch, _loop(column, scenes), rtol=1e-6, atol=1e-12)
