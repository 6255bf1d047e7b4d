"""The shared filters against brute force and other implementations."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fusionbench.methods._classical import _levels, filters, rules, to_bytes

RNG = np.random.default_rng(5)


def test_levels_in_float32_come_back_as_whole_numbers() -> None:
    import torch

    bytes_ = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    levels = _levels(bytes_.to(torch.float32) / 255)
    np.testing.assert_array_equal(levels[0, :, :, 0].ravel(), np.arange(256))
    between = torch.full((1, 1, 1, 1), 100.5 / 255)
    assert abs(_levels(between).item() - 100.5) < 1e-4


def test_to_bytes_rounds_half_up_and_clips() -> None:
    image = np.array([-3.0, 0.49, 0.5, 1.5, 2.5, 254.6, 300])
    np.testing.assert_array_equal(to_bytes(image), [0, 0, 1, 2, 3, 255, 255])


@pytest.mark.parametrize("radius", [1, 3, 40])
def test_box_averages_the_pixels_inside_the_image(radius) -> None:
    image = RNG.random((13, 17))
    expected = np.empty_like(image)
    for y, x in np.ndindex(image.shape):
        rows = slice(max(y - radius, 0), y + radius + 1)
        expected[y, x] = image[rows, max(x - radius, 0) : x + radius + 1].mean()
    np.testing.assert_allclose(filters.box(image, radius), expected, atol=1e-12)


def test_the_guided_filter_is_a_local_linear_fit() -> None:
    """Against least squares in every window, averaged over the windows that hold a pixel."""
    guide, image, radius, eps = RNG.random((9, 11)), RNG.random((9, 11)), 2, 0.05
    total, count = np.zeros_like(image), np.zeros_like(image)
    for y, x in np.ndindex(image.shape):
        window = np.s_[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]
        g, p = guide[window], image[window]
        slope = np.mean((g - g.mean()) * (p - p.mean())) / (g.var() + eps)
        total[window] += slope * g + (p.mean() - slope * g.mean())
        count[window] += 1
    np.testing.assert_allclose(filters.guided(guide, image, radius, eps), total / count, atol=1e-10)


@pytest.mark.parametrize("border", ["replicate", "symmetric", "mirror", "zero"])
def test_gaussian_is_its_definition_and_knows_its_borders(border) -> None:
    image = RNG.random((9, 12))
    modes = {"replicate": "edge", "symmetric": "symmetric", "mirror": "reflect", "zero": "constant"}
    padded = np.pad(image, 3, mode=modes[border])
    y, x = np.mgrid[-3:4, -3:4]
    kernel = np.exp(-(y**2 + x**2) / (2 * 1.7**2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (7, 7))
    expected = (windows * kernel / kernel.sum()).sum(axis=(-2, -1))
    np.testing.assert_allclose(filters.gaussian(image, 7, 1.7, border), expected, atol=1e-12)


def test_the_bilateral_grid_keeps_edges_and_smooths_noise() -> None:
    step = np.repeat([0.2, 0.8], 32)[None, :] + np.zeros((48, 1))
    noisy = step + RNG.normal(0, 0.01, step.shape)
    smooth = filters.bilateral(noisy, 4, 0.1)
    assert np.abs(smooth - step).max() < 0.01
    assert np.std(smooth[:, :28]) < np.std(noisy[:, :28]) / 3


def test_the_bilateral_grid_is_near_the_exact_filter() -> None:
    image = cv2.GaussianBlur(RNG.random((60, 70)), (0, 0), 2)
    exact = cv2.bilateralFilter(image.astype(np.float32), 13, 0.1, 2.0)
    inner = np.s_[8:-8, 8:-8]
    difference = np.abs(filters.bilateral(image, 2.0, 0.1) - exact)[inner]
    assert difference.mean() < 0.1 * np.abs(image - exact)[inner].max()


@pytest.mark.parametrize("size", [(30, 44), (90, 61)])
def test_resizing_keeps_a_plane(size) -> None:
    """Not exactly where it shrinks by a broken factor: normalised taps are not centred then."""
    y, x = np.mgrid[0:60, 0:50]
    plane = 3.0 + 0.5 * (y + 0.5) / 60 + 0.25 * (x + 0.5) / 50
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]]
    expected = 3.0 + 0.5 * (rows + 0.5) / size[0] + 0.25 * (columns + 0.5) / size[1]
    inner = np.s_[6:-6, 6:-6]
    np.testing.assert_allclose(filters.resize(plane, *size)[inner], expected[inner], atol=2e-4)


def test_resizing_to_the_same_size_changes_nothing() -> None:
    image = RNG.random((21, 34))
    np.testing.assert_allclose(filters.resize(image, 21, 34), image, atol=1e-12)


def test_resizing_to_half_is_the_antialiased_cubic() -> None:
    """The kernel is twice as wide: half the cubic convolution at 0.25, 0.75, 1.25 and 1.75."""
    line = np.zeros((1, 40))
    line[0, 20] = 1
    small = filters.resize(line, 1, 20)[0]
    expected = np.zeros(20)
    expected[8:12] = -0.01171875, 0.11328125, 0.43359375, -0.03515625
    np.testing.assert_allclose(small, expected, atol=1e-12)


def test_karhunen_loeve_weights_follow_the_variance() -> None:
    a, b = RNG.normal(0, 3, (40, 40)), RNG.normal(0, 1, (40, 40))
    first, second = rules.kl_weights(a + b, b)
    assert first > second
    assert first + second == pytest.approx(1)
    assert rules.kl_weights(a, a) == pytest.approx((0.5, 0.5))
    assert rules.kl_weights(np.ones((3, 3)), np.ones((3, 3))) == (0.5, 0.5)


def test_a_consistent_choice_overrules_a_lonely_vote() -> None:
    ir, vis = np.zeros((15, 15)), np.ones((15, 15))
    ir[7, 7] = 5
    assert rules.chosen(ir, vis)[7, 7] == 5
    assert rules.chosen(ir, vis)[2, 2] == 1
    assert rules.chosen(vis.astype(complex) * 2j, vis.astype(complex))[7, 7] == 2j


def test_the_larger_magnitude_and_its_ties() -> None:
    chosen = rules.larger(np.array([1.0, -3.0, 2.0]), np.array([-2.0, 1.0, -2.0]))
    np.testing.assert_array_equal(chosen, [-2, -3, 2])
    np.testing.assert_array_equal(
        rules.share(np.array([0.0, 1.0]), np.array([0.0, 3.0])), [0.5, 0.25]
    )
