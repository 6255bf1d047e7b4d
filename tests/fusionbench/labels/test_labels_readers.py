"""Label formats: well-formed, untidy and malformed files."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from fusionbench.errors import DataError
from fusionbench.labels.coco import read_coco
from fusionbench.labels.readers import RawBox, read_kaist, read_voc, read_yolo

SIZE = (200, 100)

VOC = """<?xml version="1.0"?>
<annotation><filename>1.png</filename>
<size><width>200</width><height>100</height><depth>3</depth></size>
<object><name>People</name><difficult>0</difficult>
<bndbox><xmin>1</xmin><ymin>11</ymin><xmax>50</xmax><ymax>60</ymax></bndbox></object>
<object><name>Car</name><difficult>1</difficult>
<bndbox><xmin>100.0</xmin><ymin>1</ymin><xmax>200</xmax><ymax>100</ymax></bndbox></object>
</annotation>"""


def edges(box: RawBox) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom


def written(folder: Path, text: str, name: str = "labels.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "0 0.5 0.5 0.25 0.5\n2 0.25 0.5 0.5 1\n",
        "0  0.5  0.5 0.25  0.5  \n2 0.25 0.5 0.5 1",
        "\ufeff0 0.5 0.5 0.25 0.5\r\n\r\n2\t0.25 0.5 0.5 1\r\n\n",
        "0.0 0.5 0.5 0.25 0.5\n \n2.0 .25 5e-1 0.5 1.0 \n\n",
    ],
)
def test_yolo_in_any_tidiness(tmp_path: Path, text: str) -> None:
    first, second = read_yolo(written(tmp_path, text), SIZE).boxes
    assert (first.label, edges(first)) == (0, (75, 25, 125, 75))
    assert (second.label, edges(second)) == (2, (0, 0, 100, 100))


@pytest.mark.parametrize("text", ["", "\n", "  \n\t\n"])
def test_an_empty_yolo_file_means_no_objects(tmp_path: Path, text: str) -> None:
    assert read_yolo(written(tmp_path, text), SIZE).boxes == []


@pytest.mark.parametrize(
    "line",
    [
        "0 0.5 0.5 0.25",
        "0 0.5 0.5 0.25 0.5 0.9",
        "person 0.5 0.5 0.25",
        "0 person 0.5 0.5 0.25 0.5 0.9",
        "0 0.5 0.5 0.25 0.5 0.9 0.8 0.7",
        "0 0.5 0.5 0.25 0.5 person",
        "0 0,5 0,5 0,25 0,5",
        "0.5 0.5 0.5 0.25 0.5",
        "-1 0.5 0.5 0.25 0.5",
        "0 0.5 nan 0.25 0.5",
        "0 0.5 0,5 0.25 0.5",
    ],
)
def test_a_bad_yolo_line_is_named(tmp_path: Path, line: str) -> None:
    path = written(tmp_path, f"0 0.5 0.5 0.25 0.5\n\n{line}\n")
    with pytest.raises(DataError, match=r"labels\.txt, line 3: .*expected"):
        read_yolo(path, SIZE)


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.txt: cannot be read"):
        read_yolo(tmp_path / "none.txt", SIZE)
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"bytes\.txt: cannot be read"):
        read_yolo(tmp_path / "bytes.txt", SIZE)


def test_voc_corners_count_from_one_and_difficult_is_to_be_ignored(tmp_path: Path) -> None:
    read = read_voc(written(tmp_path, VOC), SIZE)
    first, second = read.boxes
    assert read.size == SIZE and read.image == "1.png"
    assert (first.label, edges(first), first.ignore) == ("People", (0, 10, 50, 60), False)
    assert (second.label, edges(second), second.ignore) == ("Car", (99, 0, 200, 100), True)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("</annotation>", "", "not xml"),
        ("<xmax>50</xmax>", "", "object 1: expected numbers"),
        ("<xmin>100.0", "<xmin>left", "object 2: expected numbers, got 'left"),
        ("<width>200", "<width>wide", "size: expected numbers, got 'wide 100'"),
        ("bndbox", "box", "object 1 has no bndbox"),
    ],
)
def test_bad_voc_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(DataError, match=rf"labels\.txt.*{message}"):
        read_voc(written(tmp_path, VOC.replace(old, new)), SIZE)


def test_kaist_marks_what_the_reasonable_setting_ignores(tmp_path: Path) -> None:
    lines = [
        "% bbGt version=3",
        "person 10 5 30 60 0 0 0 0 0 0 0",
        "person 10 5 30 54 0 0 0 0 0 0 0",
        "person 10 5 30 60 1 0 0 0 0 0 0",
        "person 10 5 30 60 2 0 0 0 0 0 0",
        "person? 10 5 30 60 0 0 0 0 0 1 0",
        "",
    ]
    boxes = read_kaist(written(tmp_path, "\n".join(lines)), SIZE).boxes
    assert edges(boxes[0]) == (10, 5, 40, 65)
    assert [box.ignore for box in boxes] == [False, True, False, True, True]
    assert boxes[4].label == "person?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("person 1 2 3 4 0 0 0 0 0 0 0\n", "line 1: expected '% bbGt version=3'"),
        ("", "line 1"),
        ("% bbGt version=3\nperson 1 2 3\n", "line 2: got 'person 1 2 3'"),
        ("% bbGt version=3\nperson a 2 3 4 0 0 0 0 0 0 0\n", "line 2: expected numbers"),
    ],
)
def test_bad_kaist_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message.replace("?", r"\?")):
        read_kaist(written(tmp_path, text), SIZE)


COCO = {
    "images": [{"id": 7, "file_name": "x/a.png"}, {"id": "b", "file_name": "b.png"}],
    "categories": [{"id": 3, "name": "Car"}],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 3, "bbox": [10, 5, 30, 20]},
        {"id": 2, "image_id": 7, "category_id": 3, "bbox": [0, 0, 9, 9], "iscrowd": 1},
    ],
}


def test_coco_lists_images_without_objects(tmp_path: Path) -> None:
    a, b = read_coco(written(tmp_path, json.dumps(COCO))).images
    assert (a.name, b.name, b.boxes) == ("x/a", "b", [])
    assert [(box.label, edges(box), box.ignore) for box in a.boxes] == [
        ("Car", (10, 5, 40, 25), False),
        ("Car", (0, 0, 9, 9), True),
    ]


@pytest.mark.parametrize(
    "change",
    [{"image_id": 8}, {"category_id": 1}, {"bbox": None}, {"bbox": [1, 2, 3]}, {"bbox": "1234"},
     {"bbox": [1, 2, 3, math.nan]}, {"bbox": None, "segmentation": []},
     {"bbox": [], "segmentation": {"counts": "x", "size": [1, 1]}}],
)  # fmt: skip
def test_bad_coco_is_named(tmp_path: Path, change: dict[str, object]) -> None:
    wrong = COCO | {"annotations": [COCO["annotations"][0] | change]}
    with pytest.raises(DataError, match=r"labels\.txt, annotation 1"):
        read_coco(written(tmp_path, json.dumps(wrong)))


@pytest.mark.parametrize(
    "change",
    [{"images": [{"id": 7, "file_name": "a.png"}, {"id": 7, "file_name": "b.png"}]},
     {"images": [{"id": 7}]}, {"images": [7]}, {"images": [{"id": 7, "file_name": "a", "width": "w",
     "height": 3}]}, {"categories": [{"id": 3, "name": "Car"}, {"id": 3, "name": "Bus"}]},
     {"categories": None}, {"annotations": {}}],
)  # fmt: skip
def test_bad_coco_tables_are_named(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(DataError, match=r"labels\.txt"):
        read_coco(written(tmp_path, json.dumps(COCO | change)))
    with pytest.raises(DataError, match="expected the lists images"):
        read_coco(written(tmp_path, "[]"))
    with pytest.raises(DataError, match="not COCO json"):
        read_coco(written(tmp_path, "[1"))
