"""The detect stage and command, with a detector that finds bright blobs in a plug-in file."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fusionbench.boxes import Thresholds
from fusionbench.detection.stored import detections, read_records
from fusionbench.files import sha256_of
from fusionbench.images import read_image, write_png
from fusionbench.manifest import DataSetRecord, Manifest, MethodRecord, PairRecord
from fusionbench.registry import DETECTORS, PLUGIN_PREFIX, PLUGIN_VARIABLE
from fusionbench.runs import Run, read_rows
from fusionbench.stages.detecting import contestants

BLOBS = '''
"""Finds bright rectangles; writes down what it was asked."""
from pathlib import Path
import cv2
import numpy as np
from fusionbench import Detector, detector
from fusionbench.boxes import Detections
from fusionbench.weights import Weights

LOG = Path(__file__).with_name("calls.log")

@detector("blobs", title="Blobs", licence="MIT")
class Blobs(Detector):
    classes = ("nothing", "person")

    def weights(self):
        return Weights("authors", Path(__file__), "0" * 64, "no weights")

    def load(self):
        with LOG.open("a") as log:
            log.write("load\\n")

    def detect(self, images, thresholds):
        with LOG.open("a") as log:
            log.write(f"detect {len(images)} {images[0].shape}\\n")
        if any(image[0, 0, 0] == 77 for image in images):
            raise RuntimeError("cannot look at this")
        return [self.one(image) for image in images]

    def one(self, image):
        bright = (image.max(axis=2) > 128).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(bright)
        corners = [[x, y, x + w, y + h] for x, y, w, h, _ in stats[1:]]
        boxes = np.array(corners, np.float32).reshape(-1, 4)
        # a weak copy of each, shifted: suppression and score thresholds decide over it
        boxes = np.concatenate([boxes, boxes + 2])
        scores = np.repeat(np.array([0.9, 0.3], np.float32), count - 1)
        return Detections(boxes, scores, np.ones(len(scores), np.int64))
'''
HEIGHT, WIDTH = 60, 80
ONE, OTHER = (10, 12, 20, 30), (50, 8, 64, 40)  # left, top, right, bottom


def scene(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    image = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    for left, top, right, bottom in boxes:
        image[top:bottom, left:right] = 220
    return image


@pytest.fixture
def blobs(tmp_path, monkeypatch):
    """A run on four pairs: infrared shows both people, visible one of them, `none` nobody."""
    monkeypatch.delenv(PLUGIN_VARIABLE, raising=False)
    list(DETECTORS)
    monkeypatch.setattr(DETECTORS, "_entries", dict(DETECTORS._entries))
    monkeypatch.setattr(DETECTORS, "broken", dict(DETECTORS.broken))
    monkeypatch.setattr(DETECTORS, "_discovered", False)
    plugin = tmp_path / "blobs.py"
    plugin.write_text(BLOBS)
    labels, root, pairs = tmp_path / "labels", tmp_path / "run", []
    labels.mkdir()
    (labels / "classes.txt").write_text("person\n")
    for name in "abcd":
        files = {k: tmp_path / "data" / k / f"{name}.png" for k in ("ir", "vis")}
        write_png(files["ir"], scene(ONE, OTHER)[:, :, 0])
        write_png(files["vis"], scene(ONE))
        for method, boxes in {"both": (ONE, OTHER), "none": ()}.items():
            write_png(root / "fused" / "tiny" / method / f"{name}.png", scene(*boxes))
        lines = [
            f"0 {(x0 + x1) / 2 / WIDTH} {(y0 + y1) / 2 / HEIGHT} {(x1 - x0) / WIDTH} "
            f"{(y1 - y0) / HEIGHT}"
            for x0, y0, x1, y1 in (ONE, OTHER)
        ]
        (labels / f"{name}.txt").write_text("\n".join(lines))
        pairs.append(
            PairRecord(
                id=name,
                ir=str(files["ir"]),
                vis=str(files["vis"]),
                ir_sha256=sha256_of(files["ir"]),
                vis_sha256=sha256_of(files["vis"]),
            )
        )
    data = DataSetRecord(
        name="tiny", title="Tiny", split="test", folder=str(tmp_path / "data"), home="", terms="",
        fingerprint="f" * 16, pairs=pairs,
    )  # fmt: skip
    methods = [
        MethodRecord(name=n, label=n.title(), family=f, fingerprint="f")
        for n, f in {"ir": "source", "both": "pixel", "none": "pixel"}.items()
    ]
    Manifest(
        command="fusionbench run", configuration={}, versions={"fusionbench": "1"}, hardware={},
        datasets=[data], methods=methods, columns=[],
    ).write(root)  # fmt: skip
    yield SimpleNamespace(run=Run(root), root=root, plugin=plugin, labels=labels, tmp=tmp_path)
    for name in [n for n in sys.modules if n.startswith(PLUGIN_PREFIX)]:
        del sys.modules[name]


@pytest.fixture
def detect(blobs, cli) -> Callable[..., SimpleNamespace]:
    def run(*more: object) -> SimpleNamespace:
        return cli(
            "detect", blobs.root, "--detector", "blobs", "--plugin", blobs.plugin, "--labels",
            blobs.labels, "--bootstrap", 20, "--no-figures", *more,
        )  # fmt: skip

    return run


def calls(blobs) -> list[str]:
    log = blobs.tmp / "calls.log"
    return log.read_text().splitlines() if log.exists() else []


def table(blobs) -> dict[str, dict[str, str]]:
    with (blobs.root / "detection.csv").open() as stream:
        return {r["method"]: r for r in csv.DictReader(stream) if r["class"] == "all"}


def test_known_average_precision_and_sources_first(blobs, detect) -> None:
    done = detect()
    assert done.code == 0, done.err
    rows = table(blobs)
    assert list(rows) == ["ir", "visible", "both", "none"]  # the anchor is not there twice
    assert float(rows["ir"]["AP50"]) == float(rows["both"]["AP50"]) == 1
    # one of two objects found, and nothing false above it: precision 1 up to recall 0.5, which is
    # 51 of COCO's 101 places
    assert float(rows["visible"]["AP50"]) == pytest.approx(51 / 101, abs=1e-6)
    assert float(rows["none"]["AP50"]) == 0
    assert float(rows["both"]["AP50-visible"]) == pytest.approx(50 / 101, abs=1e-6)
    assert (rows["ir"]["images"], rows["ir"]["objects"]) == ("4", "8")
    assert "Infrared" in done.out and "labels 'labels': 4 of 4" in done.err


def test_nothing_is_detected_twice(blobs, detect) -> None:
    detect()
    assert calls(blobs).count("load") == 1 and len(calls(blobs)) == 1 + 16
    before = (blobs.root / "detection.csv").read_bytes()
    assert detect().code == 0
    assert len(calls(blobs)) == 17
    assert (blobs.root / "detection.csv").read_bytes() == before
    write_png(blobs.root / "fused" / "tiny" / "none" / "b.png", scene(OTHER))
    assert detect().code == 0
    assert len(calls(blobs)) == 19  # loaded again for one image
    assert float(table(blobs)["none"]["AP50"]) > 0
    detect("--overwrite", "always")
    assert len(calls(blobs)) == 19 + 17


def test_a_file_that_the_detector_opens_is_noticed(blobs, detect) -> None:
    level = blobs.tmp / "level.txt"
    level.write_text("128")
    code = BLOBS.replace("(image.max(axis=2) > 128)", "(image.max(axis=2) > self.level)")
    opening = f"        self.level = int(Path({str(level)!r}).read_text())\n        with LOG"
    blobs.plugin.write_text(code.replace("        with LOG", opening, 1))
    detect()
    assert float(table(blobs)["both"]["AP50"]) == 1 and len(calls(blobs)) == 17
    detect()
    assert len(calls(blobs)) == 17
    level.write_text("240")
    detect()
    assert float(table(blobs)["both"]["AP50"]) == 0 and len(calls(blobs)) == 34


def test_a_killed_run_goes_on(blobs, detect) -> None:
    detect()
    file = next(blobs.root.glob("detection/tiny/*/both.jsonl"))
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:2]) + lines[2][:40])  # the third line was being written
    before = len(calls(blobs))
    assert detect().code == 0
    assert [line for line in calls(blobs)[before:] if line != "load"] == [
        f"detect 1 ({HEIGHT}, {WIDTH}, 3)"
    ] * 2
    assert float(table(blobs)["both"]["AP50"]) == 1


def test_other_thresholds_count_again_without_the_detector(blobs, detect) -> None:
    detect()
    before, raw = len(calls(blobs)), table(blobs)
    assert detect("--conf", 0.95).code == 0
    assert len(calls(blobs)) == before
    assert {float(row["AP50"]) for row in table(blobs).values()} == {0.0}
    detect("--max-det", 1)
    assert float(table(blobs)["both"]["AP50"]) == pytest.approx(51 / 101, abs=1e-6)
    detect()
    assert table(blobs) == raw and len(calls(blobs)) == before
    (record,) = read_records(blobs.run)
    assert record.detector.thresholds.score == 0.001 and record.detector.thresholds.overlap == 1
    assert record.thresholds.overlap == 0.7


def test_rows_are_raw_and_suppressed_on_reading(blobs, detect) -> None:
    detect()
    row = next(iter(read_rows(next(blobs.root.glob("detection/tiny/*/both.jsonl")))))
    assert len(row["scores"]) == 4 and row["classes"] == [1] * 4
    assert row["image"] == sha256_of(blobs.root / "fused" / "tiny" / "both" / "a.png")
    # a box of 10x18 shifted by 2: 8*16 shared of 2*180 - 128: an overlap of 0.55;
    # one of 14x32: 12*30 of 2*448 - 360: 0.67
    assert len(detections(row, Thresholds(overlap=0.7)).scores) == 4
    kept = detections(row, Thresholds(overlap=0.6))
    assert kept.scores == pytest.approx([0.9, 0.9, 0.3])
    assert kept.boxes[2].tolist() == [12, 14, 22, 32]
    assert len(detections(row, Thresholds(overlap=0.5)).scores) == 2
    assert len(detections(row, Thresholds(score=0.31, overlap=1)).scores) == 2
    assert len(detections(row, Thresholds(overlap=1, most=3)).scores) == 3


def test_suppression_is_that_of_torchvision_s_rule(yolo: Any) -> None:
    """Against ultralytics' own, which the field's numbers come from; random boxes, many ties."""
    import torch
    from ultralytics.utils.nms import TorchNMS

    nms = TorchNMS.nms
    rng = np.random.default_rng(0)
    corner, size = rng.uniform(0, 60, (150, 2)), rng.uniform(5, 40, (150, 2))
    boxes = np.hstack([corner, corner + size]).round(2)
    scores = rng.permutation(150) / 150 + 0.001
    row = {"boxes": boxes.tolist(), "scores": scores.tolist(), "classes": [0] * 150}
    for overlap in (0.3, 0.5, 0.7):
        theirs = nms(torch.tensor(boxes), torch.tensor(scores), overlap).numpy()
        ours = detections(row, Thresholds(overlap=overlap))
        assert ours.scores == pytest.approx(scores[theirs])


def test_no_boxes_at_all() -> None:
    row = {"boxes": [], "scores": [], "classes": []}
    found = detections(row, Thresholds())
    assert found.boxes.shape == (0, 4) and len(found.scores) == len(found.classes) == 0


def test_batches_hold_images_of_one_size(blobs, detect) -> None:
    detect("--batch", 3)
    shape = f"({HEIGHT}, {WIDTH}, 3)"
    assert calls(blobs)[1:] == [f"detect 3 {shape}", f"detect 1 {shape}"] * 4


def test_a_failing_image_loses_its_row_only(blobs, detect) -> None:
    bad = scene(ONE)
    bad[0, 0] = 77
    write_png(blobs.root / "fused" / "tiny" / "both" / "c.png", bad)
    done = detect("--batch", 4)
    assert done.code == 1
    assert "Both" in done.err and "1 of 4 pairs" in done.err and "cannot look at this" in done.err
    rows = table(blobs)
    assert rows["both"]["AP50"] == "" and float(rows["ir"]["AP50"]) == 1
    stored = list(read_rows(next(blobs.root.glob("detection/tiny/*/both.jsonl"))))
    assert ["error" in row for row in stored] == [False, False, True, False]
    assert "Traceback" in stored[2]["traceback"]
    write_png(blobs.root / "fused" / "tiny" / "both" / "c.png", scene(ONE, OTHER))
    assert detect().code == 0


def test_an_unreadable_and_a_missing_image(blobs, detect) -> None:
    folder = blobs.root / "fused" / "tiny"
    (folder / "both" / "a.png").write_bytes(b"not an image")
    (folder / "none" / "a.png").unlink()
    done = detect()
    assert done.code == 1 and "a.png" in done.err and "not detected yet" in done.err


def test_nothing_is_written_where_something_is_not_there(blobs, cli) -> None:
    plugin = ("--plugin", blobs.plugin)
    unknown = cli("detect", blobs.root, *plugin, "--detector", "blob", "--labels", blobs.labels)
    assert unknown.code == 2 and "Did you mean blobs" in unknown.err
    unlabelled = cli("detect", blobs.root, *plugin, "--detector", "blobs")
    assert unlabelled.code == 2 and "tiny" in unlabelled.err
    tuned = cli(
        "detect", blobs.root, *plugin, "--detector", "blobs", "--labels", blobs.labels,
        "--protocol", "finetuned",
    )  # fmt: skip
    assert tuned.code == 2 and "--protocol frozen" in tuned.err
    assert cli("detect", blobs.tmp / "none").code == 2
    assert not (blobs.root / "detection").exists()


def lines_of(blobs, pair: str) -> list[str]:
    return (blobs.labels / f"{pair}.txt").read_text().splitlines()


def test_what_was_left_out_of_the_labels_is_said_everywhere(blobs, detect) -> None:
    detect()
    before = table(blobs)
    (blobs.labels / "a.txt").write_text("\n".join([*lines_of(blobs, "a"), lines_of(blobs, "a")[0]]))
    (blobs.labels / "b.txt").write_text("\n".join([*lines_of(blobs, "b"), "0 3 3 0.1 0.1"]))
    refused = detect()
    assert refused.code == 2 and "boxes-in-pixels (1 of 10 in tiny)" in refused.err
    assert table(blobs) == before
    (blobs.labels / "b.txt").write_text("\n".join([*lines_of(blobs, "b")[:2], "0 1.8 0.5 0.1 0.1"]))
    done = detect()
    assert done.code == 0, done.err
    said = (
        "box-repeated (1 of 10): boxes that are listed more than once were counted once: a.txt",
        "box-outside (1 of 10): boxes that lie wholly outside the image were left out: b.txt",
    )
    for text in said:
        assert text.partition(" (")[0] in done.err
        for name in ("detection.md", "detection.tex", "detection.csv"):
            written = (blobs.root / name).read_text().replace("\\", "")
            assert f"Check {text}" in written, (name, text)
    notes = {row.pop("notes") for row in table(blobs).values()}
    assert len(notes) == 1 and str(blobs.tmp) not in notes.pop()
    (record,) = read_records(blobs.run)
    assert sorted(found.check for found in record.findings) == ["box-outside", "box-repeated"]
    assert detect("--strict").code == 2
    assert detect("--strict", "--accept", "box-repeated,box-outside").code == 0
    (record,) = read_records(blobs.run)
    assert {found.resolution for found in record.findings} == {"accepted"}


def test_classes_that_the_detector_does_not_know_are_named(blobs, detect) -> None:
    (blobs.labels / "classes.txt").write_text("person\nred_car\n")
    (blobs.labels / "a.txt").write_text("\n".join([*lines_of(blobs, "a"), "1 0.5 0.9 0.1 0.1"]))
    done = detect()
    assert done.code == 0
    assert "class-unknown (1 of 2 in blobs of tiny)" in done.err
    assert "red_car: 1 object; the detector knows nothing, person" in done.err
    assert "class-unknown" in (blobs.root / "detection.md").read_text()
    (blobs.labels / "classes.txt").write_text("People\nred_car\n")
    none = detect("--strict")
    assert none.code == 0 and "no-class-known (2 of 2 in blobs of tiny)" in none.err
    assert "People: 8 objects" in none.err and table(blobs)["ir"]["AP50"] == ""
    assert "no-class-known (2 of 2)" in table(blobs)["ir"]["notes"]


def test_a_detector_that_knows_its_classes_only_when_loaded(blobs, detect) -> None:
    source = blobs.plugin.read_text()
    blobs.plugin.write_text(
        source.replace(
            'classes = ("nothing", "person")',
            "@property\n    def classes(self):\n        return self.names\n",
        ).replace("def load(self):", "def load(self):\n        self.names = ('a', 'b', 'dog')")
    )
    none = detect()
    assert none.code == 0 and "person: 8 objects; the detector knows a, b, dog" in none.err
    assert "no-class-known" in (blobs.root / "detection.md").read_text()
    (blobs.labels / "classes.txt").write_text("b\n")
    assert detect().code == 0 and float(table(blobs)["ir"]["AP50"]) == 1
    (record,) = read_records(blobs.run)
    assert record.detector.classes == ["a", "b", "dog"] and record.findings == []


def test_an_image_of_another_size_than_its_pair_gives_no_number(blobs, detect) -> None:
    write_png(blobs.root / "fused" / "tiny" / "both" / "b.png", scene(ONE)[:, ::2])
    done = detect()
    assert done.code == 1 and "40x60, but the pair is 80x60" in done.err
    assert table(blobs)["both"]["AP50"] == "" and table(blobs)["ir"]["AP50"]


def test_labels_without_any_object_are_said(blobs, detect) -> None:
    for pair in "abcd":
        (blobs.labels / f"{pair}.txt").write_text("")
    done = detect()
    assert done.code == 0 and "no-objects" in done.err
    assert "average precision is not defined" in (blobs.root / "detection.md").read_text()


@pytest.mark.parametrize("kind", ["run", "suite"])
def test_labels_are_refused_before_anything_is_fused(blobs, cli, kind) -> None:
    from fusionbench.datasets import open_dataset

    first = open_dataset("sample", None).pairs[0].id
    (blobs.labels / f"{first}.txt").write_text("0 320 240 20 40")
    out = blobs.tmp / "out"
    more = ("--out", out, "--plugin", blobs.plugin, "--limit", 1, "--no-figures", "--no-html")
    if kind == "run":
        asked = ("--methods", "average", "--detect", "--labels", blobs.labels)
        arguments = ("run", *asked, "--detector", "blobs", "--metrics", "EN")
    else:
        suite = blobs.tmp / "suite.yaml"
        data = f"datasets: [{{name: sample, labels: {blobs.labels}}}]\n"
        asked = "methods: [average]\nmetrics: EN\ndetection: {detectors: [blobs]}\n"
        suite.write_text(f"name: mine\n{data}{asked}")
        arguments = ("suite", suite)
    refused = cli(*arguments, *more)
    assert refused.code == 2 and "boxes-in-pixels (1 of 1 in sample)" in refused.err
    assert not out.exists()
    accepted = cli(*arguments, *more, "--accept", "boxes-in-pixels")
    assert accepted.code == 0, accepted.err
    assert "boxes-in-pixels (1 of 1, accepted)" in (out / "detection.md").read_text()


def test_pairs_whose_labels_are_unusable_can_be_left_out(blobs, detect) -> None:
    box = "<bndbox><xmin>11</xmin><ymin>13</ymin><xmax>20</xmax><ymax>30</ymax></bndbox>"
    for pair in "abcd":
        (blobs.labels / f"{pair}.txt").unlink()
        size = (
            f"<size><width>{160 if pair == 'c' else WIDTH}</width><height>{HEIGHT}</height></size>"
        )
        text = f"<annotation>{size}<object><name>person</name>{box}</object></annotation>"
        (blobs.labels / f"{pair}.xml").write_text(text)
    refused = detect()
    assert refused.code == 2 and "--skip-bad-pairs" in refused.err
    assert "labels-of-another-size (1 of 4 in tiny)" in refused.err
    assert detect("--skip-bad-pairs").code == 0
    assert table(blobs)["ir"]["images"] == "3"
    written = (blobs.root / "detection.md").read_text()
    assert "1 of 4 pairs have no labels" in written
    assert "labels-of-another-size (1 of 4, left out)" in written


def test_records_from_before_there_were_findings_are_read(blobs, detect) -> None:
    detect()
    path = blobs.root / "detection" / "manifest.json"
    facts = json.loads(path.read_text())
    assert facts["evaluations"][0].pop("findings") == []
    path.write_text(json.dumps(facts))
    (record,) = read_records(blobs.run)
    assert record.findings == []


def test_manifest_says_how_it_was_made(blobs, detect) -> None:
    detect("--seed", 5)
    facts = json.loads((blobs.root / "detection" / "manifest.json").read_text())
    (made,) = facts["evaluations"]
    assert made["detector"]["classes"] == ["nothing", "person"]
    assert made["labels"]["objects"] == {"person": 8} and made["labels"]["images"] == 4
    assert made["seed"] == 5 and made["resamples"] == 20 and made["protocol"] == "frozen"
    assert made["command"].startswith("fusionbench detect")
    assert made["versions"]["numpy"] == np.__version__


def test_contestants_of_images_from_elsewhere(blobs) -> None:
    data = blobs.run.manifest.datasets[0]
    blobs.run.manifest.methods.append(
        MethodRecord(
            name="theirs",
            label="Theirs",
            family="images",
            fingerprint="f",
            fused={"tiny": {"a": "/elsewhere/a.png"}},
        )
    )
    rows = contestants(blobs.run, data)
    assert [row.name for row in rows] == ["ir", "visible", "both", "none", "theirs"]
    assert rows[-1].images == {"a": Path("/elsewhere/a.png")}


@pytest.mark.reference
def test_real_pairs_end_to_end_with_yolox(shared, cli, tmp_path) -> None:
    weights = shared("weights/detectors")
    shared("data/MSRS/test/ir/00028N.png")
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("00028N\n00032N\n")
    data = ("--data-root", shared("data"))
    fused = cli(
        "fuse", "--methods", "average", "--dataset", "MSRS", *data, "--pairs", pairs, "--out",
        tmp_path / "run",
    )  # fmt: skip
    assert fused.code == 0, fused.err
    done = cli(
        "detect", tmp_path / "run", *data, "--weights-dir", weights, "--labels", "fusion",
        "--bootstrap", 20, "--no-figures",
    )  # fmt: skip
    assert done.code == 0, done.err
    with (tmp_path / "run" / "detection.csv").open() as stream:
        rows = {(r["method"], r["class"]): r for r in csv.DictReader(stream)}
    person = {name: float(rows[name, "person"]["AP50"]) for name in ("ir", "visible", "average")}
    # two night scenes with people in the dark
    assert person["visible"] < person["average"] and person["visible"] < person["ir"]
    assert {r["detector"] for r in rows.values()} == {"yolox-nano"}


@pytest.mark.slow
@pytest.mark.reference
def test_average_precision_is_that_of_ultralytics_own_val(shared, cli, tmp_path, yolo) -> None:
    """The package's own ``val``: its thresholds, suppression, matching and averaging.

    The images are padded to squares beforehand: ``val`` pads by half a stride more than its own
    ``predict``, and what stands there moves scores.
    """
    from fusionbench.detectors._yolo import with_torchvision
    from fusionbench.detectors.yolox import COCO

    weights = shared("weights/detectors/yolov8n_coco_int8pc.pt")
    sources, labels = shared("data/MSRS/test"), shared("data/MSRS-detection-label/fusion/test")
    for path in sorted((sources / "vi").glob("*.png"))[:40]:
        for kind, name in {"images": "vi", "ir": "ir"}.items():
            image = read_image(sources / name / path.name)
            sides = ((80, 80), (0, 0), (0, 0))[: image.ndim]
            padded = np.pad(image, sides, constant_values=114)
            write_png(tmp_path / "yolo" / kind / path.name, padded)
        rows = [line.split() for line in (labels / f"{path.stem}.txt").read_text().splitlines()]
        lines = [
            f"{c} {x} {(float(y) * 480 + 80) / 640} {w} {float(h) * 0.75}"
            for c, x, y, w, h in filter(None, rows)
        ]
        target = tmp_path / "yolo" / "labels" / f"{path.stem}.txt"
        target.parent.mkdir(exist_ok=True)
        target.write_text("\n".join(lines))
    data = {"path": str(tmp_path / "yolo"), "train": "images", "val": "images"}
    (tmp_path / "data.yaml").write_text(json.dumps(data | {"names": dict(enumerate(COCO))}))
    yolo = with_torchvision().YOLO(weights)
    theirs = yolo.val(
        data=str(tmp_path / "data.yaml"), batch=1, workers=0, plots=False, verbose=False,
        project=str(tmp_path), device="cpu", rect=False,
    ).box  # fmt: skip
    expected = {COCO[k]: theirs.ap50[i] for i, k in enumerate(theirs.ap_class_index)}

    (tmp_path / "yolo" / "classes.txt").write_text("\n".join(COCO[:3]))
    fused = cli(
        "fuse", "--methods", "ir", "--ir", tmp_path / "yolo" / "ir", "--vis",
        tmp_path / "yolo" / "images", "--out", tmp_path / "run",
    )  # fmt: skip
    assert fused.code == 0, fused.err
    done = cli(
        "detect", tmp_path / "run", "--labels", tmp_path / "yolo" / "labels", "--bootstrap", 10,
        "--no-figures", "--detector", f"ultralytics:{weights}",
    )  # fmt: skip
    assert done.code == 0, done.err
    with (tmp_path / "run" / "detection.csv").open() as stream:
        rows = {r["class"]: r for r in csv.DictReader(stream) if r["method"] == "visible"}
    ours = {name: float(rows[name]["AP50"]) for name in expected}
    assert ours == pytest.approx(expected, abs=0.01)
    assert float(rows["all"]["AP50"]) == pytest.approx(theirs.map50, abs=0.01)
    assert float(rows["all"]["AP50-95"]) == pytest.approx(theirs.map, abs=0.01)
    assert "8-bit copy" in (tmp_path / "run" / "detection.tex").read_text()
