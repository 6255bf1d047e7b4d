"""Other libraries, where they are installed, compute the same from the same images."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fusionbench import Sources, Triple
from fusionbench.conventions import Column
from fusionbench.detectors._yolo import make_torchvision_importable

U8 = NDArray[np.uint8]


@pytest.fixture(scope="module")
def images() -> tuple[U8, U8, U8]:
    """A smooth scene, a textured one and their mean, 180×204 (no side a power of two)."""
    random = np.random.default_rng(11)
    y, x = np.mgrid[:180, :204]
    ir = 128 + 100 * np.sin(x / 17) * np.cos(y / 23)
    vis = np.clip(90 + 40 * np.sin(x * y / 900) + random.normal(0, 12, ir.shape), 0, 255)
    mean = (ir + vis) / 2
    a, b, f = (np.round(image).astype(np.uint8) for image in (ir, vis, mean))
    return a, b, f


def _value(column: str, images: tuple[U8, U8, U8]) -> float:
    ir, vis, fused = images
    return Column(*column.split("@")).value(Triple(Sources(ir, vis), fused))


def _sum(function: Any, images: tuple[U8, U8, U8]) -> float:
    ir, vis, fused = images
    return float(function(ir, fused)) + float(function(vis, fused))


def test_ssim_is_that_of_scikit_image(images: tuple[U8, U8, U8]) -> None:
    metrics = pytest.importorskip("skimage.metrics")

    def theirs(source: U8, fused: U8) -> float:
        _, full = metrics.structural_similarity(
            source.astype(float),
            fused.astype(float),
            data_range=255,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            full=True,
        )
        return float(full[5:-5, 5:-5].mean())

    assert _value("SSIM@standard", images) == pytest.approx(_sum(theirs, images), rel=1e-12)


def test_cddfuse_ssim_is_the_default_of_scikit_image(images: tuple[U8, U8, U8]) -> None:
    metrics = pytest.importorskip("skimage.metrics")

    def theirs(source: U8, fused: U8) -> float:
        pair = source.astype(float), fused.astype(float)
        return float(metrics.structural_similarity(*pair, data_range=2))

    assert _value("SSIM@cddfuse", images) == pytest.approx(_sum(theirs, images), rel=1e-10)


def test_psnr_and_mse_are_those_of_scikit_image(images: tuple[U8, U8, U8]) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    mse = _sum(metrics.mean_squared_error, images) / 2
    assert _value("MSE@standard", images) == pytest.approx(mse, rel=1e-14)
    assert _value("PSNR@standard", images) == pytest.approx(10 * np.log10(255**2 / mse), rel=1e-14)


def test_entropy_is_that_of_scikit_image(images: tuple[U8, U8, U8]) -> None:
    measure = pytest.importorskip("skimage.measure")
    theirs = measure.shannon_entropy(images[2])
    assert _value("EN@standard", images) == pytest.approx(theirs, rel=1e-13)


def test_mutual_information_is_that_of_scikit_image(images: tuple[U8, U8, U8]) -> None:
    """NMI there is (H(X) + H(Y)) / H(X,Y), so that I = (H(X) + H(Y)) (1 - 1 / NMI)."""
    pytest.importorskip("skimage.metrics")
    from skimage.measure import shannon_entropy
    from skimage.metrics import normalized_mutual_information

    def theirs(source: U8, fused: U8) -> float:
        both = shannon_entropy(source) + shannon_entropy(fused)
        edges = [np.arange(257) for _ in range(2)]
        return float(both * (1 - 1 / normalized_mutual_information(source, fused, bins=edges)))

    assert _value("MI@standard", images) == pytest.approx(_sum(theirs, images), rel=1e-10)


def test_correlation_is_that_of_numpy(images: tuple[U8, U8, U8]) -> None:
    def theirs(source: U8, fused: U8) -> float:
        return float(np.corrcoef(source.ravel(), fused.ravel())[0, 1])

    assert _value("CC@standard", images) == pytest.approx(_sum(theirs, images) / 2, rel=1e-12)


def test_vif_is_that_of_sewar(images: tuple[U8, U8, U8]) -> None:
    sewar = pytest.importorskip("sewar.full_ref")
    theirs = _sum(lambda source, fused: sewar.vifp(source, fused), images)
    assert _value("VIF@standard", images) == pytest.approx(theirs, rel=1e-8)


def test_vif_is_that_of_torchmetrics(images: tuple[U8, U8, U8]) -> None:
    make_torchvision_importable()  # torchmetrics imports it where it is installed
    functional = pytest.importorskip("torchmetrics.functional.image")
    import torch

    def theirs(source: U8, fused: U8) -> float:
        pair = (torch.tensor(x, dtype=torch.float64)[None, None] for x in (fused, source))
        return float(functional.visual_information_fidelity(*pair))

    assert _value("VIF@standard", images) == pytest.approx(_sum(theirs, images), rel=1e-8)


def test_multi_scale_ssim_is_that_of_pytorch_msssim(images: tuple[U8, U8, U8]) -> None:
    library = pytest.importorskip("pytorch_msssim")
    import torch

    def theirs(source: U8, fused: U8) -> float:
        pair = (torch.tensor(x, dtype=torch.float64)[None, None] for x in (source, fused))
        return float(library.ms_ssim(*pair, data_range=255))

    # its window is float32
    assert _value("MS-SSIM@standard", images) == pytest.approx(_sum(theirs, images), rel=1e-5)


def test_the_meyer_filter_is_near_that_of_pywavelets() -> None:
    pywt = pytest.importorskip("pywt")
    meyer = import_module("fusionbench.metrics.fmi")._meyer()
    ours, theirs = np.array(meyer.dec_lo[21:81]), np.array(pywt.Wavelet("dmey").dec_lo[1:61])
    assert len(meyer.dec_lo) == 102
    assert np.abs(ours - theirs).max() < 2e-3
    assert np.sum(np.square(meyer.dec_lo)) == pytest.approx(1.0, abs=1e-5)
