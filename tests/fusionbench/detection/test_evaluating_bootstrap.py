"""Bootstrap over images: against scoring the drawn images one by one, and its properties."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fusionbench.boxes import Detections, Truths
from fusionbench.detection.evaluating import bootstrap_map, evaluate, paired_difference
from fusionbench.detection.matching import Matches, match
from fusionbench.labels.label_sets import LabelSet

IMAGES = 24
CLASSES = ("person", "car")


def labels_of(truths: dict[str, Truths]) -> LabelSet:
    same = {name: (name,) for name in CLASSES}
    return LabelSet("t", CLASSES, same, truths, dict.fromkeys(truths, (1, 1)), (), (), "", "", "")


def make_case(noise: float) -> tuple[LabelSet, dict[str, Detections]]:
    """Two objects an image, each found with a box that is off by ``noise``, and one false box."""
    rng = np.random.default_rng(5)
    truths, found = {}, {}
    for index in range(IMAGES):
        corner = rng.uniform(0, 200, (2, 2))
        true = np.hstack([corner, corner + rng.uniform(20, 60, (2, 2))])
        kinds = rng.integers(0, 2, 2)
        shift = rng.normal(0, 1, (2, 4)) * noise
        boxes = np.vstack([true + shift, [300, 300, 350, 350]]).astype(np.float32)
        truths[f"{index}"] = Truths(true, kinds, np.zeros(2, bool))
        scores = rng.random(3).astype(np.float32)
        found[f"{index}"] = Detections(boxes, scores, np.append(kinds, 0))
    return labels_of(truths), found


def matches(noise: float) -> Matches:
    labels, found = make_case(noise)
    return match(labels, found, CLASSES)


@pytest.fixture(scope="module")
def sharp() -> Matches:
    return matches(2)


@pytest.fixture(scope="module")
def blurred() -> Matches:
    return matches(8)


def test_a_draw_scores_as_the_drawn_images_do_on_their_own(sharp: Matches) -> None:
    labels, found = make_case(2)
    drawn = bootstrap_map(sharp, seed=3, resamples=5)
    rng = np.random.default_rng(3)
    for at, counts in enumerate(rng.multinomial(IMAGES, np.full(IMAGES, 1 / IMAGES), 5)):
        copies = [
            (f"{key}-{n}", key) for key, c in zip(found, counts, strict=True) for n in range(c)
        ]
        again = labels_of({new: labels.truths[old] for new, old in copies})
        result = evaluate(again, {new: found[old] for new, old in copies}, CLASSES)
        assert drawn.draws[at] == pytest.approx(result.ap, abs=1e-9)
        assert drawn.draws50[at] == pytest.approx(result.ap50, abs=1e-9)


def test_value_is_that_of_the_evaluation_and_the_interval_holds_it(sharp: Matches) -> None:
    labels, found = make_case(2)
    result, drawn = evaluate(labels, found, CLASSES), bootstrap_map(sharp, resamples=300)
    assert drawn.ap is not None and drawn.ap50 is not None
    assert drawn.ap.value == pytest.approx(result.ap, abs=1e-9)
    assert drawn.ap50.value == pytest.approx(result.ap50, abs=1e-9)
    assert drawn.ap.low < drawn.ap.value < drawn.ap.high
    np.testing.assert_allclose(
        [drawn.ap.low, drawn.ap.high], np.percentile(drawn.draws, [2.5, 97.5])
    )


def test_seed_decides(sharp: Matches) -> None:
    first, again = (bootstrap_map(sharp, seed=1, resamples=20) for _ in range(2))
    np.testing.assert_array_equal(first.draws, again.draws)
    assert (first.draws != bootstrap_map(sharp, seed=2, resamples=20).draws).any()


def test_paired_difference_is_over_the_same_draws(sharp: Matches, blurred: Matches) -> None:
    good, bad = (bootstrap_map(m, resamples=300) for m in (sharp, blurred))
    gap = paired_difference(good, bad)
    assert good.ap and bad.ap and gap.ap
    assert gap.ap.value == pytest.approx(good.ap.value - bad.ap.value)
    assert gap.ap.low > 0
    assert gap.ap.high - gap.ap.low < (good.ap.high - good.ap.low) + (bad.ap.high - bad.ap.low)
    same = paired_difference(good, good)
    assert same.ap and (same.ap.value, same.ap.low, same.ap.high) == (0, 0, 0)


def test_different_draws_cannot_be_paired(sharp: Matches) -> None:
    with pytest.raises(ValueError, match="differ"):
        paired_difference(
            bootstrap_map(sharp, seed=1, resamples=9), bootstrap_map(sharp, seed=2, resamples=9)
        )


def test_without_objects_nothing_is_defined(sharp: Matches) -> None:
    empty = dataclasses.replace(sharp, objects=np.zeros_like(sharp.objects))
    drawn = bootstrap_map(empty, resamples=10)
    assert drawn.ap is None and drawn.ap50 is None and np.isnan(drawn.draws).all()
    full = bootstrap_map(sharp, resamples=10)
    assert paired_difference(full, drawn).ap is None


def test_no_detection_is_zero_in_every_draw(sharp: Matches) -> None:
    labels, _ = make_case(2)
    none = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))
    drawn = bootstrap_map(match(labels, dict.fromkeys(labels.truths, none), CLASSES), resamples=10)
    assert drawn.ap is not None and (drawn.ap.low, drawn.ap.high) == (0, 0)


def test_a_class_that_a_draw_lacks_is_left_out_of_its_mean() -> None:
    """One image of two holds the only car, which is missed: without it a draw scores 1."""
    box = np.array([[0.0, 0, 50, 50]])
    truths = {
        name: Truths(box, np.array([kind]), np.zeros(1, bool)) for kind, name in enumerate("pc")
    }
    right = Detections(box.astype(np.float32), np.ones(1, np.float32), np.array([0]))
    none = Detections(right.boxes[:0], right.scores[:0], right.classes[:0])
    drawn = bootstrap_map(match(labels_of(truths), {"p": right, "c": none}, CLASSES), resamples=40)
    counts = np.random.default_rng(0).multinomial(2, [0.5, 0.5], 40)
    expected = np.where(counts[:, 1] == 0, 1.0, np.where(counts[:, 0] == 0, 0.0, 0.5))
    np.testing.assert_allclose(drawn.draws, expected)
