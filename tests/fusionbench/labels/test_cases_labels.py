"""Ground truth that cannot be right is refused, what is suspicious is named, and dialects are read.

The cases are small inputs that people ran into; their siblings are made here.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fusionbench.checks import Findings
from fusionbench.datasets import check_pairs, open_dataset, open_folders
from fusionbench.errors import DataError
from fusionbench.images import read_image, write_png
from fusionbench.labels import LabelSet, open_labels
from fusionbench.labels.finding import NoLabelsError
from fusionbench.manifest import DataSetRecord
from fusionbench.recipes import parse_reading

ONE = "0 0.5 0.5 0.25 0.5"
"""On 64x48 pixels: corners 24, 12, 40, 36."""
EDGES = [24, 12, 40, 36]
Found = dict[str, tuple[int, int]]


def settled(record: DataSetRecord, path: Path, findings: Findings) -> tuple[LabelSet, Found]:
    """Open labels, and what was found: counts by check."""
    labels = open_labels(record, str(path), None, findings)
    findings.settle()
    return labels, {one.check: (one.count, one.of) for one in findings.records}


# -- the cases


@pytest.fixture(scope="module")
def case(shared: Callable[[str], Path]) -> Callable[..., tuple[LabelSet, Found]]:
    """``case("30_control_yolo/labels")``: the labels of the four pairs, and what was found."""
    folder = shared("cases/_pairs_for_detection")
    record = check_pairs(open_folders(folder / "ir", folder / "vis", "custom"))

    def opened(path: str) -> tuple[LabelSet, Found]:
        return settled(record, shared(f"cases/{path}"), Findings())

    return opened


@pytest.mark.parametrize("path", [
    "35_data_yaml/labels", "54_labels_in_subfolder/labels", "40c_coco_control/labels.json",
    "42_coco_minimal_no_area_iscrowd/labels.json", "55_coco_no_area/labels.json",
    "56_coco_category_zero/labels.json",
])  # fmt: skip
def test_cases_that_equal_the_control(case, path) -> None:
    control, nothing = case("30_control_yolo/labels")
    assert nothing == {} and control.objects == {"person": 10, "car": 0}
    assert control.fingerprint == "e35e7b9ec0310609"  # as before there were checks
    labels, found = case(path)
    assert found == {} and labels.objects["person"] == 10
    for pair, truth in labels.truths.items():
        np.testing.assert_allclose(truth.boxes, control.truths[pair].boxes, atol=1e-3)


def test_case_repeated_lines_are_counted_once(case) -> None:
    labels, found = case("58_yolo_duplicate_lines/labels")
    assert found == {"box-repeated": (10, 20)}
    assert labels.fingerprint == case("30_control_yolo/labels")[0].fingerprint


def test_case_slightly_out_of_range_is_clipped(case) -> None:
    labels, found = case("39_slightly_out_of_range/labels")
    assert found == {"box-clipped": (1, 10)} and labels.objects == {"person": 10}
    assert labels.truths["01301"].boxes[0, 2] == 480


@pytest.mark.parametrize(("path", "message"), [
    ("33_pixel_coordinates/labels", r"boxes-in-pixels \(10 of 10 in custom\).*numbers up to 236.5"),
    ("34_confidence_column/labels", r"01301\.txt, line 1: .*sixth column \(0\.93\): confidence\?"),
    ("38_one_based_classes/labels", r"01301\.txt, line 1: unknown class '1'.*0 \(person\).*from 0"),
    ("41_coco_other_image_size/labels.json", r"labels-of-another-size \(4 of 4.*960x720.*480x360"),
    ("44_voc_size_swapped/Annotations", r"labels-of-another-size \(4 of 4.*exchanged"),
])  # fmt: skip
def test_cases_that_are_refused(case, path, message) -> None:
    with pytest.raises(DataError, match=message):
        case(path)


def test_case_a_class_that_the_detector_does_not_know(case) -> None:
    from fusionbench.detection.planning import check_classes
    from fusionbench.detection.stored import DetectorRecord

    labels, found = case("43_voc_People/Annotations")
    assert found == {} and labels.objects == {"People": 10}
    detector = DetectorRecord.model_construct(
        label="Eye", classes=["person", "car"], weights=type("W", (), {"origin": "authors"})
    )
    findings = Findings(strict=True)
    check_classes(findings, "custom", labels, detector)
    findings.settle()
    (note,) = findings.records
    assert (note.check, note.outcome, note.in_tables) == ("no-class-known", "note", True)
    assert note.examples == ["People: 10 objects; the detector knows person, car"]


# -- siblings, on two pairs of 64x48 pixels


@pytest.fixture
def mine(pair_folders, tmp_path) -> Callable[..., tuple[LabelSet, Found]]:
    """``mine({"0.txt": "0 ..."})``: files of a folder ``labels``, opened for the pairs 0 and 1."""

    def opened(
        files: dict[str, str | bytes], *, count: int = 2, path: str = "labels", **choices
    ) -> tuple[LabelSet, Found]:
        folder = pair_folders(count)
        shutil.rmtree(tmp_path / "root", ignore_errors=True)
        (tmp_path / "root" / "labels").mkdir(parents=True)
        for name, content in files.items():
            file = tmp_path / "root" / "labels" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        record = check_pairs(open_folders(folder / "ir", folder / "vi", "sea"))
        return settled(record, tmp_path / "root" / path, Findings(**choices))

    return opened


def yolo(*lines: str, other: str = "", **files: str) -> dict[str, str | bytes]:
    """Files of pairs 0 and 1, with two classes."""
    return {"0.txt": "\n".join(lines), "1.txt": other, "classes.txt": "person\nred car", **files}


@pytest.mark.parametrize(("lines", "found", "objects"), [
    ((ONE, ONE), {"box-repeated": (1, 2)}, 1),
    ((ONE, "0 0.501 0.5 0.25 0.5"), {"box-repeated": (1, 2)}, 1),
    ((ONE, "0 0.52 0.5 0.25 0.5"), {}, 2),
    ((ONE, "1 0.5 0.5 0.25 0.5"), {}, 2),
    ((ONE, "0 1.5 0.5 0.25 0.5"), {"box-outside": (1, 2)}, 1),
    ((ONE, "0 0.5 0.5 -0.25 0.5"), {"box-turned-over": (1, 2)}, 1),
    ((ONE, "0 0.5 0.5 0.25 0"), {"box-turned-over": (1, 2)}, 1),
    ((ONE, "0 0.5 0.5 1e-9 0.5"), {"box-turned-over": (1, 2)}, 1),
    ((ONE, "0 1.002 0.5 0.1 0.5"), {"box-clipped": (1, 2)}, 2),
    ((ONE, "0 0.99 0.5 0.021 0.5"), {}, 2),
    ((ONE, "0 0.9 0.5 0.4 0.5", "0 0.5 0.9 0.4 0.4", "1 0.5 0.5 0.25 0.5"),
     {"box-clipped": (2, 4), "boxes-reach-out": (2, 4)}, 4),
])  # fmt: skip
def test_what_is_counted_and_what_is_left_out(mine, lines, found, objects) -> None:
    labels, said = mine(yolo(*lines))
    assert said == found and sum(labels.objects.values()) == objects


@pytest.mark.parametrize(("lines", "message"), [
    (("0 32 24 16 24",), r"boxes-in-pixels \(1 of 1.*0\.txt, line 1: numbers up to 32"),
    ((ONE, "0 50 50 25 50"), r"boxes-in-pixels \(1 of 2"),
    ((ONE, "0 1.5 0.5 0.2 0.5", "0 0.5 1.8 0.2 0.5"), r"boxes-do-not-fit \(2 of 3"),
    (("0 0.5 0.5 -0.2 0.5",), r"boxes-do-not-fit \(1 of 1"),
    ((ONE, "0 0.9 0.5 0.4 0.5", "0 0.5 0.9 0.4 0.4"), r"boxes-do-not-fit \(2 of 3"),
    (("2 0.5 0.5 0.2 0.5",), r"unknown class '2'.*0 \(person\), 1 \(red car\).*numbered from 0"),
    (("9 0.5 0.5 0.2 0.5",), r"unknown class '9'"),
    (("0 0.5 0.5 0.2 0.5 0.93 1",), r"sixth and seventh column \(0\.93, 1\)"),
    (("ship 0.5 0.5 0.2 0.5",), r"unknown class 'ship', expected one of person, red car"),
])  # fmt: skip
def test_what_is_refused(mine, lines, message) -> None:
    with pytest.raises(DataError, match=message):
        mine(yolo(*lines))


def test_what_was_accepted_or_left_out_is_recorded(mine) -> None:
    labels, found = mine(yolo(ONE, "0 32 24 16 24"), accept=["boxes-in-pixels"])
    assert found == {"boxes-in-pixels": (1, 2)} and labels.objects["person"] == 1
    labels, found = mine({"0.txt": "", "classes.txt": "person", "1.txt": ""})
    assert found == {"no-objects": (1, 0)}
    with pytest.raises(DataError, match="--accept box-repeated"):
        mine(yolo(ONE, ONE), strict=True)


@pytest.mark.parametrize("text", [
    "0,0.5,0.5,0.25,0.5", "0, 0.5, 0.5, 0.25, 0.5", "0;0.5;0.5;0.25;0.5;", "0\t.5\t.5\t.25\t.5\t",
    "0.0 0.5 0.5 0.25 0.5  ", "# class cx cy w h\n\n0 0.5 0.5 0.25 0.5 # a person\r\n\r\n",
    "\ufeff0 0.5 0.5 0.25 0.5", "person 0.5 0.5 0.25 0.5", "Person 0.5 0.5 0.25 0.5",
    "0 0.375 0.25 0.625 0.25 0.625 0.75 0.375 0.75",
    "0 0.375 0.25 0.625 0.3 0.5 0.75",
])  # fmt: skip
def test_dialects_of_a_line(mine, text) -> None:
    labels, found = mine(yolo(text))
    np.testing.assert_allclose(labels.truths["0"].boxes, [EDGES])
    outlined = len(text.split()) in (7, 9) and "#" not in text
    assert found == ({"polygons": (1, 1)} if outlined else {})


def test_a_class_name_may_hold_blanks(mine) -> None:
    assert mine(yolo("1 0.5 0.5 0.25 0.5"))[0].objects == {"person": 0, "red car": 1}
    assert mine(yolo("red car 0.5 0.5 0.25 0.5"))[0].objects == {"person": 0, "red car": 1}
    numbered = yolo("7 0.5 0.5 0.25 0.5") | {"classes.txt": "0 person\n7 red car\n"}
    assert mine(numbered)[0].objects == {"person": 0, "red car": 1}
    named = {"0.txt": "red car 0.5 0.5 0.25 0.5\nbus 0.2 0.2 0.1 0.1", "1.txt": ""}
    assert mine(named)[0].objects == {"bus": 1, "red car": 1}


def test_utf_16_is_named(mine) -> None:
    with pytest.raises(DataError, match=r"0\.txt: cannot be read: it is UTF-16"):
        mine(yolo() | {"0.txt": ONE.encode("utf-16")})


NAMES = (
    "names: [person, red car]",
    "nc: 2\nnames:\n  0: person\n  1: red car\n",
    "names:\n- person\n- red car\n",
    'names: ["person", "red car"]\ntrain: ../train',
)


@pytest.mark.parametrize(("place", "text"), [
    ("classes.txt", "person\nred car\n\n"), ("classes.txt", "\ufeffperson\r\nred car\r\n"),
    ("obj.names", "person\nred car"), ("../street.names", "person\nred car"),
    ("_darknet.labels", "person\nred car"),
    ("labels.txt", "person\nred car"), ("../classes.txt", "person\nred car"),
    ("data.yaml", NAMES[0]), ("../data.yaml", NAMES[1]), ("../../dataset.yaml", NAMES[2]),
    ("../street.yml", NAMES[3]),
])  # fmt: skip
def test_where_class_names_may_stand(mine, place, text) -> None:
    labels, found = mine({"0.txt": "1 0.5 0.5 0.25 0.5", "1.txt": "", place: text})
    assert labels.objects == {"person": 0, "red car": 1} and found == {}


@pytest.mark.parametrize(("files", "message"), [
    ({}, r"nothing names the classes.*classes\.txt.*data\.yaml"),
    ({"classes.txt": "person\ncar", "../data.yaml": "names: [car, person]"},
     r"class 0 is 'person' in .*classes\.txt and 'car' in .*data\.yaml"),
    ({"classes.txt": "person\n\ncar"}, "line 2 is empty"),
    ({"data.yaml": "names: [person]\nnc: 2"}, "nc is 2, but there are 1 names"),
    ({"data.yaml": "names: {person: 0}"}, "expected a list of names"),
    ({"data.yaml": "names: coco.names"}, "expected a list of names"),
    ({"data.yaml": "names: [person"}, "is not YAML"),
])  # fmt: skip
def test_class_names_that_are_missing_or_wrong(mine, files, message) -> None:
    with pytest.raises(DataError, match=message):
        mine({"0.txt": ONE, "1.txt": "", **files})


def test_names_that_agree_and_yamls_of_something_else(mine) -> None:
    files = yolo(ONE) | {"../data.yaml": "names: [Person]", "../other.yaml": "names: [a, b, c]"}
    assert mine(files)[0].objects == {"person": 1, "red car": 0}
    bomb = "a: &a [x,x]\n" + "".join(
        f"{c}: &{c} [*{p},*{p}]\n" for p, c in zip("abcdefghijk", "bcdefghijkl", strict=True)
    )
    with pytest.raises(DataError, match="expected a list of names"):
        mine({"0.txt": ONE, "1.txt": "", "data.yaml": f"{bomb}names: *l"})


@pytest.mark.parametrize("files", [
    {"0.TXT": ONE, "1.TXT": "", "classes.txt": "person"},
    {"test/0.txt": ONE, "test/1.txt": "", "classes.txt": "person"},
    {"test/0.txt": ONE, "test/1.txt": "", "test/classes.txt": "person"},
    {"train/0.txt": ONE, "val/1.txt": "", "../data.yaml": "names: [person]"},
    {"000.txt": ONE, "001.txt": "", "classes.txt": "person"},
    {"all/0.txt": ONE, "all/1.txt": "", "old/0.txt": "", "classes.txt": "person"},
])  # fmt: skip
def test_where_label_files_may_lie(mine, files) -> None:
    labels, found = mine(files)  # the split of one's own folders is called `all`
    assert labels.objects == {"person": 1} and found == {}
    np.testing.assert_allclose(labels.truths["0"].boxes, [EDGES])


@pytest.mark.parametrize(("files", "message"), [
    ({"0_vis.txt": ONE, "1_vis.txt": ""}, r"2 pairs \(0, 1\)\. It holds 2 files \(0_vis\.txt"),
    ({"00.txt": ONE, "0x.txt": ""}, r"2 pairs \(0, 1\)\. It holds 2 files"),
    ({"a/b/0.txt": ONE}, r"It holds 1 folders \(a\)"),
    ({"ir/0.txt": ONE, "vis/0.txt": ONE}, r"pair 0 has two label files"),
    ({"0.txt": ONE, "0.TXT": ONE}, "two files claim one name"),
    ({}, "It holds nothing"),
])  # fmt: skip
def test_what_lies_there_is_said(mine, files, message) -> None:
    with pytest.raises(DataError, match=message):
        mine(files)


def test_a_missing_txt_means_no_objects_where_most_pairs_have_one(mine) -> None:
    files = {"0.txt": ONE, "1.txt": ONE, "classes.txt": "person"}
    labels, found = mine(files, count=3)
    assert found == {"no-label-file": (1, 3)} and len(labels.truths["2"].boxes) == 0
    with pytest.raises(DataError, match=r"most-without-labels \(2 of 4 in sea\).*: 2; 3"):
        mine(files, count=4)
    labels, found = mine(files, count=4, accept=["most-without-labels"])
    assert found["no-label-file"] == (2, 4) and labels.objects == {"person": 2}


def test_labels_of_other_pairs_are_counted(mine) -> None:
    assert mine(yolo(ONE, **{"7.txt": "x", "8.txt": ""}))[1] == {"labels-without-pair": (2, 0)}


# -- VOC


def voc(*objects: str, size: str = "", image: str = "") -> str:
    return f"<annotation>{image}{size}{''.join(objects)}</annotation>"


def thing(*corners: object, name: str = "red  car") -> str:
    tags = zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
    box = "".join(f"<{tag}>{value}</{tag}>" for tag, value in tags)
    return f"<object><name>{name}</name><bndbox>{box}</bndbox></object>"


def sized(width: object, height: object) -> str:
    return f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"


GOOD = thing(25, 13, 40, 36)
POLYGON = "<object><name>red car</name><polygon>{}</polygon></object>"


@pytest.mark.parametrize(("text", "found"), [
    (voc(GOOD, size=sized(64, 48)), {}),
    (voc(thing("25.0", " 13 ", "40.00", "36"), size=sized("64.0", " 48 ")), {}),
    (voc(GOOD, size=sized(0, 0)), {}),
    (voc(GOOD, GOOD), {"box-repeated": (1, 2)}),
    (voc(GOOD, thing(40, 13, 25, 36)), {"box-turned-over": (1, 2)}),
    (voc(GOOD, thing(70, 13, 80, 36)), {"box-outside": (1, 2)}),
    (voc(GOOD, image="<filename>IR_0.png</filename>"), {}),
    (voc(GOOD, image="<filename>000.jpg</filename>"), {}),
    (voc(GOOD, image="<filename>10.png</filename>"), {"labels-of-another-image": (1, 2)}),
    (voc(POLYGON.format("<x1>24</x1><y1>12</y1><x2>40</x2><y2>20</y2><x3>30</x3><y3>36</y3>")),
     {"polygons": (1, 1)}),
    (voc(POLYGON.format("<pt><x>24</x><y>12</y></pt><pt><x>40</x><y>20</y></pt>"
                        "<pt><x>30</x><y>36</y></pt>")), {"polygons": (1, 1)}),
    (voc("<object><name>red car</name><robndbox><cx>32</cx><cy>24</cy><w>24</w><h>16</h>"
         "<angle>1.5707963267948966</angle></robndbox></object>"), {"polygons": (1, 1)}),
])  # fmt: skip
def test_voc(mine, text, found) -> None:
    labels, said = mine({"0.xml": text, "1.xml": voc()})
    assert said == found and labels.objects == {"red car": 1}
    np.testing.assert_allclose(labels.truths["0"].boxes, [EDGES])


@pytest.mark.parametrize(("text", "message"), [
    (voc(GOOD, size=sized(640, 480)), r"labels-of-another-size.*made for an image of 640x480"),
    (voc(GOOD, size=sized(48, 64)), r"the image has 64x48; width and height are exchanged"),
    (voc("<object><name>car</name></object>"), "object 1 has no bndbox"),
    (voc(thing(25, 13, 40, "nan")), "object 1: expected numbers"),
    (voc(thing(40, 13, 25, 36)), "boxes-do-not-fit"),
    (voc(thing(0.4, 0.2, 0.6, 0.8)), r"boxes-in-shares \(1 of 1"),
    ("<annotation>", "not xml"),
    (voc(), "hold no object of any class"),
])  # fmt: skip
def test_voc_that_is_refused(mine, text, message) -> None:
    with pytest.raises(DataError, match=message):
        mine({"0.xml": text, "1.xml": voc()})


def test_voc_with_a_namespace(mine) -> None:
    text = voc(GOOD).replace("<annotation>", "<annotation xmlns='urn:x'>")
    assert mine({"0.xml": text, "1.xml": voc()})[0].objects == {"red car": 1}


EXPORT = "_png.rf.0123456789abcdef0123456789abcdef"


def test_names_of_exports_are_those_of_their_images(mine) -> None:
    files = {f"{n}{EXPORT}.txt": text for n, text in (("0", ONE), ("1", ""))}
    assert mine({**files, "classes.txt": "person"})[0].objects == {"person": 1}
    images = [image(n, f"{n}{EXPORT}.jpg") for n in (0, 1)]
    assert mine({"a.json": coco(images=images)})[0].objects == {"person": 1}
    again = [*images, image(2, f"0{EXPORT[:-1]}0.jpg")]
    with pytest.raises(DataError, match="two-images-of-one-name"):
        mine({"a.json": coco(images=again)})


def test_a_label_file_that_is_a_link_to_nothing_or_a_folder_is_not_a_missing_one(
    mine, tmp_path
) -> None:
    mine(yolo(ONE))
    for spoil in (lambda path: path.symlink_to(path), Path.mkdir):
        folder = tmp_path / "root" / "labels"
        shutil.rmtree(folder / "1.txt", ignore_errors=True)
        (folder / "1.txt").unlink(missing_ok=True)
        spoil(folder / "1.txt")
        record = check_pairs(open_folders(tmp_path / "TNO" / "ir", tmp_path / "TNO" / "vi", "sea"))
        with pytest.raises(DataError, match=r"1\.txt: a link that leads nowhere, or a folder"):
            open_labels(record, str(folder))


def test_voc_in_any_encoding_and_suffix(mine) -> None:
    text = '<?xml version="1.0" encoding="{}"?>' + voc(thing(25, 13, 40, 36, name="Fußgänger"))
    for encoding in ("utf-8", "latin-1", "utf-16"):
        labels, _ = mine({"0.XML": text.format(encoding).encode(encoding), "1.XML": voc()})
        assert labels.objects == {"Fußgänger": 1}


def test_pairs_with_labels_of_another_size_can_be_left_out(mine) -> None:
    files = {"0.xml": voc(GOOD, size=sized(9, 9)), "1.xml": voc(GOOD)}
    labels, found = mine(files, skip_bad=True)
    assert found == {"labels-of-another-size": (1, 2)}
    assert list(labels.truths) == ["1"] and labels.without == ("0",)
    with pytest.raises(DataError, match="no pair of sea has labels that can be used"):
        mine({"0.xml": voc(GOOD, size=sized(9, 9))}, skip_bad=True)


# -- COCO


def coco(*boxes: dict[str, object], images: list[dict[str, object]] | None = None) -> str:
    listed = images or [{"id": n, "file_name": f"{n}.png"} for n in (0, 1)]
    first = {"image_id": listed[0]["id"], "category_id": 0, "bbox": [24, 12, 16, 24]}
    return json.dumps({
        "images": listed,
        "categories": [{"id": 0, "name": "person"}, {"id": 9, "name": "person"}],
        "annotations": [first, *(first | box for box in boxes)],
    })  # fmt: skip


def image(number: int, name: str, **more: object) -> dict[str, object]:
    return {"id": number, "file_name": name, **more}


SEGMENT = [[30, 12, 24, 36, 30, 30], [40, 20, 39, 30, 38, 30]]


@pytest.mark.parametrize(("text", "found"), [
    (coco(), {}),
    (coco({}), {"box-repeated": (1, 2)}),
    (coco({"category_id": 9}), {"box-repeated": (1, 2)}),
    (coco({"bbox": [70, 50, 9, 9]}), {"box-outside": (1, 2)}),
    (coco({"bbox": [30, 20, -9, 9]}), {"box-turned-over": (1, 2)}),
    (coco({"bbox": None, "segmentation": SEGMENT}), {"box-repeated": (1, 2), "polygons": (1, 2)}),
    (coco({"id": 4}, {"id": 4}), {"box-repeated": (2, 3), "annotation-id-repeated": (1, 0)}),
    (coco(images=[image(0, "set/a/0.jpg", width=64, height=48), image(1, "b\\1.PNG", width=0,
          height=0)]), {}),
    (coco(images=[image(n, f"{n}.png") for n in range(4)]), {"labels-without-pair": (2, 0)}),
])  # fmt: skip
def test_coco(mine, text, found) -> None:
    labels, said = mine({"labels.json": text}, path="labels/labels.json")
    assert said == found and labels.objects == {"person": 1}
    np.testing.assert_allclose(labels.truths["0"].boxes, [EDGES])
    assert mine({"labels.json": text})[0].fingerprint == labels.fingerprint  # the folder is enough


@pytest.mark.parametrize(("text", "message"), [
    (coco(images=[image(0, "vis/0.png"), image(1, "ir/0.png")]),
     r"two-images-of-one-name \(1 of 2.*0: the file lists vis/0, ir/0"),
    (coco(images=[image(0, "0.png"), image(1, "0.jpg")]), "two-images-of-one-name"),
    (coco(images=[image(0, "0.png", width=128, height=96)]), r"labels-of-another-size \(1 of 2"),
    (coco(images=[image(0, "0.png", width="48", height=64.0)]), "width and height are exchanged"),
    (coco({"bbox": [70, 50, 9, 9]}, {"bbox": [80, 50, 9, 9]}), r"boxes-do-not-fit \(2 of 3"),
    (coco({"bbox": [0.4, 0.2, 0.2, 0.6]}), r"boxes-in-shares \(1 of 2.*corners 0.4, 0.2, 0.6, 0.8"),
    (coco({"bbox": [24, 30, 40, 36]}, {"bbox": [32, 12, 60, 40]}), r"boxes-do-not-fit \(2 of 3"),
    (coco({"image_id": 5}), r"annotation 2: image_id 5 is not listed"),
    (coco({"category_id": 5}), r"annotation 2: category_id 5 is not listed"),
    (coco(images=[image(0, "x0.png"), image(1, "x1.png")]), r"images are named x0, x1, pairs 0"),
    (coco({"bbox": None, "segmentation": {"size": [48, 64], "counts": "P"}}), "run-length mask"),
    ("[" * 100_000, "not COCO json"),
    (coco({"score": 0.7}), "annotation 2 has a score"),
    (coco({"bbox": [10**400, 1, 2, 3]}), "annotation 2: expected numbers"),
    (json.dumps({"images": [image(0, "0.png")], "annotations": [],
                 "categories": [{"id": 1, "name": "person"}]}), "no object of any class"),
])  # fmt: skip
def test_coco_that_is_refused(mine, text, message) -> None:
    with pytest.raises(DataError, match=message):
        mine({"labels.json": text})


def test_folders_tell_images_of_one_name_apart(pair_folders, tmp_path) -> None:
    folder = pair_folders(2)
    record = check_pairs(open_folders(folder / "ir", folder / "vi", "sea"))
    record.pairs = [p.model_copy(update={"id": f"set0{p.id}/1"}) for p in record.pairs]
    path = tmp_path / "labels.json"
    path.write_text(coco(images=[image(0, "set00/vis/1.png"), image(1, "set01/vis/1.png")]))
    labels, _ = settled(record, path, Findings())
    assert [len(truth.boxes) for truth in labels.truths.values()] == [1, 0]
    path.write_text(coco(images=[image(0, "1.png")]))
    with pytest.raises(DataError, match="several pairs bear this name"):
        settled(record, path, Findings())


# -- sources that were resized: 64x48 became 32x24, or 32x24 became 64x48


@pytest.fixture
def resized(pair_folders, tmp_path) -> Callable[..., tuple[LabelSet, Found]]:
    """``resized("vis", {"0.txt": ...})``: visible images of twice the size, one source resized."""
    import cv2

    def opened(which: str, files: dict[str, str | bytes], **choices) -> tuple[LabelSet, Found]:
        folder = pair_folders(2)
        for path in (folder / "ir").iterdir():
            small = cv2.resize(read_image(path), (32, 24), interpolation=cv2.INTER_AREA)
            write_png(path, small.view(np.uint8))
        for name, content in files.items():
            (tmp_path / "labels").mkdir(exist_ok=True)
            (tmp_path / "labels" / name).write_bytes(str(content).encode())
        found = open_folders(folder / "ir", folder / "vi", "sea")
        record = check_pairs(found.read_as(parse_reading(resize=which)))
        return settled(record, tmp_path / "labels", Findings(**choices))

    return opened


SMALL = thing(13, 7, 20, 18)
"""Half of GOOD, whose corner 1 is the first pixel: 12, 6, 20, 18."""


@pytest.mark.parametrize(("files", "scaled"), [
    (yolo(ONE), {"vis": False, "ir": False}),
    ({"0.xml": voc(GOOD, size=sized(64, 48))}, {"vis": True, "ir": False}),
    ({"0.xml": voc(SMALL, size=sized(32, 24))}, {"vis": False, "ir": True}),
    ({"a.json": coco(images=[image(n, f"{n}.png", width=64, height=48) for n in (0, 1)])},
     {"vis": True, "ir": False}),
])  # fmt: skip
def test_boxes_are_scaled_with_the_image_that_they_were_made_for(resized, files, scaled) -> None:
    for which, factor in (("vis", 0.5), ("ir", 1.0)):
        labels, found = resized(which, files)
        np.testing.assert_allclose(labels.truths["0"].boxes, np.multiply([EDGES], factor))
        assert labels.sizes["0"] == ((32, 24) if which == "vis" else (64, 48))
        assert found == ({"boxes-scaled": (1, 2)} if scaled[which] else {})


@pytest.mark.parametrize("files", [
    {"0.xml": voc(GOOD), "1.xml": voc()},
    {"0.xml": voc(GOOD, size=sized(0, 0)), "1.xml": voc()},
    {"a.json": coco()},
])  # fmt: skip
def test_pixels_of_an_unknown_size_are_refused_where_a_source_was_resized(resized, files) -> None:
    for which, said in (("vis", "64x48 became 32x24"), ("ir", "32x24 became 64x48")):
        with pytest.raises(DataError, match=rf"labels-without-size \(1 of 2.*0: {said}"):
            resized(which, files)


def test_pixels_of_a_third_size_are_refused(resized) -> None:
    for which in ("ir", "vis"):
        with pytest.raises(DataError, match=r"labels-of-another-size \(1 of 2"):
            resized(which, {"0.xml": voc(GOOD, size=sized(640, 480)), "1.xml": voc()})


def test_kaist_labels_know_no_size_and_are_refused_with_a_resized_source(tmp_path) -> None:
    rng = np.random.default_rng(0)
    for kind, shape in (("lwir", (256, 320)), ("visible", (512, 640, 3))):
        noise = rng.integers(0, 255, shape, np.uint8)
        write_png(tmp_path / "KAIST" / "images" / "set06" / "V000" / kind / "I00019.png", noise)
    file = tmp_path / "KAIST" / "annotations" / "set06" / "V000" / "I00019.txt"
    file.parent.mkdir(parents=True)
    file.write_text("% bbGt version=3\nperson 100 100 30 80 0 0 0 0 0 0 0\n")
    dataset = open_dataset("KAIST", tmp_path).read_as(parse_reading(resize="ir"))
    with pytest.raises(DataError, match=r"320x256 became 640x512.*"):
        open_labels(check_pairs(dataset), None, tmp_path)


# -- the pairs


def test_a_pair_whose_image_cannot_be_read_is_named(pair_folders, tmp_path) -> None:
    folder = pair_folders(2)
    record = check_pairs(open_folders(folder / "ir", folder / "vi", "sea"))
    (tmp_path / "labels").mkdir()
    for name in ("0.txt", "1.txt"):
        (tmp_path / "labels" / name).write_text(ONE)
    (tmp_path / "labels" / "classes.txt").write_text("person")
    (folder / "vi" / "0.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"unreadable-image \(1 of 2 in sea\).*0: 0\.png"):
        settled(record, tmp_path / "labels", Findings())
    labels, _ = settled(record, tmp_path / "labels", Findings(skip_bad=True))
    assert list(labels.truths) == ["1"]


def test_labels_that_are_not_there(pair_folders, tmp_path) -> None:
    folder = pair_folders(2)
    record = check_pairs(open_folders(folder / "ir", folder / "vi", "sea"))
    with pytest.raises(NoLabelsError, match=r"there is no .*/nowhere"):
        open_labels(record, str(tmp_path / "nowhere"))
    (tmp_path / "a.csv").write_text("0,1,2,3,4")
    with pytest.raises(NoLabelsError, match=r"a\.csv is no COCO json file"):
        open_labels(record, str(tmp_path / "a.csv"))
