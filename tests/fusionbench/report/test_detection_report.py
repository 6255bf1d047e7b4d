"""Tables and figures of detection, from a run whose boxes were written by hand."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess

import numpy as np
import pytest

from fusionbench.boxes import Truths
from fusionbench.checks import FindingRecord
from fusionbench.detection.results import collect_detection, lost_lines
from fusionbench.detection.stored import (
    DetectionRecord,
    DetectorRecord,
    LabelsRecord,
    ThresholdsRecord,
    detection_rows,
    write_labels,
    write_record,
)
from fusionbench.labels import LabelSet
from fusionbench.latex_check import check_latex
from fusionbench.manifest import WeightsRecord
from fusionbench.report import detection
from fusionbench.report.detection import difference_text
from fusionbench.report.figures.detection_curves import predictors
from fusionbench.report.figures.detection_scenes import BoxPanel, choose_scenes, view_of
from fusionbench.results import Results
from fusionbench.runs import Run
from fusionbench.tables.style import TableStyle

PAIRS = [f"p{i}" for i in range(6)]
BOXES = [[4.0, 4.0, 20.0, 30.0], [30.0, 6.0, 60.0, 40.0]]
METHODS = {"good": 1.0, "fair": 0.5, "poor": 0.0}
CLASSES = ["person", "car"]


def write_detection(run, *, figures=True):
    return detection.write_detection(Results.read(run), figures=figures)


def lay_out(run, board):
    (table,) = detection.detection_tables(Results.read(run), [board])
    return table


def label_set() -> LabelSet:
    truths = {
        pair: Truths(np.array(BOXES), np.array([0, 1]), np.zeros(2, np.bool_)) for pair in PAIRS
    }
    return LabelSet(
        "by hand", ("person", "car", "unicorn"), {}, truths, dict.fromkeys(PAIRS, (64, 48)), (),
        (), "", "", "labels0123456789",
    )  # fmt: skip


def record(labels: LabelSet, **changes) -> DetectionRecord:
    facts = {
        "command": "fusionbench detect",
        "configuration": {},
        "versions": {"fusionbench": "9.8.7"},
        "hardware": {},
        "dataset": "MSRS",
        "protocol": "frozen",
        "detector": DetectorRecord(
            name="eye",
            label="Eye_1 (8-bit copy)",
            licence="MIT",
            weights=WeightsRecord(
                origin="authors", file="eye.pt", sha256="4" * 64, note="an 8-bit copy of the real"
            ),
            classes=CLASSES,
            thresholds=ThresholdsRecord(score=0.001, overlap=1, most=3000),
            fingerprint="eye",
        ),
        "labels": LabelsRecord(
            name=labels.name,
            fingerprint=labels.fingerprint,
            classes=list(labels.classes),
            images=6,
            objects={"person": 6, "car": 6, "unicorn": 0},
        ),
        "thresholds": ThresholdsRecord(score=0.001, overlap=0.7, most=300),
        "resamples": 50,
        "seed": 0,
    }
    return DetectionRecord(**(facts | changes))


@pytest.fixture
def detected(builder):
    """Three methods that find all, half and none of the objects; infrared none, visible half."""
    builder.dataset("MSRS", PAIRS)
    for method in METHODS:
        builder.method(method, "Average" if method == "fair" else f"{method.title()}_& co")
    for name in ("EN@standard", "Nabf@standard"):
        builder.column(name, "lower" if "Nabf" in name else "higher")
    run = builder.write()
    builder.images()
    labels = label_set()
    write_labels(run, "MSRS", labels)
    made = record(labels)
    write_record(run, made)
    for name, share in {**METHODS, "ir": 0.0, "visible": 0.5}.items():
        path = detection_rows(run, made, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        found = [i < share * len(PAIRS) for i in range(len(PAIRS))]
        path.write_text(
            "".join(json.dumps(row(p, f)) + "\n" for p, f in zip(PAIRS, found, strict=True))
        )
    for name, share in METHODS.items():
        values = {p: {"EN@standard": 5 + share, "Nabf@standard": 1 + share} for p in PAIRS}
        builder.scores("MSRS", name, values)
    return run


def row(pair: str, found: bool) -> dict:
    boxes = BOXES if found else [[40.0, 1.0, 44.0, 3.0]]
    classes = [0, 1] if found else [0]
    return {
        "pair": pair, "hash": "h", "image": "i", "boxes": boxes, "scores": [0.9] * len(boxes),
        "classes": classes, "seconds": 0.1,
    }  # fmt: skip


def rows_of(run) -> list[dict[str, str]]:
    with (run.root / "detection.csv").open() as stream:
        return list(csv.DictReader(stream))


def test_a_run_without_detection_gets_nothing(builder) -> None:
    builder.dataset("MSRS", ["a"])
    run = builder.write()
    assert write_detection(run) == [] and not (run.root / "detection.csv").exists()


def test_csv_holds_known_values(detected) -> None:
    write_detection(detected, figures=False)
    rows = {(r["method"], r["class"]): r for r in rows_of(detected)}
    assert [r["method"] for r in rows_of(detected)][::4] == ["ir", "visible", *METHODS]
    assert float(rows["good", "all"]["AP50"]) == float(rows["good", "all"]["AP50-95"]) == 1
    assert float(rows["poor", "all"]["AP50"]) == 0
    # cars: three of six found, nothing false: precision 1 up to recall 0.5, 51 of 101 places
    assert float(rows["fair", "car"]["AP50"]) == pytest.approx(51 / 101, abs=1e-6)
    assert rows["fair", "unicorn"]["AP50"] == "" and rows["fair", "unicorn"]["objects"] == "0"
    assert float(rows["fair", "all"]["AP50-95-visible"]) == 0
    low, high = (float(rows["good", "all"][f"AP50-95-ir:{end}"]) for end in ("low", "high"))
    assert low == high == 1
    assert rows["good", "all"]["labels"] == "by hand"
    assert rows["good", "all"]["detector"] == "eye-1-8-bit-copy"


def test_table_ranks_all_rows_and_keeps_the_sources_first(detected) -> None:
    (board,) = collect_detection(detected)
    table = lay_out(detected, board)
    assert [line.label.text for line in table.lines][:2] == ["Infrared", "Visible"]
    assert [len(block.lines) for block in table.blocks] == [2, 3]
    assert [h.text for h in table.headers] == [
        "person AP50", "car AP50", "mAP50", "mAP50-95", "Δ Visible", "Δ Infrared"
    ]  # fmt: skip
    best = [line.cells[3].rank for line in table.lines]
    assert best == ["", "second", "best", "second", ""]  # visible and fair are tied
    good = table.lines[2]
    assert good.cells[5].text == "+1.000 [+1.000, +1.000]"  # six images are no evidence
    assert table.lines[1].cells[4].text == ""


def test_own_tables_pass_latex_check(detected) -> None:
    write_detection(detected, figures=False)
    for name in ("detection.tex", "detection_standalone.tex"):
        checked = check_latex(detected.root / name)
        assert checked.wrong == []
        assert checked.numbers == 20


def test_markdown_speaks_of_no_colour(detected) -> None:
    style = TableStyle(marks="red-blue")
    detection.write_detection(Results.read(detected), figures=False, style=style)
    assert "best in red" in (detected.root / "detection.tex").read_text()
    text = (detected.root / "detection.md").read_text()
    assert "in red" not in text and "in bold" in text


def test_difference_text() -> None:
    from fusionbench.detection.evaluating import Interval

    assert difference_text(Interval(-0.02, -0.05, 0.01), 20) == "−0.020 [−0.050, +0.010]"
    assert difference_text(Interval(-0.02, -0.05, -0.001), 20) == "−0.020* [−0.050, −0.001]"
    assert difference_text(Interval(-0.02, -0.05, -0.001), 19) == "−0.020 [−0.050, −0.001]"
    assert difference_text(Interval(-0.02, -0.02, -0.02), 1) == "−0.020"
    assert difference_text(None, 20) == ""


def test_captions_say_what_must_be_known(detected) -> None:
    write_detection(detected, figures=False)
    text = " ".join((detected.root / "detection.md").read_text().split())
    for said in (
        "frozen", "labels by hand", "6 labelled images (few", "6 person, 6 car, 0 unicorn",
        "Eye\\_1 (8-bit copy)", "an 8-bit copy of the real", "444444444444",
        "Scores below 0.001", "overlap of 0.7", "300 boxes", "50 draws, seed 0",
        "fusionbench 9.8.7",
    ):  # fmt: skip
        assert said in text, said


def test_protocols_and_thresholds_are_never_in_one_table(detected) -> None:
    labels = label_set()
    other = record(labels, protocol="finetuned")
    write_record(detected, other)
    write_record(detected, record(labels, seed=3))  # replaces the frozen one
    boards = collect_detection(detected)
    assert [b.record.protocol for b in boards] == ["frozen", "finetuned"]
    assert boards[0].record.seed == 3
    assert all(result.evaluation is None for result in boards[1].results)
    write_detection(detected, figures=False)
    assert (detected.root / "detection.tex").read_text().count(r"\begin{table*}") == 2


def test_a_lost_row_is_a_dash_with_its_reason(detected) -> None:
    (board,) = collect_detection(detected)
    rows = detection_rows(detected, board.record, "good")
    with rows.open("a") as stream:
        broken = {"pair": "p3", "hash": "", "image": "", "error": "OOM: 50% & more"}
        stream.write(json.dumps(broken) + "\n")
    (board,) = collect_detection(detected)
    assert len(lost_lines(board)) == 1 and "OOM" in lost_lines(board)[0]
    table = lay_out(detected, board)
    assert {cell.text for cell in table.lines[2].cells} == {""}
    assert table.notes == (("a", "No result on 1 of 6 images: OOM: 50% & more"),)
    write_detection(detected, figures=False)
    assert r"50\% \& more" in (detected.root / "detection.tex").read_text()


def test_images_that_a_check_refused_have_no_number_here_either(detected) -> None:
    facts = {"check": "levels-0-1", "outcome": "refuse", "count": 6, "of": 6, "examples": ["p0"]}
    pairs = {"check": "few-levels-source", "outcome": "warn", "count": 1, "examples": ["p1"]}
    detected.manifest.findings += [
        FindingRecord(dataset="MSRS", method="good", **facts),
        FindingRecord(dataset="MSRS", **pairs),
    ]
    detected.manifest.rewrite(detected.root)
    (board,) = collect_detection(Run(detected.root))
    results = {result.contestant.name: result for result in board.results}
    assert results["good"].evaluation is None and results["fair"].evaluation is not None
    write_detection(Run(detected.root), figures=False)
    text = (detected.root / "detection.md").read_text()
    assert "(check levels-0-1, refused)" in text and "(check few-levels-source)" in text


def test_images_fused_again_since_are_not_reported(detected, builder) -> None:
    path = detected.root / "fused" / "MSRS" / "good.jsonl"
    rows = [{"pair": p, "hash": "h", "sha256": "i" if p != "p2" else "new"} for p in PAIRS]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    (board,) = collect_detection(detected)
    lost = {r.contestant.name: r.lost for r in board.results}
    assert list(lost["good"]) == ["p2"] and "fused again" in lost["good"]["p2"]
    assert lost["fair"] == {}


def test_a_metric_s_rank_correlation(detected) -> None:
    (board,) = collect_detection(detected)
    found = predictors(board, Results.read(detected))
    # EN rises with what is found; Nabf does too, but lower is better
    assert [round(p.rho, 9) for p in found] == [1.0, -1.0]
    assert set(found[0].points) == set(METHODS)
    assert found[0].points["fair"][0] == 5.5


def test_scenes_are_those_that_methods_disagree_on(detected) -> None:
    (board,) = collect_detection(detected)
    # p0..p2: good and fair find all, poor nothing; p3..p5: good finds all, the others nothing:
    # as many pairs of methods differ in both
    assert len(choose_scenes(board)) == 2
    rows = detection_rows(detected, board.record, "fair")
    with rows.open("a") as stream:
        false = row("p4", False)
        false |= {"boxes": [[0, 0, 3, 3]] * 5, "scores": [0.5] * 5, "classes": [1] * 5}
        false["boxes"] = [[5 * i, 0, 5 * i + 3, 3] for i in range(5)]
        stream.write(json.dumps(false) + "\n")
    (board,) = collect_detection(detected)
    assert "p4" in choose_scenes(board)


def test_the_view_holds_every_box() -> None:
    boxes = {
        "true": np.array([[100.0, 90, 140, 130]]),
        "missed": np.array([[300.0, 100, 320, 140]]),
    }
    left, top, right, bottom = view_of([BoxPanel("", None, boxes)], (640, 480))
    assert left <= 100 and right >= 320 and top <= 90 and bottom >= 140
    assert (right - left) / (bottom - top) == pytest.approx(640 / 480)
    assert view_of([BoxPanel("", None, {})], (640, 480)) == (0, 0, 640, 480)
    outside = {"false": np.array([[-50.0, -50, 700, 500]])}
    assert view_of([BoxPanel("", None, outside)], (640, 480)) == (0, 0, 640, 480)


def test_the_whole_report_comes_back_byte_for_byte(detected) -> None:
    written = write_detection(detected)
    assert all(path.is_file() for path in written)
    kinds = {p.name.split("_")[1] for p in written if p.parent.name == "figures"}
    assert kinds == {"curves", "grid", "metrics"}
    before = {path: path.read_bytes() for path in written if path.suffix != ".pdf"}
    for path in written:
        path.unlink()
    write_detection(detected)
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(detected, tmp_path) -> None:
    write_detection(detected, figures=False)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "detection_standalone.tex"],
        cwd=detected.root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
