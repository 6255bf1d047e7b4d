"""The finetuned protocol: splits, what is written to train on, and training itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from fusionbench import Detector, DetectorCard, FusionBenchError, Weights
from fusionbench.boxes import Thresholds, Truths
from fusionbench.detection.finetuning import Schedule, Split, finetune, split_pairs
from fusionbench.detection.planning import prepare_detector
from fusionbench.detectors._yolo import label_lines, write_yolo_folder
from fusionbench.files import sha256_of
from fusionbench.images import write_png
from fusionbench.registry import DETECTORS, Entry


def truth(*boxes: tuple[float, ...], ignore: bool = False) -> Truths:
    count = len(boxes)
    corners = np.array(boxes, float).reshape(-1, 4)
    return Truths(corners, np.arange(count), np.full(count, ignore))


@pytest.fixture
def pairs(tmp_path: Path) -> tuple[dict[str, Path], dict[str, Truths]]:
    """Eight gray images with a bright rectangle each, whose ids no file can bear."""
    rng = np.random.default_rng(0)
    images, truths = {}, {}
    for number in range(8):
        pair = f"set/{number}: day?"
        image = rng.integers(0, 60, (96, 128), np.uint8)
        x, y = rng.integers(5, 60, 2)
        image[y : y + 30, x : x + 20] = 230
        images[pair] = tmp_path / "images" / f"{number}.png"
        write_png(images[pair], image)
        truths[pair] = truth((x, y, x + 20, y + 30))
    return images, truths


def test_half_trains_and_half_tests() -> None:
    ids = [f"{n}" for n in range(11)]
    split = split_pairs(ids, 3)
    assert (len(split.train), len(split.test)) == (5, 6)
    assert sorted(split.train + split.test) == sorted(ids) and "seed 3" in split.how
    assert set(split_pairs(ids[::-1], 3).train) == set(split.train)
    assert split_pairs(ids, 4).train != split.train


def test_the_data_sets_own_split() -> None:
    split = split_pairs(["a", "b", "c"], 0, {"c", "a", "elsewhere"})
    assert (split.train, split.test) == (["a", "c"], ["b"])
    assert "training split" in split.how


@pytest.mark.parametrize(("ids", "train"), [(["a"], None), (["a"], {"a"}), (["a", "b"], {"c"})])
def test_a_side_that_would_be_empty(ids: list[str], train: set[str] | None) -> None:
    with pytest.raises(FusionBenchError, match=r"labelled pairs give .* --protocol frozen"):
        split_pairs(ids, 0, train)


def test_label_lines() -> None:
    both = truth((10, 20, 30, 60), (-10, 40, 10, 500), (200, 0, 210, 5))
    assert label_lines(both, 100, 80) == [
        "0 0.200000000 0.500000000 0.200000000 0.500000000\n",
        "1 0.050000000 0.750000000 0.100000000 0.500000000\n",
    ]
    assert label_lines(truth((1, 1, 2, 2), ignore=True), 9, 9) == []
    assert label_lines(truth(), 9, 9) == []


def test_the_folder(tmp_path: Path, pairs: tuple[dict[str, Path], dict[str, Truths]]) -> None:
    images, truths = pairs
    chosen = list(images)[2:5]
    given = [truth(), *(truths[pair] for pair in chosen[1:])]
    files = [images[pair] for pair in chosen]
    file = write_yolo_folder(tmp_path / "out", files, given, ["thing", "off: 'x'"])
    written = yaml.safe_load(file.read_text("utf-8"))
    assert written["names"] == {0: "thing", 1: "off: 'x'"}
    assert (tmp_path / "out/labels/000000.txt").read_text() == ""
    assert (tmp_path / "out/shown.txt").read_text().endswith("000001.png\n")
    assert len(list((tmp_path / "out/images").iterdir())) == 3
    for number, pair in enumerate(chosen):
        copy = cv2.imread(str(tmp_path / f"out/images/{number:06}.png"), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(copy, cv2.imread(str(images[pair]), cv2.IMREAD_UNCHANGED))


def test_nothing_labelled(tmp_path: Path, pairs: tuple[dict[str, Path], dict[str, Truths]]) -> None:
    images, truths = pairs
    with pytest.raises(FusionBenchError, match="none of the 8 training images has a labelled"):
        write_yolo_folder(tmp_path, list(images.values()), [truth()] * len(truths), ["a"])


def test_training_pairs_that_are_missing(
    tmp_path: Path, pairs: tuple[dict[str, Path], dict[str, Truths]]
) -> None:
    images, truths = pairs
    first, second, *rest = images
    split = Split(train=[first, second], test=rest, how="")

    def fails(told: str, **changed: Any) -> None:
        given = {"images": images, "truths": truths, **changed}
        with pytest.raises(FusionBenchError, match=told):
            finetune(
                Memory(tmp_path), **given, classes=["a"], split=split, folder=tmp_path / "out",
                schedule=Schedule(),
            )  # fmt: skip
        assert not (tmp_path / "out").exists()

    fails("1 of 2 training pairs have no label", truths={first: truths[first]})
    images[second].unlink()
    fails("1 of 2 training pairs have no image")


class Memory(Detector):
    """A third party's detector: what it is trained on is all that it holds."""

    card = DetectorCard(name="memory", title="Memory")
    trainable = True
    package = "memory 1"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.file = folder / "start.json"
        self.file.write_text("[]")
        self.calls = 0

    def weights(self) -> Weights:
        return Weights("file", self.file, sha256_of(self.file), "")

    def train(self, images, truths, classes, folder, schedule) -> Path:
        self.calls += 1
        seen = [[sha256_of(i), len(t.boxes)] for i, t in zip(images, truths, strict=True)]
        (folder / "out.json").write_text(json.dumps([seen, list(classes), schedule]))
        return folder / "out.json"


