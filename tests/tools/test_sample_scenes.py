"""The embedded sample scenes: deterministic, registered, and telling what fusion is for."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from sample_scenes import KINDS, Box, Scene, make_scene, write_scenes
from sample_scenes.canvas import IDENT, Canvas
from sample_scenes.scenes import _render

EIGHT = range(8)
NIGHTS = (1, 5)
SMOKES = (3, 7)
GLARES = (2, 6)


@cache
def rendered(index: int) -> tuple[Scene, Canvas]:
    return _render(index, 320, 240, 0)


def luma(scene: Scene) -> NDArray[np.float64]:
    return np.asarray(scene.vis @ np.array([0.299, 0.587, 0.114]), np.float64)


def silhouettes(index: int) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_], Box]]:
    """Each labelled person: its pixels, a ring of background around them, its box."""
    scene, canvas = rendered(index)
    people = [actor for actor in canvas.actors if actor.label == "person"]
    found = []
    anyone = sampled(canvas) >= 2
    for actor in people:
        mask = sampled(canvas) == actor.ident
        inner = cv2.erode(mask.astype(np.uint8), np.ones((2, 2), np.uint8)).astype(bool)
        wide = cv2.dilate(mask.astype(np.uint8), np.ones((13, 13), np.uint8)).astype(bool)
        near = cv2.dilate(anyone.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        for box in scene.boxes:
            x, y, w, h = actor.extent
            if abs(box.x * 1280 - x - w / 2) < 0.1 and abs(box.y * 960 - y - h / 2) < 0.1:
                found.append((inner, wide & ~near, box))
    return found


def sampled(canvas: Canvas) -> NDArray[np.uint8]:
    return canvas.aux[2::4, 2::4, IDENT]


def contrast(
    image: NDArray[np.float64], inside: NDArray[np.bool_], around: NDArray[np.bool_]
) -> float:
    return float(image[inside].mean() - image[around].mean())


@pytest.mark.parametrize("index", EIGHT)
def test_a_scene_is_an_8_bit_registered_pair_named_by_its_kind(index: int) -> None:
    scene, _ = rendered(index)
    assert scene.name == f"{index:02d}_{KINDS[index % 4]}"
    assert scene.ir.shape == (240, 320) and scene.ir.dtype == np.uint8
    assert scene.vis.shape == (240, 320, 3) and scene.vis.dtype == np.uint8
    assert scene.ir.std() > 15 and scene.vis.std() > 8
    assert (scene.ir != luma(scene).round()).mean() > 0.9


@pytest.mark.parametrize("index", (0, 1, 2, 3))
def test_the_same_arguments_give_the_same_bytes(index: int) -> None:
    first, again = rendered(index)[0], make_scene(index)
    assert np.array_equal(first.ir, again.ir)
    assert np.array_equal(first.vis, again.vis)
    assert first.boxes == again.boxes


def test_global_random_state_plays_no_part() -> None:
    first, _ = rendered(1)
    np.random.seed(3)  # noqa: NPY002
    expected = np.random.RandomState(3).random()
    assert np.array_equal(first.vis, make_scene(1).vis)
    assert np.random.random() == expected  # noqa: NPY002


def test_another_seed_and_a_later_index_give_other_pictures() -> None:
    first, _ = rendered(0)
    for other in (make_scene(0, seed=1), make_scene(8)):
        assert (first.ir != other.ir).mean() > 0.5
        assert (first.vis != other.vis).any(axis=2).mean() > 0.5
        assert first.boxes != other.boxes


@pytest.mark.parametrize("index", EIGHT)
def test_boxes_lie_in_the_image_and_are_tight(index: int) -> None:
    scene, _ = rendered(index)
    assert len(scene.boxes) >= 3
    assert any(box.label == "person" for box in scene.boxes)
    for box in scene.boxes:
        assert box.w > 0 and box.h >= 6 / 240
        assert box.x - box.w / 2 >= 0 and box.x + box.w / 2 <= 1
        assert box.y - box.h / 2 >= 0 and box.y + box.h / 2 <= 1
    for inner, _, box in silhouettes(index):
        rows, cols = np.nonzero(inner)
        assert rows.min() >= (box.y - box.h / 2) * 240 - 1
        assert rows.max() <= (box.y + box.h / 2) * 240 + 1
        assert cols.min() >= (box.x - box.w / 2) * 320 - 1
        assert cols.max() <= (box.x + box.w / 2) * 320 + 1
    assert len(silhouettes(index)) == sum(box.label == "person" for box in scene.boxes)


@pytest.mark.parametrize("index", EIGHT)
def test_every_labelled_person_is_warmer_than_its_surroundings(index: int) -> None:
    heat = rendered(index)[0].ir.astype(np.float64)
    for inside, around, box in silhouettes(index):
        assert contrast(heat, inside, around) > 35, box


@pytest.mark.parametrize("index", NIGHTS + GLARES + SMOKES)
def test_someone_is_seen_in_infrared_alone(index: int) -> None:
    scene, _ = rendered(index)
    heat, light = scene.ir.astype(np.float64), luma(scene)
    hidden = [
        box
        for inside, around, box in silhouettes(index)
        if contrast(heat, inside, around) > 50 and abs(contrast(light, inside, around)) < 15
    ]
    assert hidden


@pytest.mark.parametrize("index", (0, 4))
def test_by_day_people_stand_out_in_the_visible_image(index: int) -> None:
    light = luma(rendered(index)[0])
    seen = [abs(contrast(light, inside, around)) for inside, around, _ in silhouettes(index)]
    assert np.median(seen) > 15


@pytest.mark.parametrize("index", EIGHT)
def test_the_text_on_the_sign_is_in_the_visible_image_alone(index: int) -> None:
    scene, canvas = rendered(index)
    x0, y0, x1, y1 = canvas.marks["sign"]
    rows, cols = slice(round(y0 * 240), round(y1 * 240)), slice(round(x0 * 320), round(x1 * 320))
    assert 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1
    text, plate = luma(scene)[rows, cols], scene.ir[rows, cols]
    assert np.ptp(np.percentile(text, [10, 95])) > 50
    assert plate.std() < 6
    letters = text > (text.min() + text.max()) / 2
    assert abs(plate[letters].mean() - plate[~letters].mean()) < 2


@pytest.mark.parametrize("index", GLARES)
def test_glare_saturates_the_visible_camera_alone(index: int) -> None:
    scene, _ = rendered(index)
    blinded = luma(scene) > 245
    assert blinded.mean() > 0.005
    assert scene.ir[blinded].mean() < 200


def test_nights_are_darker_and_noisier_than_days() -> None:
    day, night = luma(rendered(0)[0]), luma(rendered(5)[0])
    assert night.mean() < 0.5 * day.mean()

    def grain(image: NDArray[np.float64]) -> float:
        fine = image - cv2.GaussianBlur(image, (0, 0), 1.5)
        return float(np.median(np.abs(fine)) / (np.median(image) + 1))

    assert grain(night) > 2 * grain(day)


def test_infrared_is_softer_than_visible_by_day() -> None:
    scene, _ = rendered(0)

    def sharpness(image: NDArray[np.float64]) -> float:
        step = np.abs(np.diff(image, axis=1))
        return float(np.percentile(step, 99.5) / np.ptp(np.percentile(image, [1, 99])))

    assert sharpness(scene.ir.astype(np.float64)) < sharpness(luma(scene))


@pytest.mark.parametrize(("width", "height"), [(64, 48), (161, 127), (640, 480), (512, 640)])
def test_other_sizes_show_the_same_scene(width: int, height: int) -> None:
    scene = make_scene(0, width=width, height=height)
    assert scene.ir.shape == (height, width) and scene.vis.shape == (height, width, 3)
    assert scene.ir.std() > 10
    for box in scene.boxes:
        assert box.h * height >= 6
    if width / height == pytest.approx(4 / 3, abs=0.01) and width > 320:
        small = cv2.resize(scene.ir, (320, 240), interpolation=cv2.INTER_AREA).astype(float)
        assert np.corrcoef(small.ravel(), rendered(0)[0].ir.ravel())[0, 1] > 0.97
        tall = max(box.h for box in scene.boxes if box.label == "person")
        base = max(box.h for box in rendered(0)[0].boxes if box.label == "person")
        assert tall == pytest.approx(base, abs=0.01)


@pytest.mark.parametrize(
    "wrong", [{"index": -1}, {"index": 0, "seed": -1}, {"index": 0, "width": 8}]
)
def test_arguments_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="got index"):
        make_scene(**wrong)


def test_written_files_read_back_as_the_scenes(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "sample"
    write_scenes(root, count=3)
    assert sorted(p.name for p in (root / "ir").iterdir()) == [
        "00_day.png",
        "01_night.png",
        "02_glare.png",
    ]
    assert [p.name for p in root.parent.iterdir()] == ["sample"]
    for index in range(3):
        scene, _ = rendered(index)
        ir = cv2.imread(str(root / "ir" / f"{scene.name}.png"), cv2.IMREAD_UNCHANGED)
        vis = cv2.imread(str(root / "vi" / f"{scene.name}.png"), cv2.IMREAD_UNCHANGED)
        assert ir is not None and vis is not None
        assert np.array_equal(ir, scene.ir)
        assert np.array_equal(vis[..., ::-1], scene.vis)
        rows = np.loadtxt(root / "labels" / f"{scene.name}.txt", ndmin=2)
        expected = [[("person", "car").index(b.label), b.x, b.y, b.w, b.h] for b in scene.boxes]
        np.testing.assert_allclose(rows, expected, atol=1e-6)


def test_writing_never_touches_a_folder_that_holds_something(tmp_path: Path) -> None:
    kept = tmp_path / "sample" / "mine.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    with pytest.raises(FileExistsError, match="exists already"):
        write_scenes(kept.parent, count=1)
    assert kept.read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["sample"]


def test_a_failure_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = make_scene

    def fails_at_two(index: int, **options: int) -> Scene:
        if index == 1:
            raise OSError("disk full")
        return real(index, **options)

    monkeypatch.setattr("sample_scenes.scenes.make_scene", fails_at_two)
    with pytest.raises(OSError, match="disk full"):
        write_scenes(tmp_path / "sample", count=2, width=64, height=48)
    assert list(tmp_path.iterdir()) == []


def test_the_command_makes_the_scenes_that_ship(tmp_path: Path) -> None:
    """Equal pixels everywhere; equal bytes where the PNGs are encoded by the pinned OpenCV."""
    root = Path(__file__).resolve().parents[2]
    shipped, made = root / "configs" / "sample", tmp_path / "made"
    write_scenes(made)
    files = sorted(path.relative_to(made) for path in made.rglob("*") if path.is_file())
    assert files == sorted(p.relative_to(shipped) for p in shipped.rglob("*") if p.is_file())
    pinned = f"opencv-python=={cv2.__version__}" in (root / "constraints.txt").read_text()
    for file in files:
        if file.suffix == ".png":
            ours, theirs = (
                cv2.imread(str(f / file), cv2.IMREAD_UNCHANGED) for f in (made, shipped)
            )
            assert np.array_equal(ours, theirs)
        if file.suffix != ".png" or pinned:
            assert (made / file).read_bytes() == (shipped / file).read_bytes()
    assert sum(path.stat().st_size for path in shipped.rglob("*.png")) < 2_000_000


def test_masks_agree_with_the_boxes() -> None:
    for index in EIGHT:
        scene, _ = rendered(index)
        assert set(np.unique(scene.mask)) <= {0, 1, 2}
        rows, cols = scene.mask.shape
        for box in scene.boxes:
            x, y, w, h = box.x * cols, box.y * rows, box.w * cols, box.h * rows
            top, bottom, left, right = y - h / 2, y + h / 2, x - w / 2, x + w / 2
            inside = scene.mask[round(top) : round(bottom), round(left) : round(right)]
            share = (inside == 1 + ("person", "car").index(box.label)).mean()
            assert share > 0.1
