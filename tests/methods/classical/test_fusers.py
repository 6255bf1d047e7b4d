"""What single fusers promise beyond the common properties."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from fusionbench import Setting
from fusionbench.methods import bayesian, cbf, fpde, gtf, mdlatlrr, vsmwls
from fusionbench.methods._classical import Classical, hybrid
from fusionbench.methods._classical.hybrid import perceived_contrast
from fusionbench.registry import METHODS

RNG = np.random.default_rng(8)
FUSERS = [entry for entry in METHODS.select("classical") if issubclass(entry.plugin, Classical)]


def smooth(height: int, width: int, sigma: float = 2) -> np.ndarray:
    noise = cv2.GaussianBlur(RNG.random((height, width)), (0, 0), sigma)
    return (noise - noise.min()) / np.ptp(noise) * 255


def test_the_cross_bilateral_filter_by_its_definition() -> None:
    image, guide = smooth(14, 15), smooth(14, 15)
    images, guides = (np.pad(x, 5, mode="reflect") for x in (image, guide))
    y, x = np.mgrid[-5:6, -5:6]
    expected = np.empty_like(image)
    for row, column in np.ndindex(image.shape):
        window = np.s_[row : row + 11, column : column + 11]
        near = np.exp(-(y**2 + x**2) / (2 * 1.8**2))
        alike = np.exp(-((guides[window] - guide[row, column]) ** 2) / (2 * 25**2))
        weights = near * alike
        expected[row, column] = (weights * images[window]).sum() / weights.sum()
    np.testing.assert_allclose(cbf._cross_bilateral(image, guide), expected, atol=1e-9)


def test_pixel_significance_by_its_definition() -> None:
    detail = RNG.normal(size=(9, 12))
    padded = np.pad(detail, 2, mode="reflect")
    expected = np.empty_like(detail)
    for row, column in np.ndindex(detail.shape):
        window = padded[row : row + 5, column : column + 5]
        variances = window.var(axis=0, ddof=1), window.var(axis=1, ddof=1)
        expected[row, column] = sum(v.sum() for v in variances)
    np.testing.assert_allclose(cbf._significance(detail), expected, atol=1e-12)


def gtf_cost(u: np.ndarray, wanted: np.ndarray) -> float:
    dy, dx = np.zeros_like(u), np.zeros_like(u)
    dy[:, :-1], dx[:, :, :-1] = np.diff(u, axis=1), np.diff(u, axis=2)
    return float(np.abs(u - wanted).sum() + 4 * np.sqrt((dy**2 + dx**2).sum(axis=0)).sum())


def test_gtf_finds_a_low_value_of_its_functional(monkeypatch) -> None:
    """Below the data, below any constant, and at most 5 % lower after four times the steps."""
    wanted = np.zeros((1, 40, 48), np.float32)
    wanted[0, 10:34, 12:40] = 0.8
    wanted += RNG.normal(0, 0.05, wanted.shape).astype(np.float32)
    found = gtf_cost(gtf._denoised(wanted), wanted)
    assert found < 0.6 * gtf_cost(wanted, wanted)
    assert found < gtf_cost(np.full_like(wanted, np.median(wanted)), wanted)
    monkeypatch.setattr(gtf, "ITERATIONS", 4 * gtf.ITERATIONS)
    assert found < 1.05 * gtf_cost(gtf._denoised(wanted), wanted)


def test_gtf_keeps_the_visible_texture_and_takes_a_large_hot_region() -> None:
    texture = smooth(64, 64, 1) / 8 + 60
    hot = np.full((64, 64), 60.0)
    hot[12:52, 12:52] = 220
    fused = METHODS["gtf"].plugin().fuse_colour(hot[..., None], texture[..., None])[..., 0]
    assert fused[32, 32] > 180
    inner = np.s_[24:40, 24:40]
    assert np.corrcoef(fused[inner].ravel(), texture[inner].ravel())[0, 1] > 0.9


def test_fourth_order_diffusion_keeps_a_plane_and_smooths_noise() -> None:
    y, x = np.mgrid[0:20, 0:24]
    plane = 3.0 * y + 2 * x
    np.testing.assert_allclose(fpde._diffused(plane), plane, atol=1e-9)
    noisy = plane + RNG.normal(0, 2, plane.shape)
    assert np.std(fpde._diffused(noisy) - plane) < 0.9 * np.std(noisy - plane)


def test_a_rare_level_is_salient() -> None:
    image = np.full((20, 20), 40.0)
    image[3, 3] = 200
    saliency = vsmwls._saliency(image)
    assert saliency[3, 3] == 1
    assert saliency[10, 10] == 0


def test_contrast_grows_with_amplitude_and_a_flat_image_has_none() -> None:
    image = smooth(90, 90)
    assert perceived_contrast(image) > perceived_contrast(image / 2) > 0
    assert perceived_contrast(np.full((90, 90), 7.0)) == 0
    assert perceived_contrast(np.zeros((2, 2))) == 0


def test_hybrid_layers_sum_to_the_image() -> None:
    image = smooth(50, 60)
    layers = hybrid.decompose(
        image, lambda x, k: hybrid.smoothed(x, 2.0 + k), lambda x, k: hybrid.smoothed(x, 1.0)
    )
    total = layers.base + sum(layers.texture) + sum(layers.edges)
    np.testing.assert_allclose(total, image, atol=1e-9)


@pytest.mark.parametrize("name", ["adf", "cbf", "hmsd-gf", "hybrid-msd", "ifevip", "bayesian"])
def test_a_hot_target_stays_bright(name) -> None:
    ir, vis = np.full((96, 96), 50.0), smooth(96, 96) / 4 + 40
    ir[40:56, 40:50] = 230
    fused = METHODS[name].plugin().fuse_colour(ir[..., None], vis[..., None])[..., 0]
    assert fused[44:52, 43:47].mean() > vis[44:52, 43:47].mean() + 50


def test_bayesian_fusion_lies_between_its_sources() -> None:
    ir, vis = smooth(48, 60), smooth(48, 60)
    fused = bayesian.Bayesian().fuse_gray(ir, vis)
    low, high = np.minimum(ir, vis), np.maximum(ir, vis)
    assert ((fused > low - 25) & (fused < high + 25)).mean() > 0.98
    assert np.abs(fused - ir).mean() + np.abs(fused - vis).mean() < 1.2 * np.abs(ir - vis).mean()


def test_gff_weights_a_colour_image_by_its_gray_one() -> None:
    gray = smooth(40, 52)
    colour = np.repeat(gray[..., None], 3, axis=2)
    ir = smooth(40, 52)[..., None]
    method = METHODS["gff"].plugin()
    one, three = method.fuse_colour(ir, gray[..., None]), method.fuse_colour(ir, colour)
    assert np.abs(three - one).max() < 6


def test_details_counted_as_vifb_counts_them_are_stronger() -> None:
    ir, vis = smooth(24, 32), smooth(24, 32)
    once = mdlatlrr.MdLatLrr().fuse_gray(ir, vis)
    often = mdlatlrr.MdLatLrr(Setting(options={"details": "vifb"})).fuse_gray(ir, vis)
    assert np.std(often) > np.std(once)


@pytest.mark.parametrize("entry", FUSERS, ids=lambda entry: entry.name)
def test_cards_say_where_a_method_comes_from(entry) -> None:
    card = entry.plugin.card
    assert card.paper
    assert card.authors
    assert card.year
    assert card.venue
    assert card.colour == "luma"


@pytest.mark.parametrize("entry", FUSERS, ids=lambda entry: entry.name)
def test_the_inputs_are_left_alone(entry) -> None:
    ir, vis = torch.rand(1, 1, 20, 24), torch.rand(1, 1, 20, 24)
    before = ir.clone(), vis.clone()
    entry.plugin().fuse(ir, vis)
    assert torch.equal(ir, before[0])
    assert torch.equal(vis, before[1])
