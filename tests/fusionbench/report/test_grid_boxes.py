"""The file of boxes: what it may hold, what is wrong with it, and that the grid shows it."""

from __future__ import annotations

import numpy as np
import pytest

from fusionbench.errors import FusionBenchError
from fusionbench.report.figures import grids
from fusionbench.report.figures.grid_drawing import Box, SceneView
from fusionbench.report.figures.grids import read_boxes
from fusionbench.results import Results

GOOD = "[[1, 2, 10, 8], [20, 4, 12, 6]]"
TWO = (Box(1, 2, 10, 8), Box(20, 4, 12, 6))


@pytest.fixture
def run(builder):
    for name in ("MSRS", "TNO"):
        builder.dataset(name, ["007", "b", *(["c"] if name == "TNO" else [])])
    builder.column("EN@standard")
    builder.method("m")
    made = builder.write()
    builder.images(size=(32, 40))
    return made


def written(tmp_path, text):
    path = tmp_path / "boxes.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_pairs_alone_and_below_their_data_set(run, tmp_path):
    path = written(tmp_path, f"c: {GOOD}\nMSRS:\n  b: {GOOD}\n  007: {GOOD}\n")
    found = read_boxes(path, run.manifest)
    assert found == {"TNO": {"c": TWO}, "MSRS": {"b": TWO, "007": TWO}}
    assert list(found["MSRS"]) == ["b", "007"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("- 1\n", "line 1: expected pair ids"),
        ("MSRS: {b: [[1, 2, 3, 4]}\n", "is not YAML"),
        (f"c: {GOOD}\nd: {GOOD}\n", r"line 2: 'd' is no pair of the run's data sets \(MSRS, TNO\)"),
        (f"b: {GOOD}\n", "line 1: 'b' is a pair of MSRS, TNO: put it under its data set's name"),
        (f"MSRS:\n  c: {GOOD}\n", "line 2: 'c' is no pair of MSRS"),
        (f"c: {GOOD}\nc: {GOOD}\n", "line 2: 'c' stands there twice"),
        ("c: [1, 2, 3, 4]\n", r"line 1: pair 'c': expected two boxes \[x, y, width, height\]"),
        ("c: [[1, 2, 3, 4]]\n", "expected two boxes"),
        ("c:\n- [1, 2, 3, 4]\n- [1, 2, 3]\n", r"line 3: pair 'c': \[1, 2, 3\] is no box of four"),
        ("c: [[1, 2, 3, 4], [1, 2, 3.5, 4]]\n", "four whole numbers"),
        ("c: [[1, 2, 3, 4], [1, 2, [3], 4]]\n", "four whole numbers"),
        ("c: [[1, 2, 3, 4], [30, 2, 11, 4]]\n", r"leaves the image of 40×32 pixels"),
        ("c: [[1, 2, 0, 4], [1, 2, 3, 4]]\n", "is empty or leaves"),
        ("c: [[1, -2, 5, 4], [1, 2, 3, 4]]\n", "is empty or leaves"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(run, tmp_path, text, said):
    path = written(tmp_path, text)
    with pytest.raises(FusionBenchError, match=said) as raised:
        grids.write_grids(Results.read(run), path)
    assert str(path) in str(raised.value)
    assert not (run.root / "figures").exists()


def test_a_file_that_is_not_there(run, tmp_path):
    with pytest.raises(FusionBenchError, match="cannot be read"):
        read_boxes(tmp_path / "none.yaml", run.manifest)


def test_the_grid_shows_the_pairs_and_boxes_of_the_file(run, tmp_path, monkeypatch):
    scenes = []
    draw = grids.draw_grid
    monkeypatch.setattr(grids, "draw_grid", lambda views: scenes.append(views) or draw(views))
    grids.write_grids(Results.read(run), written(tmp_path, f"MSRS:\n  b: {GOOD}\n"))
    assert [(view.pair, view.boxes) for view in scenes[0]] == [("b", TWO)]
    assert len(scenes[1]) == 3


@pytest.mark.parametrize("boxes", [TWO, (Box(0, 0, 4, 30), Box(0, 0, 2, 30))])
def test_crops_keep_their_shape_and_share_a_height(boxes):
    crops = SceneView("a", [], boxes, 0.75).crops(2.0)
    for (_, wide, tall), box in zip(crops, boxes, strict=True):
        assert wide / tall == pytest.approx(box.width / box.height)
        assert tall == crops[0][2] <= 2.0
    assert crops[0][0] >= -1e-9
    assert crops[1][0] + crops[1][1] <= 2.0 + 1e-9
    assert crops[1][0] > crops[0][0] + crops[0][1]


def test_a_crop_is_what_the_box_holds():
    image = np.arange(30, dtype=np.uint8).reshape(5, 6)
    assert Box(2, 1, 3, 2).cut(image).tolist() == [[8, 9, 10], [14, 15, 16]]