def test_a_third_partys_detector_is_trained_by_its_own_hook(
    tmp_path: Path, pairs: tuple[dict[str, Path], dict[str, Truths]], monkeypatch
) -> None:
    installed = frozenset({__name__.partition(".")[0]})
    monkeypatch.setattr("fusionbench.registry._installed", lambda: installed)
    entry = Entry("memory", Memory, frozenset(), __name__)
    monkeypatch.setitem(DETECTORS._entries, "memory", entry)
    images, truths = pairs
    split, detector = split_pairs(list(images), 0), Memory(tmp_path)

    def trained(**changed: Any) -> Any:
        place, schedule = tmp_path / "out", Schedule(epochs=2, **changed)
        return finetune(detector, images, truths, ["thing"], split, place, schedule)

    first = trained()
    seen, classes, schedule = json.loads(first.weights.read_text())
    assert first.weights.name == "weights.json" and first.record.package == "memory 1"
    assert [sha for sha, _ in seen] == [sha256_of(images[pair]) for pair in split.train]
    assert classes == ["thing"] and schedule == {"epochs": 2, "size": 640, "batch": 16, "seed": 0}
    assert trained() == first and detector.calls == 1
    assert trained(seed=1).record.hash != first.record.hash and detector.calls == 2
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"weights.json", "finetuned.json"}


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"size": 100}, {"batch": 0}, {"seed": -1}])
def test_a_schedule_that_makes_no_sense(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Schedule(**wrong)


@pytest.mark.slow
@pytest.mark.reference
@pytest.mark.usefixtures("no_network", "yolo")
def test_training_can_be_repeated_and_is_reused(
    tmp_path: Path,
    pairs: tuple[dict[str, Path], dict[str, Truths]],
    shared: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    start = shared("weights/detectors/yolov8n_coco_int8pc.pt")
    images, truths = pairs
    split = split_pairs(list(images), 0)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    beginner = prepare_detector(f"ultralytics:{start}").detector

    def trained(folder: str, epochs: int = 2) -> Any:
        schedule = Schedule(epochs=epochs, size=96, batch=2)
        place = tmp_path / folder
        return finetune(beginner, images, truths, ["thing", "other"], split, place, schedule)

    first = trained("first")
    assert {p.name for p in (tmp_path / "first").iterdir()} == {"weights.pt", "finetuned.json"}
    assert first.record.sha256 == sha256_of(first.weights)
    assert (first.record.split, first.record.start) == (split, start.name)
    assert list((tmp_path / "elsewhere").iterdir()) == []

    written = first.weights.stat().st_mtime_ns
    assert trained("first") == first and first.weights.stat().st_mtime_ns == written

    def state(path: Path) -> dict[str, torch.Tensor]:
        return torch.load(path, weights_only=False)["model"].state_dict()

    again = trained("again")
    assert again.record.hash == first.record.hash
    states = [state(path) for path in (start, first.weights, again.weights)]
    assert all(torch.equal(states[1][name], value) for name, value in states[2].items())
    same_shape = [n for n, v in states[0].items() if v.shape == states[1][n].shape]
    assert any(not torch.equal(states[0][name], states[1][name]) for name in same_shape)

    detector = prepare_detector(f"ultralytics:{first.weights}").detector
    detector.load()
    assert detector.classes == ("thing", "other")
    image = np.zeros((96, 128, 3), np.uint8)
    assert set(detector.detect([image], Thresholds())[0].classes.tolist()) <= {0, 1}

    (tmp_path / "first/weights.pt").write_bytes(b"cut")
    assert trained("first", epochs=1).record.hash != first.record.hash
    assert sha256_of(first.weights) != sha256_of(again.weights)
