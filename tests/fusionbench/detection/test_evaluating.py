"""Average precision: worked out on paper, against pycocotools, and on odd input."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from fusionbench.boxes import Detections, Truths
from fusionbench.detection.evaluating import (
    Evaluation,
    average_precisions,
    average_recalls,
    evaluate,
    precision_curve,
)
from fusionbench.detection.matching import disagreement, outcome
from fusionbench.errors import FusionBenchError
from fusionbench.labels.label_sets import LabelSet

sys.path.insert(0, str(Path(__file__).parent))
from coco_peer import coco_arrays, coco_results, coco_truths


def truths(*rows: Sequence[float], ignore: Sequence[int] = ()) -> Truths:
    """True boxes given as left, top, right, bottom, class."""
    table = np.array(rows, np.float64).reshape(-1, 5)
    skip = np.isin(np.arange(len(table)), ignore)
    return Truths(table[:, :4], table[:, 4].astype(np.int64), skip)


def found(*rows: Sequence[float]) -> Detections:
    """Detections given as left, top, right, bottom, class, score."""
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 5], table[:, 4].astype(np.int64))


def label_set(given: dict[str, Truths], classes: tuple[str, ...] = ("person",)) -> LabelSet:
    same = {name: (name,) for name in classes}
    sizes = dict.fromkeys(given, (640, 480))
    return LabelSet("test", classes, same, given, sizes, (), (), "", "", "")


def random_case(images: int, seed: int) -> tuple[LabelSet, dict[str, Detections]]:
    """Boxes of three classes, a tenth to ignore; good, shifted, mislabelled and free detections."""
    rng = np.random.default_rng(seed)
    labels, boxes = {}, {}
    for index in range(images):
        count = rng.integers(0, 8)
        corner = rng.uniform(0, 400, (count, 2))
        true = np.hstack([corner, corner + rng.uniform(3, 150, (count, 2))])
        kinds = rng.integers(0, 3, count)
        labels[f"p{index}"] = Truths(true, kinds, rng.random(count) < 0.1)
        source = np.repeat(np.arange(count), rng.integers(0, 4))
        shift = rng.choice([0, 1, 4, 10], (len(source), 1)) * rng.normal(0, 1, (len(source), 4))
        free = rng.uniform(0, 500, (rng.integers(0, 20), 2))
        free = np.hstack([free, free + rng.uniform(0, 100, free.shape)])
        given = np.vstack([true[source] + shift, free])
        given[:, 2:] = np.maximum(given[:, 2:], given[:, :2])
        guess = np.append(kinds[source], rng.integers(0, 3, len(free)))
        score = np.round(rng.random(len(given)), 2).astype(np.float32)  # with ties
        boxes[f"p{index}"] = Detections(given.astype(np.float32), score, guess)
    return label_set(labels, ("person", "bicycle", "car")), boxes


PAPER_TRUTHS = {
    "a": truths((0, 0, 100, 100, 0), (200, 200, 300, 300, 0)),
    "b": truths((0, 0, 100, 100, 0)),
}
PAPER_FOUND = {
    # a perfect box, then one that overlaps by 0.78; the third object is missed
    "a": found((0, 0, 100, 100, 0, 0.9), (200, 200, 300, 278, 0, 0.7)),
    "b": found((300, 300, 400, 400, 0, 0.8)),
}


def test_a_case_worked_out_on_paper() -> None:
    """Precision is 1, 1/2, 2/3 at recall 1/3, 1/3, 2/3.

    Up to recall 1/3 (34 of the 101 recalls) the best precision is 1, up to 2/3 (33 more) it is
    2/3: AP50 is (34 + 33 · 2/3) / 101. From an overlap of 0.8 on, only the 34 remain.
    """
    result = evaluate(label_set(PAPER_TRUTHS), PAPER_FOUND, ["person"])
    assert result.ap50 == pytest.approx(56 / 101, abs=1e-12)
    assert result.ap75 == pytest.approx(56 / 101, abs=1e-12)
    assert result.ap == pytest.approx((6 * 56 + 4 * 34) / 1010, abs=1e-12)
    assert result.ar == pytest.approx((6 * 2 / 3 + 4 * 1 / 3) / 10, abs=1e-12)
    assert result.ap_large == result.ap
    assert result.ap_small is None and result.ap_medium is None and result.ar_small is None
    scores = result.classes["person"]
    assert (scores.objects, scores.known, scores.ap50) == (3, True, result.ap50)
    expected = np.repeat([1, 2 / 3, 0], [34, 33, 34])
    np.testing.assert_allclose(scores.precision, expected, atol=1e-12)
    np.testing.assert_allclose(precision_curve(result.matches, 0), expected, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_every_value_equals_faster_coco_eval(seed: int) -> None:
    pytest.importorskip("faster_coco_eval")
    labels, boxes = random_case(40, seed)
    result = evaluate(labels, boxes, labels.classes)
    precision, recall = coco_arrays(labels, boxes, labels.numbers(labels.classes))
    ones = np.ones((1, 40))
    for area in range(4):
        own = average_precisions(result.matches, ones, area=area)[..., 0].T
        np.testing.assert_allclose(own, precision[..., area].mean(axis=1), atol=1e-12)
        own = average_recalls(result.matches, area=area).T
        np.testing.assert_allclose(own, recall[..., area], atol=1e-12)
    for kind, name in enumerate(labels.classes):
        curve = result.classes[name].precision
        np.testing.assert_allclose(curve, precision[0, :, kind, 0], atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_every_value_equals_pycocotools(seed: int) -> None:
    labels, boxes = random_case(40, seed)
    result = evaluate(labels, boxes, labels.classes)
    peer = _pycocotools(labels, boxes)
    names = ["ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large"]
    assert [getattr(result, n) for n in names] == pytest.approx(peer.stats[:6], abs=1e-6)
    names = ["ar", "ar_small", "ar_medium", "ar_large"]
    assert [getattr(result, n) for n in names] == pytest.approx(peer.stats[8:], abs=1e-6)
    precision, recall = peer.eval["precision"][..., -1], peer.eval["recall"][..., -1]
    ones = np.ones((1, 40))
    for area in range(4):
        own = average_precisions(result.matches, ones, area=area)[..., 0].T
        np.testing.assert_allclose(own, precision[..., area].mean(axis=1), atol=1e-6)
        np.testing.assert_allclose(
            average_recalls(result.matches, area=area).T, recall[..., area], atol=1e-6
        )
    for kind, name in enumerate(labels.classes):
        np.testing.assert_allclose(
            result.classes[name].precision, precision[0, :, kind, 0], atol=1e-6
        )


def _pycocotools(labels, boxes):
    coco = pytest.importorskip("pycocotools.coco")
    judge = pytest.importorskip("pycocotools.cocoeval")
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO()
        truth.dataset = coco_truths(labels)
        truth.createIndex()
        results = coco_results(labels, boxes, labels.numbers(labels.classes))
        run = judge.COCOeval(truth, truth.loadRes(results), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return run


def test_only_the_best_boxes_of_an_image_are_looked_at() -> None:
    labels = label_set({"a": truths((0, 0, 50, 50, 0))})
    boxes = {"a": found((90, 90, 99, 99, 0, 0.9), (0, 0, 50, 50, 0, 0.8))}
    assert evaluate(labels, boxes, ["person"], most=2).ap50 == pytest.approx(0.5)
    assert evaluate(labels, boxes, ["person"], most=1).ap50 == 0
    own = evaluate(labels, boxes, ["person"], most=1).matches
    assert average_precisions(own, np.ones((1, 1)))[0, 0, 0] == 0


def test_the_most_boxes_of_a_class_are_the_best_whatever_their_order() -> None:
    labels, boxes = random_case(10, 7)
    distinct = {key: _without_ties(one) for key, one in boxes.items()}
    back = {
        key: Detections(one.boxes[::-1], one.scores[::-1], one.classes[::-1])
        for key, one in distinct.items()
    }
    first, second = (evaluate(labels, d, labels.classes, most=5) for d in (distinct, back))
    assert first.ap == second.ap


def _without_ties(one: Detections) -> Detections:
    steps = np.linspace(0, 0.001, len(one.scores), dtype=np.float32)
    return Detections(one.boxes, one.scores + steps, one.classes)


# -- what has no true positive, no object, no detection


def own_and_peer(result: Evaluation) -> tuple[float | None, float]:
    """Mean AP50-95 as the evaluation has it, and from the matches."""
    values = average_precisions(result.matches, np.ones((1, result.images)))
    scored = values[list(result.matches.scored())]
    return result.ap, float(scored.mean()) if scored.size else np.nan


def test_no_detection_at_all_is_zero() -> None:
    result = evaluate(label_set(PAPER_TRUTHS), {"a": found(), "b": found()}, ["person"])
    assert own_and_peer(result) == (0, 0)
    assert result.ap50 == 0 and result.ar == 0
    assert not result.classes["person"].precision.any()


def test_images_without_objects_count_their_false_positives() -> None:
    given = {"a": truths((0, 0, 50, 50, 0)), "empty": truths()}
    right = found((0, 0, 50, 50, 0, 0.5))
    clean = evaluate(label_set(given), {"a": right, "empty": found()}, ["person"])
    spoilt = {"a": right, "empty": found((0, 0, 9, 9, 0, 0.9))}
    assert clean.images == 2 and clean.ap50 == pytest.approx(1)
    assert evaluate(label_set(given), spoilt, ["person"]).ap50 == pytest.approx(0.5)


def test_no_object_in_any_image_has_no_score() -> None:
    result = evaluate(label_set({"a": truths()}), {"a": found((0, 0, 9, 9, 0, 0.9))}, ["person"])
    assert result.ap is None and result.ap50 is None and result.ar is None
    assert result.classes["person"].ap50 is None
    assert result.classes["person"].precision.size == 0


def test_a_class_that_never_occurs_or_that_the_detector_lacks_is_left_out_of_the_mean() -> None:
    given = {"a": truths((0, 0, 50, 50, 0), (100, 100, 150, 150, 1))}
    labels = label_set(given, ("person", "Lamp", "bus"))
    boxes = {"a": found((0, 0, 50, 50, 1, 0.9), (0, 0, 50, 50, 2, 0.9), (5, 5, 9, 9, 0, 0.9))}
    result = evaluate(labels, boxes, ["kite", "Person", "bus"])
    assert result.ap50 == pytest.approx(1)
    kinds = {name: (one.objects, one.known, one.ap50) for name, one in result.classes.items()}
    assert kinds["Lamp"] == (1, False, None)
    assert kinds["bus"] == (0, True, None)
    assert own_and_peer(result)[1] == pytest.approx(result.ap)


def test_a_detector_that_knows_no_class_has_no_score() -> None:
    result = evaluate(label_set(PAPER_TRUTHS), PAPER_FOUND, ["kite"])
    assert result.ap is None and not result.classes["person"].known


def test_several_of_a_detectors_classes_may_count_as_one() -> None:
    given = {"a": truths((0, 0, 50, 50, 0), (100, 100, 150, 150, 0))}
    labels = LabelSet(
        "x", ("car",), {"car": ("car", "truck")}, given, {"a": (200, 200)}, (), (), "", "", ""
    )
    boxes = {"a": found((0, 0, 50, 50, 0, 0.9), (100, 100, 150, 150, 1, 0.9))}
    assert evaluate(labels, boxes, ["truck", "car"]).ap50 == pytest.approx(1)
    assert evaluate(labels, boxes, ["kite", "car"]).ap50 == pytest.approx(51 / 101)


def test_boxes_outside_the_image_and_of_no_area_are_false_positives() -> None:
    labels = label_set({"a": truths((0, 0, 50, 50, 0))})
    odd = [(-90, -90, -10, -10, 0, 0.9), (700, 500, 900, 800, 0, 0.8), (20, 20, 20, 20, 0, 0.7)]
    result = evaluate(labels, {"a": found(*odd, (0, 0, 50, 50, 0, 0.6))}, ["person"])
    assert own_and_peer(result) == (pytest.approx(0.25), pytest.approx(0.25))
    beyond = evaluate(labels, {"a": found((-10, 0, 50, 50, 0, 0.6))}, ["person"])
    # 2500 / 3000 of the union is shared: right up to an overlap of 0.8
    assert beyond.ap == pytest.approx(0.7)


def test_regions_to_ignore_count_neither_way() -> None:
    given = {"a": truths((0, 0, 50, 50, 0), (100, 100, 300, 300, 0), ignore=[1])}
    inside = [(110, 110, 150, 150, 0, 0.9), (200, 200, 240, 240, 0, 0.8)]
    result = evaluate(label_set(given), {"a": found(*inside, (0, 0, 50, 50, 0, 0.5))}, ["person"])
    assert result.ap50 == pytest.approx(1)
    assert result.classes["person"].objects == 1
    shown = outcome(result.matches, "a")
    assert shown.correct.tolist() == [True] and shown.found.tolist() == [True]


def test_what_cannot_be_scored_is_refused() -> None:
    labels = label_set(PAPER_TRUTHS)
    with pytest.raises(FusionBenchError, match="pair 'b' has labels but no detections"):
        evaluate(labels, {"a": found()}, ["person"])
    wrong = found((0, 0, np.nan, 5, 0, 0.5))
    with pytest.raises(FusionBenchError, match=r"pair 'b'.*not finite"):
        evaluate(labels, {"a": found(), "b": wrong}, ["person"])


# -- what became of each box


def test_outcome_of_each_box_follows_the_score_threshold() -> None:
    result = evaluate(label_set(PAPER_TRUTHS), PAPER_FOUND, ["person"])
    low = outcome(result.matches, "a", score=0.5)
    assert low.correct.tolist() == [True, True] and low.found.tolist() == [True, True]
    high = outcome(result.matches, "a", score=0.8)
    assert high.correct.tolist() == [True] and high.found.tolist() == [True, False]
    np.testing.assert_allclose(high.boxes, [[0, 0, 100, 100]])
    other = outcome(result.matches, "b", score=0.5)
    assert other.correct.tolist() == [False] and other.found.tolist() == [False]


@pytest.mark.parametrize("threshold", [0.2, 0.6])
def test_outcome_equals_matching_what_is_above_the_threshold_alone(threshold: float) -> None:
    labels, boxes = random_case(20, 3)
    cut = {
        key: Detections(*(part[one.scores >= threshold] for part in vars(one).values()))
        for key, one in boxes.items()
    }
    whole, part = (evaluate(labels, given, labels.classes).matches for given in (boxes, cut))
    for pair in labels.truths:
        for one, other in zip(
            vars(outcome(whole, pair, score=threshold)).values(),
            vars(outcome(part, pair, score=0)).values(),
            strict=True,
        ):
            np.testing.assert_array_equal(one, other)


def test_disagreement_counts_objects_and_false_positives_that_differ() -> None:
    labels = label_set({"a": truths((0, 0, 50, 50, 0), (100, 100, 150, 150, 0))})
    first, second = (0, 0, 50, 50, 0, 0.9), (100, 100, 150, 150, 0, 0.9)
    given = [found(first), found(second, (200, 200, 250, 250, 0, 0.9)), found(first)]
    ends = [outcome(evaluate(labels, {"a": g}, ["person"]).matches, "a") for g in given]
    assert disagreement(ends[:1]) == 0
    assert disagreement([ends[0], ends[2]]) == 0
    assert disagreement(ends[:2]) == 3
    assert disagreement(ends) == 2
