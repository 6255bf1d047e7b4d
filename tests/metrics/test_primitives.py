"""The primitives against plain formulas, and the fast ways against the slow ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from fusionbench.primitives import (
    Window,
    exp,
    gradient,
    halved,
    joint_histogram,
    keep_freed_memory,
    log_totals,
    mapped,
    rounded_sobel,
    slope_angle,
    smooth,
    smooth_product,
    sobel,
    squared_steps,
    totals,
    weighted_logs,
)

RANDOM = np.random.default_rng(0)
IMAGE: NDArray[np.uint8] = RANDOM.integers(0, 256, (23, 31), dtype=np.uint8)
OTHER: NDArray[np.uint8] = RANDOM.integers(0, 256, (23, 31), dtype=np.uint8)


def test_the_exponential_is_exact_to_a_few_units_in_the_last_place() -> None:
    """Qabf rests on it: OpenCV documents less than what it computes."""
    x = np.linspace(-700, 30, 1_000_001)
    assert np.abs(exp(x) / np.exp(x) - 1).max() < 1e-15
    assert exp(np.array([-1e5, 0.0])).tolist() == [0.0, 1.0]


def test_angles_from_the_table_are_those_of_the_arc_tangent() -> None:
    rise, run = (RANDOM.integers(-1020, 1021, 5000).astype(np.int16) for _ in range(2))
    rise[:9], run[:9] = [0, 0, 5, -5, 1020, -1020, 3, -3, 0], [0, 7, 0, 0, 1, 1, -2, -2, -4]
    expected = [
        math.atan(a / b) if b else math.copysign(math.pi / 2, a) * (a != 0)
        for a, b in zip(rise.tolist(), run.tolist(), strict=True)
    ]
    np.testing.assert_allclose(slope_angle(rise, run), expected, rtol=1e-15)
    as_floats = slope_angle(rise.astype(float), run.astype(float))
    np.testing.assert_allclose(as_floats, expected, rtol=1e-15)


def test_sobel_differences_are_whole_and_go_right_and_down() -> None:
    ramp = np.tile(np.arange(9, dtype=np.uint8), (5, 1))
    across, down = sobel(ramp, "replicate")
    assert across.dtype == np.int16
    assert (across[1:-1, 1:-1] == 8).all()
    assert (down == 0).all()


@pytest.mark.parametrize("order", ["running", "columns"])
def test_rounded_sobel_is_sobel_up_to_rounding(order: str) -> None:
    exact = sobel(IMAGE, "zero")
    rounded = rounded_sobel(IMAGE, "zero", order)  # type: ignore[arg-type]
    for ours, theirs in zip(rounded, exact, strict=True):
        np.testing.assert_allclose(ours * 255, theirs, atol=1e-12)


def test_gradient_is_twice_that_of_numpy() -> None:
    across, down = gradient(IMAGE)
    assert np.array_equal(across, 2 * np.gradient(IMAGE.astype(float), axis=1))
    assert np.array_equal(down, 2 * np.gradient(IMAGE.astype(float), axis=0))


def test_smooth_is_a_weighted_mean_of_the_window() -> None:
    window, x = Window("gaussian", 5, 1.1, "valid"), IMAGE.astype(float)
    kernel = np.outer(window.weights, window.weights)
    got = smooth(x, window)
    assert got.shape == (19, 27)
    assert got[3, 4] == pytest.approx(np.sum(kernel * x[3:8, 4:9]), rel=1e-14)
    assert kernel.sum() == pytest.approx(1.0, abs=1e-15)
    product = smooth_product(x, OTHER.astype(float), window)
    assert product[3, 4] == pytest.approx(np.sum(kernel * (x * OTHER)[3:8, 4:9]), rel=1e-14)


def test_a_valid_window_that_does_not_fit_gives_nothing() -> None:
    assert smooth(np.zeros((4, 30)), Window("uniform", 5, 1.0, "valid")).shape == (0, 26)


def test_histograms_count_every_pixel() -> None:
    joint = joint_histogram(IMAGE, OTHER)
    assert joint[IMAGE[2, 3], OTHER[2, 3]] >= 1
    assert np.array_equal(joint.sum(axis=1), np.bincount(IMAGE.ravel(), minlength=256))
    some = joint[joint > 0]
    assert weighted_logs(joint, 2) == pytest.approx(np.sum(some * np.log(some)), rel=1e-14)


def test_sums_over_strips_are_sums_over_the_image() -> None:
    x, y = RANDOM.random((2, 700, 90)) + 1
    assert totals(lambda a, b: (a * b, a), x, y) == pytest.approx((np.sum(x * y), np.sum(x)))
    assert log_totals(lambda a: (a,), x)[0] == pytest.approx(np.log(x).sum(), rel=1e-13)
    assert np.array_equal(mapped(lambda a, b: (a - b,), x, y)[0], x - y)
    assert totals(lambda a: (a,), np.zeros((0, 5))) == (0.0,)


def test_squared_steps_and_halves() -> None:
    x = IMAGE.astype(float)
    across, down = squared_steps(IMAGE)
    assert across == np.sum(np.diff(x, axis=1) ** 2)
    assert down == np.sum(np.diff(x, axis=0) ** 2)
    small = halved(x)
    assert small.shape == (12, 16)
    assert small[0, 0] == x[0, 0] / 4
    assert small[1, 1] == x[1:3, 1:3].mean()


def test_memory_can_be_kept() -> None:
    assert isinstance(keep_freed_memory(2**20), bool)
