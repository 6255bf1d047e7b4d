"""Label sets: found, named, counted; on real samples and on folders made here."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from fusionbench.checks import Findings
from fusionbench.datasets import dataset_named, load_datasets, open_dataset, open_folders
from fusionbench.datasets.catalogue import LabelLayout
from fusionbench.datasets.opening import DataSet
from fusionbench.errors import DataError, UnknownNameError
from fusionbench.images import write_png
from fusionbench.labels import LabelSet, label_set_names, open_labels
from fusionbench.labels.finding import fill
from fusionbench.manifest import DataSetRecord, PairRecord
from fusionbench.surveying import survey

SHA = "0" * 64


def record_of(dataset: DataSet) -> DataSetRecord:
    pairs = [
        PairRecord(id=p.id, ir=str(p.ir), vis=str(p.vis), ir_sha256=SHA, vis_sha256=SHA)
        for p in dataset.pairs
    ]
    return DataSetRecord(
        name=dataset.name, title="", split=dataset.split, folder=str(dataset.folder), home="",
        terms="", fingerprint="", pairs=pairs,
    )  # fmt: skip


def opened(root: Path | None, name: str, split: str, labels: str | None = None) -> LabelSet:
    return open_labels(record_of(open_dataset(name, root, split)), labels, root)


@pytest.fixture
def msrs(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """``msrs({"fusion/test/00001D": "0 0.5 ..."})``: two test pairs with third-party labels."""

    def make(labels: dict[str, str]) -> Path:
        image = np.zeros((100, 200), np.uint8)
        for name in ("00001D", "00020N"):
            for kind in ("ir", "vi"):
                write_png(tmp_path / "MSRS" / "test" / kind / f"{name}.png", image)
        for name, text in labels.items():
            path = tmp_path / "MSRS-detection-label" / f"{name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


# -- real samples


@pytest.mark.parametrize(("name", "split", "labels", "pairs", "objects"), [
    ("MSRS", "detection", "official", 20, {"person": 39, "car": 9}),
    ("MSRS", "test", "official", 17, {"person": 31, "car": 8}),
    ("MSRS", "test", "fusion", 72, {"person": 202, "bicycle": 26, "car": 93}),
    ("MSRS", "test", "infrared", 72, {"person": 240, "bicycle": 48, "car": 83}),
    ("MSRS", "test", "visible", 72, {"person": 108, "bicycle": 22, "car": 90}),
    ("LLVIP", "train", "voc", 6, {"person": 31}),
    ("KAIST", "all", "reasonable", 3, {"person": 15}),
])  # fmt: skip
def test_real_labels(shared, name, split, labels, pairs, objects) -> None:
    found = opened(shared("data"), name, split, labels)
    assert (len(found.truths), found.objects) == (pairs, objects)
    assert found.odd == ()
    for pair, truth in found.truths.items():
        edges = np.array([*found.sizes[pair]] * 2)
        assert (truth.boxes >= 0).all() and (truth.boxes <= edges).all()
        assert (truth.boxes[:, 2:] > truth.boxes[:, :2]).all()


@pytest.mark.parametrize("folder", ["data", "data/m3fd"])
def test_checks_find_nothing_in_real_labels(shared, folder) -> None:
    root, sets = shared(folder), 0
    for name, card in load_datasets().items():
        for split in card.splits:
            for labels in label_set_names(name, split):
                findings = Findings()
                with contextlib.suppress(DataError):  # not all of them are there
                    open_labels(record_of(open_dataset(name, root, split)), labels, root, findings)
                    sets += 1
                assert findings.records == []
    assert sets == {"data": 15, "data/m3fd": 2}[folder]


def test_official_labels_reach_test_pairs_under_their_own_numbers(shared) -> None:
    """The pair that detection calls 131 is the test pair 00131D."""
    root = shared("data")
    test, detection = (opened(root, "MSRS", split, "official") for split in ("test", "detection"))
    numbers = {str(int(pair[:5])): pair for pair in test.truths}
    assert set(numbers) <= set(detection.truths) and len(numbers) == 17
    for number, pair in numbers.items():
        np.testing.assert_array_equal(test.truths[pair].boxes, detection.truths[number].boxes)
    assert "17 of 72 pairs have labels" in test.summary()
    assert len(test.without) == 55


def test_numbers_of_the_published_list_name_one_pair_each(shared) -> None:
    """23 of the 80 official pairs are test pairs, 48 are train pairs."""
    lines = shared("data/lists/MSRS_detection_80.tsv").read_text().splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    known = [(Path(a).stem, Path(b).stem, split) for a, b, split in rows if split != "?"]
    assert all(fill("{number}", pair) == number for number, pair, _ in known)
    splits = [split for _, _, split in known]
    assert (len(rows), splits.count("test"), splits.count("train")) == (80, 23, 48)


def test_voc_equals_the_coco_file_of_the_same_pairs(shared) -> None:
    """Two formats of one body of labels, by another hand: corners from 1 against left and width."""
    voc, coco = (opened(shared("data"), "M3FD", "detection", n) for n in ("voc", "coco"))
    assert voc.classes == coco.classes == ("People", "Car", "Bus", "Lamp", "Motorcycle", "Truck")
    assert voc.truths.keys() == coco.truths.keys() and len(voc.truths) == 11
    for pair, truth in voc.truths.items():
        other = coco.truths[pair]
        one, two = (np.column_stack([t.classes, t.boxes]) for t in (truth, other))
        np.testing.assert_array_equal(one[np.lexsort(one.T)], two[np.lexsort(two.T)])


def test_names_beside_the_labels_are_believed(shared, tmp_path) -> None:
    root = shared("data/m3fd")
    assert opened(root, "M3FD", "detection", "yolo").objects["Car"] == 7
    for kind in ("ir", "vi"):
        write_png(tmp_path / "m3fd" / kind / "1.png", np.zeros((10, 10), np.uint8))
    (tmp_path / "m3fd" / "labels").mkdir()
    (tmp_path / "m3fd" / "labels" / "1.txt").write_text("4 0.5 0.5 0.5 0.5")
    counted = {}
    for names in (None, "People Car Bus Motorcycle Lamp Truck", "people car bus light moto trunk"):
        if names:
            (tmp_path / "m3fd" / "classes.txt").write_text("\n".join(names.split()))
        objects = opened(tmp_path, "M3FD", "detection", "yolo").objects
        counted[names] = next(name for name, count in objects.items() if count)
    assert list(counted.values()) == ["Motorcycle", "Lamp", "Motorcycle"]
    (tmp_path / "m3fd" / "classes.txt").write_text("bicycle")
    with pytest.raises(DataError, match=r"classes\.txt: unknown class 'bicycle'"):
        opened(tmp_path, "M3FD", "detection", "yolo")


# -- the sample


def test_the_sample_has_labels_of_its_people_and_cars() -> None:
    dataset = open_dataset("sample", None)
    labels = open_labels(record_of(dataset))
    assert len(labels.truths) == 8 and not labels.without
    assert labels.objects["person"] > 20 and labels.objects["car"] > 10
    assert labels.numbers(["truck", "Person", "CAR", "kite"]) == {0: 1, 1: 0, 2: 1}
    assert survey(dataset).labelled == {"drawn": labels.summary()}


# -- folders made here


def test_what_is_in_an_image_and_what_is_not_labelled(msrs) -> None:
    root = msrs(
        {"fusion/test/00001D": "0 0.5 0.5 0.1 0.2\n2 0 0.5 0.5 1 ", "fusion/test/00020N": ""}
    )
    labels = opened(root, "MSRS", "test")
    assert labels.name == "fusion" and labels.classes == ("person", "bicycle", "car")
    np.testing.assert_allclose(labels.truths["00001D"].boxes, [[90, 40, 110, 60], [0, 0, 50, 100]])
    assert labels.truths["00001D"].classes.tolist() == [0, 2]
    assert labels.truths["00020N"].boxes.shape == (0, 4)
    assert labels.sizes["00001D"] == (200, 100)
    assert labels.summary() == (
        "labels 'fusion': 2 of 2 pairs have labels (1 person, 0 bicycle, 1 car)"
    )


def test_a_pair_without_a_yolo_file_is_an_error(msrs) -> None:
    root = msrs({"fusion/test/00001D": ""})
    with pytest.raises(DataError, match=r"1 of 2 pairs have no file(.|\n)*00020N"):
        opened(root, "MSRS", "test")


def test_official_labels_leave_out_the_pairs_they_do_not_cover(msrs) -> None:
    root = msrs({})
    labels = root / "MSRS" / "detection" / "labels"
    labels.mkdir(parents=True)
    (labels / "20.txt").write_text("2 0.5 0.5 0.5 0.5")
    found = opened(root, "MSRS", "test")
    assert (found.name, list(found.truths), found.without) == ("official", ["00020N"], ("00001D",))
    assert found.objects == {"person": 0, "car": 1}


def test_boxes_with_nothing_inside_the_image_are_left_out_and_said(msrs) -> None:
    good = "\n".join(f"0 0.{n} 0.5 0.1 0.1" for n in (2, 5, 8))
    text = f"0 1.5 0.5 0.1 0.2\n0 0.5 0.5 0 0\n{good}"
    labels = opened(msrs({"fusion/test/00001D": text, "fusion/test/00020N": ""}), "MSRS", "test")
    assert labels.objects["person"] == 3
    assert [line.partition(":")[0].rpartition(", ")[2] for line in labels.odd] == [
        "line 1",
        "line 2",
    ]


def test_an_unknown_class_number_is_named(msrs) -> None:
    root = msrs({"fusion/test/00001D": "7 0.5 0.5 0.1 0.2", "fusion/test/00020N": ""})
    with pytest.raises(DataError, match=r"00001D\.txt, line 1: unknown class '7', expected one of"):
        opened(root, "MSRS", "test")


def test_the_fingerprint_follows_boxes_and_classes(msrs) -> None:
    texts = ("0 0.5 0.5 0.1 0.2", "0 0.5 0.5 0.1 0.2 \n", "1 0.5 0.5 0.1 0.2", "0 0.5 0.5 0.1 0.3")
    prints = [
        opened(
            msrs({"fusion/test/00001D": t, "fusion/test/00020N": ""}), "MSRS", "test"
        ).fingerprint
        for t in texts
    ]
    assert prints[0] == prints[1] and len(set(prints)) == 3


def test_missing_labels_say_where_they_were_looked_for(msrs) -> None:
    with pytest.raises(DataError, match=r"has no labels(.|\n)*MSRS-detection-label/fusion/test"):
        opened(msrs({}), "MSRS", "test")
    with pytest.raises(UnknownNameError, match="Did you mean fusion"):
        opened(msrs({}), "MSRS", "test", "fusoin")


def test_a_split_or_data_set_without_labels_is_said(shared, pair_folders) -> None:
    with pytest.raises(DataError, match=r"do not cover the split 'fusion'.*detection"):
        opened(shared("data"), "M3FD", "fusion")
    with pytest.raises(DataError, match="no labels are declared for the data set 'TNO'"):
        opened(pair_folders(1), "TNO", "all")


# -- labels of one's own


@pytest.mark.parametrize("kind", ["yolo", "voc", "coco"])
def test_labels_of_ones_own(pair_folders, tmp_path, kind) -> None:
    folder = pair_folders(2)
    path = tmp_path / "mine"
    path.mkdir()
    box = "<bndbox><xmin>17</xmin><ymin>13</ymin><xmax>32</xmax><ymax>24</ymax></bndbox>"
    if kind == "yolo":
        (path / "classes.txt").write_text("boat\nbuoy\n")
        (path / "0.txt").write_text("1 0.375 0.375 0.25 0.25")
        (path / "1.txt").touch()
    elif kind == "voc":
        thing = f"<annotation><object><name>buoy</name>{box}</object></annotation>"
        (path / "0.xml").write_text(thing)
        (path / "1.xml").write_text("<annotation/>")
    else:
        path = path / "mine.json"
        images = [{"id": n, "file_name": f"{n}.png"} for n in (0, 1)]
        shape = {"id": 1, "image_id": 0, "category_id": 5, "bbox": [16, 12, 16, 12]}
        content = {"images": images, "categories": [{"id": 5, "name": "buoy"}]}
        path.write_text(json.dumps(content | {"annotations": [shape]}))
    dataset = open_folders(folder / "ir", folder / "vi", "sea")
    labels = open_labels(record_of(dataset), str(path))
    assert (labels.name, labels.objects["buoy"], len(labels.truths)) == ("mine", 1, 2)
    np.testing.assert_allclose(labels.truths["0"].boxes, [[16, 12, 32, 24]])
    assert labels.numbers(["Buoy"]) == {0: labels.classes.index("buoy")}


def test_a_folder_that_holds_no_labels_is_said(pair_folders, tmp_path) -> None:
    folder = pair_folders(1)
    dataset = open_folders(folder / "ir", folder / "vi")
    with pytest.raises(DataError, match=r"expected ID\.xml.*classes\.txt"):
        open_labels(record_of(dataset), str(folder / "ir"))
    with pytest.raises(DataError, match="no labels are declared"):
        open_labels(record_of(dataset))


# -- declarations


def test_declared_label_sets() -> None:
    assert label_set_names("MSRS", "test") == ("official", "fusion", "infrared", "visible")
    assert label_set_names("MSRS", "detection") == ("official",)
    assert label_set_names("TNO") == () and label_set_names("nothing") == ()
    segmentation = dataset_named("MSRS").labels[-1]
    assert segmentation.format == "segmentation" and segmentation.class_names[2] == "person"
    for card in load_datasets().values():
        for layout in card.labels:
            assert set(layout.files) <= set(card.splits)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"counts_as": {"ship": ["boat"]}}, "ship: not among the classes"),
        ({"aliases": {"x": "ship"}}, "ship: not among"),
        ({"counts_as": {"a": ["Boat"], "b": ["boat"]}}, "counts as two classes"),
        ({"absent": "whatever"}, "absent"),
    ],
)
def test_declarations_that_make_no_sense_are_refused(change, message) -> None:
    good = {
        "name": "n", "title": "t", "format": "yolo", "files": {"all": ["{id}.txt"]},
        "classes": ["a", "b"],
    }  # fmt: skip
    LabelLayout.model_validate(good)
    with pytest.raises(ValidationError, match=message):
        LabelLayout.model_validate(good | change)


@pytest.mark.parametrize(
    ("pattern", "pair", "path"),
    [
        ("labels/{id}.txt", "s/1", "labels/s/1.txt"),
        ("{set}/{video}/{frame}.txt", "set00/V000/I1", "set00/V000/I1.txt"),
        ("{set}/{frame}.txt", "set00/V000/I1", None),
        ("{number}.txt", "00131D", "131.txt"),
        ("{number}.txt", "D131", None),
        ("all.json", "a/b", "all.json"),
    ],
)
def test_patterns_fill_from_the_pairs_id(pattern, pair, path) -> None:
    assert fill(pattern, pair) == path


# -- looked over with the data set


TURNED = "0 0.5 0.5 0.1 0.2\n0 0.5 0.5 -0.1 0.2\n2 0.2 0.2 0.1 0.1"


def test_verify_runs_the_checks_of_every_label_set(msrs, cli) -> None:
    rng = np.random.default_rng(0)
    root = msrs({"fusion/test/00001D": TURNED, "fusion/test/00020N": "0 0.5 0.5 0.1 0.2",
                 "infrared/test/00001D": "0 64 48 10 20", "infrared/test/00020N": "",
                 "visible/test/00001D": "0 0.5"})  # fmt: skip
    for path in (root / "MSRS").rglob("*.png"):
        write_png(path, rng.integers(0, 255, (100, 200), np.uint8))
    done = cli("data", "verify", "MSRS", "--data-root", root)
    assert done.code == 1
    assert "labels 'official': none are here" in done.out
    assert "labels 'fusion': 2 of 2 pairs have labels (2 person, 0 bicycle, 1 car)" in done.out
    assert "box-turned-over (1 of 4 in labels 'fusion' of MSRS)" in done.err
    assert "boxes-in-pixels (1 of 1 in labels 'infrared' of MSRS)" in done.err
    assert "labels 'visible': they cannot be used" in done.out
    assert "unreadable-labels (1 in labels 'visible' of MSRS)" in done.err
    assert "1 of 2 pairs have no file" in done.err and "divide x and width" in done.err
    for name in ("infrared", "visible"):
        shutil.rmtree(root / "MSRS-detection-label" / name)
    done = cli("data", "verify", "MSRS", "--data-root", root, "--all")
    assert done.code == 0 and "box-turned-over: 00001D.txt, line 2: corners" in done.out
