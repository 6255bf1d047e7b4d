"""What a detector's name may be, what is recorded of it, and suppression; no network is loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionbench import FusionBenchError, UnknownNameError, WeightsError, WeightsFinder
from fusionbench.boxes import Thresholds
from fusionbench.detection.planning import prepare_detector
from fusionbench.detectors._suppression import suppress, without_suppression
from fusionbench.files import sha256_of
from fusionbench.registry import DETECTORS
from fusionbench.weights import known_weights


def test_the_built_in_detectors() -> None:
    found = {entry.name: entry.plugin.card for entry in DETECTORS}
    assert found["ultralytics"].licence == "AGPL-3.0"
    assert found["ultralytics"].requires == "yolo"
    assert found["yolox-nano"].licence == "Apache-2.0" and not found["yolox-nano"].requires
    assert not DETECTORS.broken


def test_a_record(tmp_path: Path) -> None:
    weights = tmp_path / "mine.pt"
    weights.write_bytes(b"mine")
    record = prepare_detector(f"ultralytics:{weights}").record
    assert (record.name, record.label, record.licence) == ("ultralytics", "mine.pt", "AGPL-3.0")
    assert (record.weights.origin, record.weights.file) == ("file", "mine.pt")
    assert record.weights.sha256 == sha256_of(weights)
    assert record.thresholds.model_dump() == {"score": 0.001, "overlap": 0.7, "most": 300}
    assert type(record).model_validate_json(record.model_dump_json()) == record


def test_the_fingerprint_is_of_what_decides_the_boxes(tmp_path: Path) -> None:
    weights, copy, other = (tmp_path / name for name in ("a.pt", "copy.pt", "other.pt"))
    for path, content in ((weights, b"a"), (copy, b"a"), (other, b"b")):
        path.write_bytes(content)

    def fingerprint(path: Path, device: str = "cpu", **changed: float) -> str:
        thresholds = Thresholds(**changed)  # type: ignore[arg-type]
        return prepare_detector(f"ultralytics:{path}", device, None, thresholds).record.fingerprint

    first = fingerprint(weights)
    assert first == fingerprint(copy)
    assert fingerprint(weights, "cuda:0") == fingerprint(weights, "cuda:1")
    others = {fingerprint(other), fingerprint(weights, score=0.1), fingerprint(weights, "cuda")}
    assert len({first, *others}) == 4


@pytest.mark.reference
def test_an_8_bit_copy_is_called_one(shared: Callable[[str], Path]) -> None:
    folder = shared("weights/detectors")
    path = folder / "yolov8n_coco_int8pc.pt"
    named = prepare_detector("ultralytics:yolov8n-int8", "cpu", WeightsFinder([folder])).record
    assert named == prepare_detector(f"ultralytics:{path}").record
    assert named.label == "YOLOv8n (8-bit copy)" and "8-bit copy" in named.weights.note
    assert named.weights.origin == "third-party"
    nano = prepare_detector("yolox-nano", "cpu", WeightsFinder([folder])).record
    assert (nano.label, nano.weights.origin) == ("YOLOX-Nano", "third-party")


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("ultralytics", "yolov8n.pt"),
        ("ultralytics:yolo11n.pt", "yolo11n.pt"),
        ("ultralytics:yolo11n", "yolo11n.pt"),
        ("yolox-nano", "yolox_nano.onnx"),
    ],
)
def test_published_weights_that_are_not_here(text: str, file: str) -> None:
    with pytest.raises(WeightsError) as caught:
        prepare_detector(text)
    message = str(caught.value)
    for told in (f"needs {file} (", "sha256", "fusionbench weights fetch", "--weights-dir"):
        assert told in message


def test_what_cannot_be_fetched_is_not_said_to_be() -> None:
    with pytest.raises(WeightsError, match=r"yolov8n_coco_int8pc\.pt") as caught:
        prepare_detector("ultralytics:yolov8n-int8")
    assert "--download" not in str(caught.value)


def test_published_weights_are_found_by_their_checksum_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "yolov8n.pt").write_bytes(b"not the published file")
    with pytest.raises(WeightsError, match=known_weights("yolov8n").sha256):
        prepare_detector("ultralytics:yolov8n", "cpu", WeightsFinder([tmp_path]))


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        ("ultralytic", UnknownNameError, "ultralytics"),
        ("ultralytics:", FusionBenchError, "expected NAME or NAME:WEIGHTS"),
        ("", FusionBenchError, "expected NAME or NAME:WEIGHTS"),
        ("ultralytics:none.pt", WeightsError, r"no such file.*yolov8n\.pt, yolo11n\.pt"),
        ("ultralytics:densefuse", WeightsError, "no such published weights"),
    ],
)
def test_what_is_no_detector(text: str, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        prepare_detector(text)


@pytest.mark.parametrize(
    "thresholds", [Thresholds(score=2), Thresholds(overlap=-1), Thresholds(most=0)]
)
def test_thresholds_that_make_no_sense(thresholds: Thresholds) -> None:
    with pytest.raises(FusionBenchError, match=r"expected score and overlap in 0\.\.1"):
        prepare_detector("yolox-nano", "cpu", None, thresholds)


def some(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes of whole pixels, scores that all differ, three classes."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 60, (count, 2))
    boxes = np.hstack([corners, corners + rng.integers(1, 40, (count, 2))]).astype(np.float32)
    scores = rng.permutation(np.arange(1, count + 1) / (count + 1)).astype(np.float32)
    return boxes, scores, rng.integers(0, 3, count)


@pytest.mark.parametrize("count", [1, 2, 40, 400])
@pytest.mark.parametrize("overlap", [0.31, 0.7001])
def test_suppression_is_opencvs(count: int, overlap: float) -> None:
    boxes, scores, classes = some(count, count)
    corners_and_sizes = np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])
    kept = cv2.dnn.NMSBoxesBatched(
        corners_and_sizes.tolist(), scores.tolist(), classes.tolist(), 0.2, overlap
    )
    found = suppress(boxes, scores, classes, Thresholds(0.2, overlap, 1000))
    assert found.scores.tolist() == sorted(scores[np.array(kept, int)].tolist(), reverse=True)


@settings(max_examples=30, deadline=None)
@given(count=st.integers(0, 60), seed=st.integers(0, 99), overlap=st.floats(0, 1))
def test_suppression_keeps_what_it_kept(count: int, seed: int, overlap: float) -> None:
    thresholds = Thresholds(0.1, overlap, 25)
    first = suppress(*some(count, seed), thresholds)
    again = suppress(first.boxes, first.scores, first.classes, thresholds)
    np.testing.assert_array_equal(first.boxes, again.boxes)
    assert len(first.scores) <= 25 and (first.scores >= np.float32(0.1)).all()
    assert (np.diff(first.scores) <= 0).all()


def test_suppression_by_hand() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 5], [0, 0, 10, 10], [3, 3, 3, 3]], np.float32)
    scores = np.array([0.5, 0.9, 0.5, 0.7], np.float32)
    classes = np.array([1, 1, 2, 1])
    found = suppress(boxes, scores, classes, Thresholds(0.5, 0.49, 10))
    assert found.classes.tolist() == [1, 1, 2] and found.boxes[1].tolist() == [3, 3, 3, 3]
    kept = suppress(boxes, scores, classes, Thresholds(0.5, 0.5, 10))
    assert kept.classes.tolist() == [1, 1, 1, 2]  # an overlap of exactly a half is not greater
    every = without_suppression(boxes, scores, classes, Thresholds(0.6, 0, 10))
    assert every.scores.tolist() == pytest.approx([0.9, 0.7])
