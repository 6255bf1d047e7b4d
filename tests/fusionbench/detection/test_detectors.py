"""The built-in detectors on real images, against other programs that run the same networks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fusionbench import Detector, FusionBenchError, WeightsError, WeightsFinder
from fusionbench.boxes import F32, Detections, Thresholds
from fusionbench.detection.planning import prepare_detector
from fusionbench.detectors._yolo import make_torchvision_importable, yolo_package
from fusionbench.detectors.yolox import COCO, letterbox
from fusionbench.files import user_cache
from fusionbench.images import U8, read_image

pytestmark = [pytest.mark.reference, pytest.mark.usefixtures("no_network")]
NAMES = ("yolox-nano", "ultralytics:yolov8n-int8")
SURE, ALL = Thresholds(score=0.25), Thresholds()


@pytest.fixture(scope="session")
def loaded(shared_weights: Path, request: pytest.FixtureRequest) -> Callable[[str], Detector]:
    """``loaded("yolox-nano")``: the detector, loaded once."""
    made: dict[str, Detector] = {}

    def load(text: str) -> Detector:
        if text not in made:
            if text.startswith("ultralytics"):
                request.getfixturevalue("yolo")
            made[text] = prepare_detector(text, "cpu", WeightsFinder([shared_weights])).detector
            made[text].load()
        return made[text]

    return load


@pytest.fixture(scope="session")
def shared_weights(shared: Callable[[str], Path]) -> Path:
    return shared("weights/detectors")


def rgb(path: Path) -> U8:
    image = read_image(path)
    return image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)


def overlaps(first: Any, second: Any) -> Any:
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=-1)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=-1) for boxes in (first, second)]
    return common / (areas[0][:, None] + areas[1] - common)


def labelled_people(file: Path, width: int, height: int) -> Any:
    rows = np.array([line.split() for line in file.read_text().splitlines()], float).reshape(-1, 5)
    centre, size = rows[rows[:, 0] == 0, 1:3], rows[rows[:, 0] == 0, 3:5]
    return np.hstack([centre - size / 2, centre + size / 2]) * [width, height, width, height]


def people_found(detector: Detector, image: U8, people: Any) -> int:
    (found,) = detector.detect([image], SURE)
    boxes = found.boxes[found.classes == detector.classes.index("person")]
    return int((overlaps(people, boxes).max(1, initial=0) > 0.5).sum())


@pytest.mark.parametrize("name", NAMES)
def test_people_are_found_where_the_labels_have_people(
    name: str, loaded: Callable[[str], Detector], shared: Callable[[str], Path]
) -> None:
    folder, found, labelled = shared("data/MSRS/detection"), 0, 0
    for stem in ("1", "345", "559", "638", "1348"):
        image = rgb(folder / "ir" / f"{stem}.png")
        people = labelled_people(folder / "labels" / f"{stem}.txt", 640, 480)
        found, labelled = found + people_found(loaded(name), image, people), labelled + len(people)
    assert (found, labelled) == (16, 16)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("image", "person"),
    [
        ("LLVIP/infrared/test/190001.jpg", (1018, 308, 1144, 584)),
        ("M3FD_Detection/Vis/01320.png", (300, 82, 360, 310)),
    ],
)
def test_one_person_in_pixels_of_the_image(
    name: str,
    image: str,
    person: tuple[int, ...],
    loaded: Callable[[str], Detector],
    shared: Callable[[str], Path],
) -> None:
    found = people_found(loaded(name), rgb(shared("data") / image), np.array([person], float))
    assert found == 1


@pytest.fixture
def scenes(shared: Callable[[str], Path]) -> list[U8]:
    folder = shared("data/MSRS/detection")
    return [rgb(folder / kind / "1348.png") for kind in ("vi", "ir")]


def assert_same(first: Detections, second: Detections, tolerance: float = 1e-3) -> None:
    np.testing.assert_array_equal(first.classes, second.classes)
    np.testing.assert_allclose(first.scores, second.scores, atol=1e-5)
    np.testing.assert_allclose(first.boxes, second.boxes, atol=tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_equals_its_images_one_by_one(
    name: str, loaded: Callable[[str], Detector], scenes: list[U8]
) -> None:
    detector = loaded(name)
    together = detector.detect(scenes, SURE)
    assert len(together) == 2 and all(len(found.scores) for found in together)
    for image, found in zip(scenes, together, strict=True):
        assert_same(found, detector.detect([image], SURE)[0], 1e-2)
    assert detector.detect([], SURE) == []


@pytest.mark.parametrize("name", NAMES)
def test_thresholds_are_honoured(
    name: str, loaded: Callable[[str], Detector], scenes: list[U8]
) -> None:
    detector = loaded(name)
    (everything,) = detector.detect(scenes[:1], ALL)
    assert everything.boxes.dtype == everything.scores.dtype == np.float32
    assert everything.classes.dtype == np.int64
    assert 50 < len(everything.scores) <= ALL.most
    assert (np.diff(everything.scores) <= 0).all() and everything.scores.min() >= ALL.score
    (few,) = detector.detect(scenes[:1], Thresholds(most=5))
    assert_same(
        few, Detections(everything.boxes[:5], everything.scores[:5], everything.classes[:5])
    )
    (strict,) = detector.detect(scenes[:1], Thresholds(score=0.001, overlap=0.1))
    for number in set(strict.classes):
        own = strict.boxes[strict.classes == number].astype(float)
        assert (np.triu(overlaps(own, own), 1) < 0.1 + 1e-3).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(33, 47), (1, 1), (40, 700)])
def test_blank_images_of_any_size(
    name: str, shape: tuple[int, int], loaded: Callable[[str], Detector]
) -> None:
    image = np.full((*shape, 3), 90, np.uint8)
    assert not len(loaded(name).detect([image], SURE)[0].scores)
    (found,) = loaded(name).detect([image], Thresholds(score=1e-6))
    assert found.boxes.min() >= 0
    assert found.boxes[:, 0::2].max() <= shape[1] and found.boxes[:, 1::2].max() <= shape[0]


def test_yolox_against_onnxruntime(
    loaded: Callable[[str], Detector], scenes: list[U8], shared_weights: Path
) -> None:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(
        str(shared_weights / "yolox_nano_416_coco.onnx"), providers=["CPUExecutionProvider"]
    )
    for image in scenes:
        padded, scale = letterbox(image)
        planes = padded[None, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32)
        raw = session.run(None, {session.get_inputs()[0].name: planes})[0][0]
        expected = slowly_decoded(raw, scale)
        (found,) = loaded("yolox-nano").detect([image], Thresholds(score=0.25, overlap=0.99))
        assert len(expected) == len(found.scores) > 2
        for box, score, number in zip(found.boxes, found.scores, found.classes, strict=True):
            near = [e for e in expected if e[5] == number and abs(e[4] - score) < 1e-4]
            assert any(np.abs(np.array(e[:4]) - box).max() < 0.05 for e in near)


def slowly_decoded(raw: F32, scale: float) -> list[tuple[float, ...]]:
    """Every box with a score of at least 0.25, one after the other, before suppression."""
    boxes, index = [], 0
    for stride in (8, 16, 32):
        for row in range(416 // stride):
            for column in range(416 // stride):
                x, y, w, h, seen, *classes = map(float, raw[index])
                index += 1
                if seen * max(classes) < 0.25:
                    continue
                x, y = (x + column) * stride, (y + row) * stride
                w, h = np.exp(w) * stride, np.exp(h) * stride
                edges = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
                limits = (640, 480, 640, 480)
                box = [
                    min(max(e / scale, 0), limit) for e, limit in zip(edges, limits, strict=True)
                ]
                boxes.append((*box, seen * max(classes), float(np.argmax(classes))))
    return boxes


def test_yolox_letterbox() -> None:
    image = np.arange(100 * 200 * 3, dtype=np.uint32).reshape(100, 200, 3).astype(np.uint8)
    padded, scale = letterbox(image)
    assert padded.shape == (416, 416, 3) and scale == 2.08
    assert (padded[208:] == 114).all()
    np.testing.assert_array_equal(padded[:208], cv2.resize(image, (416, 208)))


def test_class_names_are_the_packages(loaded: Callable[[str], Detector]) -> None:
    assert loaded("ultralytics:yolov8n-int8").classes == COCO
    assert loaded("yolox-nano").classes == COCO and len(set(COCO)) == 80


def test_ultralytics_against_its_own_predict(
    loaded: Callable[[str], Detector], scenes: list[U8], shared_weights: Path, yolo: Any
) -> None:
    make_torchvision_importable()
    model = yolo.YOLO(shared_weights / "yolov8n_coco_int8pc.pt")
    odd = [np.ascontiguousarray(scenes[0][30:430, 5:637])]
    for images in (scenes, odd):
        theirs = model.predict(
            [np.ascontiguousarray(image[:, :, ::-1]) for image in images],
            imgsz=640, conf=0.25, iou=0.7, max_det=300, device="cpu", verbose=False, save=False,
        )  # fmt: skip
        ours = loaded("ultralytics:yolov8n-int8").detect(images, SURE)
        for result, found in zip(theirs, ours, strict=True):
            boxes = result.boxes
            expected = Detections(*(v.numpy() for v in (boxes.xyxy, boxes.conf, boxes.cls.long())))
            assert len(found.scores) >= 3
            assert_same(found, expected, 1e-2)


def test_ultralytics_against_its_own_suppression_at_low_scores(
    loaded: Callable[[str], Detector], scenes: list[U8]
) -> None:
    import torch
    from ultralytics.utils import nms, ops

    detector: Any = loaded("ultralytics:yolov8n-int8")
    batch = detector._letterboxed(scenes)
    with torch.inference_mode():
        raw = detector._network(batch)[0]
        theirs = nms.non_max_suppression(
            raw.clone(), 0.001, 0.7, multi_label=True, max_det=300, max_time_img=1e6
        )
    for rows, found in zip(theirs, detector.detect(scenes, ALL), strict=True):
        boxes = ops.scale_boxes(batch.shape[2:], rows[:, :4].clone(), (480, 640)).numpy()
        expected = Detections(boxes, rows[:, 4].numpy(), rows[:, 5].long().numpy())
        assert len(found.scores) == len(rows) > 100
        assert_same(found, expected, 1e-2)


def test_a_network_that_needs_no_suppression(tmp_path: Path, yolo: Any, scenes: list[U8]) -> None:
    yolo.YOLO("yolov10n.yaml").save(tmp_path / "ends.pt")
    prepared = prepare_detector(f"ultralytics:{tmp_path / 'ends.pt'}")
    prepared.detector.load()
    found = prepared.detector.detect(scenes, Thresholds(score=0, most=20))
    assert [len(each.scores) for each in found] == [20, 20]
    assert all((np.diff(each.scores) <= 0).all() for each in found)
    assert all(each.boxes.max() <= 640 for each in found)


def test_only_detectors_are_taken(tmp_path: Path, yolo: Any) -> None:
    yolo.YOLO("yolov8n-seg.yaml").save(tmp_path / "segments.pt")
    detector = prepare_detector(f"ultralytics:{tmp_path / 'segments.pt'}").detector
    with pytest.raises(WeightsError, match="SegmentationModel for the task 'segment'; expected"):
        detector.load()


class Harmful:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_a_checkpoint_runs_no_code(tmp_path: Path, yolo: Any) -> None:
    import torch

    torch.save({"model": Harmful(tmp_path / "harm")}, tmp_path / "evil.pt")
    detector = prepare_detector(f"ultralytics:{tmp_path / 'evil.pt'}").detector
    with pytest.raises(WeightsError, match=r"evil\.pt could not be read by ultralytics"):
        detector.load()
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("name", ["ultralytics", "yolox-nano"])
def test_a_file_that_is_no_network(name: str, tmp_path: Path, yolo: Any) -> None:
    path = tmp_path / "text.pt"
    path.write_text("not a network")
    with pytest.raises(WeightsError, match=r"text\.pt could not be read"):
        prepare_detector(f"{name}:{path}").detector.load()


def test_importing_it_leaves_the_surroundings_alone(yolo: Any) -> None:
    assert np.get_printoptions()["linewidth"] == 75
    assert os.environ["YOLO_OFFLINE"] == "1" and os.environ["YOLO_AUTOINSTALL"] == "0"
    assert not any(yolo.SETTINGS.get(key) for key in ("sync", "comet", "mlflow", "wandb"))
    fonts = Path(os.environ["YOLO_CONFIG_DIR"]) / "Ultralytics"
    assert (fonts / "Arial.ttf").stat().st_size > 100_000
    assert yolo_package() is yolo


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(FusionBenchError, match=r'pip install "fusionbench\[yolo\]"'):
        yolo_package.__wrapped__()
    assert not user_cache("ultralytics").exists()
