"""What must hold for any images: ranges, symmetries, invariances, order under noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from fusionbench import Sources, Triple
from fusionbench.conventions import Column, load_conventions
from fusionbench.sources import PairSources

U8 = NDArray[np.uint8]
STANDARD = [Column(m, "standard") for m in load_conventions()["standard"].metrics]
EVERY = [Column(m, c.name) for c in load_conventions().values() for m in c.metrics]
SLACK = 1e-9


@st.composite
def three_images(draw: st.DrawFn, low: int = 16, high: int = 40) -> tuple[U8, U8, U8]:
    """Sources and a fused image of one size; levels are few, or many, or smooth."""
    shape = draw(st.tuples(st.integers(low, high), st.integers(low, high)))
    kind = draw(st.sampled_from(["few", "noise", "smooth"]))
    if kind == "few":
        levels = st.sampled_from([0, 1, 128, 254, 255])
        images = [draw(arrays(np.uint8, shape, elements=levels, fill=levels)) for _ in range(3)]
        return images[0], images[1], images[2]
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    made = random.uniform(0, 255, (3, *shape))
    if kind == "smooth":
        made = np.cumsum(np.cumsum(made - 127.5, axis=1), axis=2)
        low_, high_ = made.min(axis=(1, 2), keepdims=True), made.max(axis=(1, 2), keepdims=True)
        made = (made - low_) / (high_ - low_) * 255
    a, b, f = np.round(made).astype(np.uint8)
    return a, b, f


def _value(column: Column, ir: U8, vis: U8, fused: U8) -> float:
    return column.value(Triple(Sources(ir, vis), fused))


def _same(first: float, second: float, slack: float = SLACK) -> bool:
    if math.isnan(first) or math.isnan(second):
        return math.isnan(first) and math.isnan(second)
    return first == second or abs(first - second) <= slack * max(1.0, abs(first), abs(second))


@settings(max_examples=25, deadline=None)
@given(images=three_images(), gray=st.booleans())
def test_every_column_has_a_value_or_nan(images: tuple[U8, U8, U8], gray: bool) -> None:
    ir, vis, fused = images
    colour = fused if gray else np.stack([fused, vis, ir], axis=-1)
    triple = PairSources(ir, vis).triple(colour)
    for column in EVERY:
        assert type(column.value(triple)) is float, column


@settings(max_examples=25, deadline=None)
@given(images=three_images())
def test_values_lie_in_the_range_on_the_card(images: tuple[U8, U8, U8]) -> None:
    triple = Triple(Sources(*images[:2]), images[2])
    for column in STANDARD:
        value, card = column.value(triple), column.card
        if card.name.startswith("FMI"):
            continue  # its mixture may leave the simplex, see the docstring
        assert math.isnan(value) or card.low - SLACK <= value <= card.high + SLACK, column


@settings(max_examples=20, deadline=None)
@given(images=three_images())
def test_the_sources_may_be_swapped(images: tuple[U8, U8, U8]) -> None:
    ir, vis, fused = images
    first, second = Triple(Sources(ir, vis), fused), Triple(Sources(vis, ir), fused)
    for column in STANDARD:
        if column.metric != "VIFF":  # takes the visible image where both gains are equal
            assert _same(column.value(first), column.value(second)), column


@settings(max_examples=20, deadline=None)
@given(images=three_images())
def test_information_does_not_depend_on_what_the_levels_are(images: tuple[U8, U8, U8]) -> None:
    ir, vis, fused = images
    shuffled = np.random.default_rng(0).permutation(256).astype(np.uint8)[fused]
    for metric in ("EN", "MI", "NMI", "Q_MI"):
        column = Column(metric, "standard")
        assert _same(_value(column, ir, vis, fused), _value(column, ir, vis, shuffled)), metric


@settings(max_examples=20, deadline=None)
@given(images=three_images(), shift=st.integers(1, 100))
def test_contrast_does_not_depend_on_brightness(images: tuple[U8, U8, U8], shift: int) -> None:
    ir, vis, fused = images
    dark = (fused // 2).astype(np.uint8)
    bright = (dark + shift).astype(np.uint8)
    for metric in ("SD", "SF", "AG", "EI", "CC", "SCD", "VIF", "VIFF", "MEF-SSIM", "Nabf"):
        column = Column(metric, "standard")
        assert _same(_value(column, ir, vis, dark), _value(column, ir, vis, bright)), metric


@settings(max_examples=20, deadline=None)
@given(images=three_images())
def test_mirroring_changes_nothing(images: tuple[U8, U8, U8]) -> None:
    mirrored = [np.ascontiguousarray(image[:, ::-1]) for image in images]
    for metric in ("EN", "MI", "SD", "SF", "AG", "EI", "MSE", "CC", "SSIM", "MEF-SSIM", "Q_Y"):
        column = Column(metric, "standard")
        first, second = (
            _value(column, *images),
            _value(column, mirrored[0], mirrored[1], mirrored[2]),
        )
        assert _same(first, second), metric


@settings(max_examples=20, deadline=None)
@given(images=three_images(low=24))
def test_equal_images_have_the_best_value(images: tuple[U8, U8, U8]) -> None:
    image = images[0]
    if image.min() == image.max():
        return
    best = {"SSIM": 2.0, "CC": 1.0, "MSE": 0.0, "RMSE": 0.0, "PSNR": math.inf, "CE": 0.0}
    best |= {"VIF": 2.0, "Nabf": 0.0, "FMI_pixel": 1.0, "FMI_dct": 1.0, "Q_MI": 2.0, "Q_Y": 1.0}
    for metric, value in best.items():
        got = _value(Column(metric, "standard"), image, image, image)
        assert _same(got, value, 1e-6), (metric, got)


@pytest.mark.parametrize(
    "metric", ["SSIM", "PSNR", "VIF", "Qabf", "CC", "MI", "MSE", "Q_Y", "FMI_dct"]
)
def test_more_noise_is_worse(metric: str) -> None:
    random = np.random.default_rng(3)
    y, x = np.mgrid[:96, :128]
    scene = 128 + 60 * np.sin(x / 9) * np.cos(y / 7)
    noise = random.normal(0, 1, scene.shape)
    image = np.round(scene).astype(np.uint8)
    noisy = [np.round(scene + level * noise).clip(0, 255).astype(np.uint8) for level in (2, 8, 32)]
    column = Column(metric, "standard")
    values = [_value(column, image, image, fused) for fused in noisy]
    assert values == sorted(values, reverse=column.card.better == "higher")
    assert len(set(values)) == 3


def test_artefacts_losses_and_what_is_kept_add_up() -> None:
    random = np.random.default_rng(5)
    ir, vis, fused = random.integers(0, 256, (3, 48, 64), dtype=np.uint8)
    nabf, labf = (_value(Column(m, "standard"), ir, vis, fused) for m in ("Nabf", "Labf"))
    assert 0 < nabf < 1
    assert 0 < labf < 1
    assert nabf + labf < 1
