"""Box plots and qualitative grids."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from matplotlib.cbook import boxplot_stats

from fusionbench.images import read_image, write_png
from fusionbench.report.figures import box_plots, grids
from fusionbench.report.figures.box_plots import write_boxes
from fusionbench.report.figures.grid_drawing import Box
from fusionbench.report.figures.grids import choose_boxes, choose_pairs, write_grids
from fusionbench.report.figures.style import file_name, fitted, text_width
from fusionbench.results import Results, scores_frame


def variance(path):
    return float(np.var(read_image(path)))


def test_a_box_plot_for_every_column_that_has_values(two_by_two):
    run = two_by_two()
    written = write_boxes(Results.read(run))
    assert sorted(p.name for p in written) == [
        "box_EN@matlab.pdf",
        "box_EN@matlab.png",
        "box_EN@standard.pdf",
        "box_EN@standard.png",
        "box_Nabf@standard.pdf",
        "box_Nabf@standard.png",
    ]
    for path in written:
        if path.suffix == ".png":
            assert variance(path) > 100
        else:
            assert path.read_bytes().startswith(b"%PDF")
            assert b"CreationDate" not in path.read_bytes()


def test_box_plots_survive_undefined_infinite_and_failed(builder):
    builder.dataset("D", ["a", "b"])
    builder.column("PSNR@standard")
    builder.column("VIF@standard")
    for name in ("x", "y", "z"):
        builder.method(name, label=f"${name}_1$ & more")
    builder.scores("D", "x", {p: {"PSNR@standard": "inf", "VIF@standard": "nan"} for p in "ab"})
    builder.scores("D", "y", {"a": {"PSNR@standard": 60.0}, "b": {"PSNR@standard": "-inf"}})
    builder.failure("D", "z", "a", "RuntimeError: no")
    run = builder.write()
    written = write_boxes(Results.read(run))
    assert [p.name for p in written] == ["box_PSNR@standard.png", "box_PSNR@standard.pdf"]


def test_labels_of_many_methods_do_not_overlap(builder):
    builder.dataset("D", ["a", "b", "c"])
    builder.column("EN@standard")
    for i in range(40):
        builder.method(f"m{i}")
        values = {p: {"EN@standard": 5.0 + i / 40 + k} for k, p in enumerate("abc")}
        builder.scores("D", f"m{i}", values)
    run = builder.write()
    png = write_boxes(Results.read(run))[0]
    assert read_image(png).shape[0] > 40 * 0.16 * 300


def test_grid_exists_and_shows_something(two_by_two, builder):
    run = two_by_two()
    builder.images()
    written = write_grids(Results.read(run))
    assert [p.name for p in written] == [
        "grid_MSRS.png",
        "grid_MSRS.pdf",
        "grid_T_NO.png",
        "grid_T_NO.pdf",
    ]
    assert variance(written[0]) > 100


def test_grid_wraps_many_methods_and_keeps_its_width(builder):
    builder.dataset("D", ["a", "b"])
    builder.column("EN@standard")
    for i in range(24):
        builder.method(f"m{i}", label=f"A rather long method name {i}")
    run = builder.write()
    builder.images(size=(12, 16))
    png = write_grids(Results.read(run))[0]
    height, width = read_image(png).shape[:2]
    assert width < 13 * 300
    assert height > 2 * 3 * 1.1 * 300


def test_grid_with_sizes_that_differ_and_images_that_lack(two_by_two, builder, monkeypatch):
    run = two_by_two()
    builder.images(skip=("deep/x", "deep/y", "deep/z", "average/x"))
    pair = run.manifest.datasets[1].pairs[0]
    for path in (pair.ir, pair.vis, run.root / "fused/T_NO/gtf/x.png"):
        write_png(Path(path), np.random.default_rng(1).integers(0, 256, (90, 40), np.uint8))
    write_png(run.root / "fused/T_NO/gtf/y.png", np.zeros((5, 5), np.uint8))
    (run.root / "fused/T_NO/gtf/z.png").write_bytes(b"no image")
    scenes = []

    draw = grids.draw_grid
    monkeypatch.setattr(grids, "draw_grid", lambda views: scenes.append(views) or draw(views))
    assert len(write_grids(Results.read(run))) == 4
    reasons = {v.pair: [p.reason for p in v.panels if p.image is None] for v in scenes[1]}
    assert reasons == {
        "x": ["no image", "no image"],
        "y": ["no image", "5×5"],
        "z": ["no image", "unreadable"],
    }
    failed = {v.pair: [p.reason for p in v.panels if p.image is None] for v in scenes[0]}
    assert failed == {"a": [], "b": ["failed"]}
    assert [v.aspect for v in scenes[1]] == [90 / 40, 48 / 64, 48 / 64]


def test_grid_is_left_out_with_a_warning_where_sources_are_gone(two_by_two, builder, caplog):
    run = two_by_two()
    builder.images()
    for pair in run.manifest.datasets[0].pairs:
        Path(pair.ir).unlink()
    with caplog.at_level(logging.WARNING):
        written = write_grids(Results.read(run))
    assert [p.name for p in written] == ["grid_T_NO.png", "grid_T_NO.pdf"]
    assert "no image grid for MSRS" in caplog.text


def test_no_grid_without_fused_images(two_by_two):
    run = two_by_two()
    assert write_grids(Results.read(run)) == []


def test_pairs_are_chosen_where_scores_differ_most(builder):
    builder.dataset("D", list("abcde"))
    columns = [builder.column("EN@standard"), builder.column("SD@standard")]
    spread = {"a": 0.0, "b": 3.0, "c": 1.0, "d": 2.0, "e": 0.5}
    for name, sign in (("x", 1), ("y", -1)):
        builder.method(name)
        values = {p: {"EN@standard": sign * s, "SD@standard": 50.0} for p, s in spread.items()}
        builder.scores("D", name, values)
    scores = scores_frame(Results.read(builder.write()).every, columns)
    everywhere = dict.fromkeys("abcde", 2)
    assert choose_pairs(scores, everywhere, 3) == ["b", "c", "d"]
    assert choose_pairs(scores, {**everywhere, "b": 1}, 2) == ["c", "d"]


def test_without_scores_the_first_pairs_are_chosen(builder):
    builder.dataset("D", list("abcde"))
    builder.method("x")
    scores = scores_frame(Results.read(builder.write()).every, [builder.column("EN@standard")])
    assert choose_pairs(scores, dict.fromkeys("abcde", 1), 3) == ["a", "b", "c"]


@pytest.mark.parametrize("offset", [0, 60])
def test_box_lies_where_fused_images_differ(offset):
    base = np.random.default_rng(3).integers(40, 90, (80, 120)).astype(np.uint8)
    one, two = base.copy(), base + np.uint8(offset)
    two[50:60, 80:100] = 250
    box, _ = choose_boxes([base, base], [one, two])
    assert (box.width, box.height) == (30, 19)
    assert box.x <= 80
    assert box.x + box.width >= 100
    assert box.y <= 50
    assert box.y + box.height >= 60


def test_the_second_box_lies_at_the_second_difference_apart_from_the_first():
    base = np.random.default_rng(3).integers(40, 90, (480, 640)).astype(np.uint8)
    one, two = base.copy(), base.copy()
    two[300:360, 400:520] = 250
    two[60:100, 80:150] = 250
    first, second = choose_boxes([base, base], [one, two])
    for box, (x, y) in ((first, (460, 330)), (second, (115, 80))):
        assert (box.width, box.height) == (160, 99)
        assert box.x <= x < box.x + box.width
        assert box.y <= y < box.y + box.height
        assert box.x + box.width <= 640
        assert box.y + box.height <= 480


def test_box_with_one_method_compares_with_the_sources():
    base = np.full((40, 40), 90, np.uint8)
    base[::2] += 10
    ir = base.copy()
    ir[4:8, 4:12] = 255
    box, _ = choose_boxes([ir, base], [base])
    assert box.x <= 4
    assert box.y <= 4


def test_box_of_tiny_and_flat_images_stays_inside():
    flat = np.full((2, 3, 3), 7, np.uint8)
    first, second = choose_boxes([flat, flat], [flat, flat])
    assert first == Box(0, 0, 1, 1)
    assert (second.width, second.height) == (1, 1)
    assert second.x < 3
    assert second.y < 2


def test_labels_are_broken_before_they_shrink_and_cut_last():
    wide = text_width("DenseFuse addition", 8)
    assert fitted("DenseFuse addition", wide + 0.01, 8) == ("DenseFuse addition", 8)
    assert fitted("DenseFuse addition", wide * 0.6, 8) == ("DenseFuse\naddition", 8)
    text, size = fitted("Unbreakablelabel" * 4, 0.8, 8)
    assert (text.count("…"), size) == (1, 5)
    assert text_width(text, size) <= 0.8


def test_file_names_hold_no_separator():
    assert file_name("box_Qab/f@a b") == "box_Qab_f@a_b"


def test_a_box_holds_the_middle_half_and_the_diamond_is_the_mean(builder, monkeypatch):
    values = np.random.default_rng(0).standard_t(2, 50)
    builder.dataset("D", [str(i) for i in range(50)])
    builder.column("EN@standard")
    builder.method("visible", "Visible", "source")
    builder.method("m")
    builder.scores("D", "m", {str(i): {"EN@standard": float(v)} for i, v in enumerate(values)})
    run = builder.write()
    figures = []
    monkeypatch.setattr(box_plots, "save", lambda figure, *_: figures.append(figure) or [])
    write_boxes(Results.read(run))
    (ax,) = figures[0].axes
    (expected,) = boxplot_stats(values)
    boxes, medians, means = ax.collections
    box, below, above = (np.array(line) for line in boxes.get_segments())
    ends = (box[:, 0].min(), box[:, 0].max())
    assert ends == pytest.approx((expected["q1"], expected["q3"]))
    assert box[:, 1].min() < 1 < box[:, 1].max()
    assert below[:, 0] == pytest.approx((expected["whislo"], expected["q1"]))
    assert above[:, 0] == pytest.approx((expected["q3"], expected["whishi"]))
    assert medians.get_segments()[0][:, 0] == pytest.approx(expected["med"])
    assert means.get_offsets().compressed() == pytest.approx([values.mean(), 1])
    beyond = [x for line in ax.lines if line.get_marker() == "o" for x in line.get_xdata()]
    assert sorted(beyond) == pytest.approx(sorted(expected["fliers"]))
    assert "0/50" in [text.get_text() for text in ax.texts]


def test_five_large_data_sets_in_one_figure(builder):
    builder.column("EN@standard")
    builder.method("m")
    generator = np.random.default_rng(5)
    for k in range(5):
        data = builder.dataset(f"D{k}", [str(i) for i in range(60)])
        values = {p.id: {"EN@standard": float(generator.normal(7))} for p in data.pairs}
        builder.scores(f"D{k}", "m", values)
    run = builder.write()
    png, _ = write_boxes(Results.read(run))
    assert variance(png) > 100
