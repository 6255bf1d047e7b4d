"""Boxes and profiles: read from a run that has them, and shown."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.boxes import Truths
from fusionbench.checks import FindingRecord
from fusionbench.choosing import Choice
from fusionbench.detection.stored import (
    DetectionRecord,
    DetectorRecord,
    LabelsRecord,
    ThresholdsRecord,
    detection_rows,
    write_labels,
    write_record,
)
from fusionbench.errors import FusionBenchError
from fusionbench.labels import LabelSet
from fusionbench.manifest import WeightsRecord
from fusionbench.profiling.records import (
    Measurement,
    Memory,
    MethodProfile,
    ProfileManifest,
    ScopeTimes,
    Size,
    Stats,
    Verdict,
)
from fusionbench.profiling.records import write_record as write_profile
from fusionbench.report.detection import write_detection
from fusionbench.report.page.data import Parts, page_data
from fusionbench.report.page.page import write_html
from fusionbench.report.page.previews import Preview
from fusionbench.report.profile import write_profile as write_profile_files
from fusionbench.results import Results
from fusionbench.runs import Run
from fusionbench.tables.style import TableStyle

INVOCATION: dict[str, Any] = {"configuration": {}, "versions": {}, "hardware": {}}
DETECT = INVOCATION | {"command": "fusionbench detect", "started": "2026-01-03T00:00:00+00:00"}
PROFILE = INVOCATION | {"command": "fusionbench profile", "started": "2026-01-04T00:00:00+00:00"}


def _detection(run: Run) -> None:
    weights = WeightsRecord(origin="package", file="tiny.pt", sha256="0" * 64, note="")
    detector = DetectorRecord(
        name="tiny",
        label="Tiny",
        licence="",
        weights=weights,
        classes=["person", "car"],
        thresholds=ThresholdsRecord(score=0.001, overlap=1.0, most=3000),
        fingerprint="d",
    )
    record = DetectionRecord(
        **DETECT,
        dataset="Street",
        protocol="frozen",
        detector=detector,
        labels=LabelsRecord(
            name="own", fingerprint="l", classes=["Person"], images=1, objects={"Person": 1}
        ),
        thresholds=ThresholdsRecord(score=0.001, overlap=0.7, most=300),
        resamples=20,
        seed=0,
        findings=[FindingRecord(check="box-repeated", outcome="warn", count=3, examples=["a.txt"])],
    )
    write_record(run, record)
    truths = Truths(
        np.array([[1.0, 2, 11, 22], [30, 2, 40, 22]]), np.array([0, 0]), np.array([False, True])
    )
    labels = LabelSet(
        "own", ("Person",), {}, {"a 1": truths}, {"a 1": (64, 48)}, (), (), "", "", "l"
    )
    write_labels(run, "Street", labels)
    row = {
        "pair": "a 1",
        "hash": "h",
        "image": "i",
        "boxes": [[1, 2, 11, 22], [1, 2, 11, 23], [40, 10, 60, 30], [0, 0, 5, 5]],
        "scores": [0.9, 0.8, 0.4, 0.05],
        "classes": [0, 0, 1, 0],
    }
    for name, boxes in (("deep", row), ("ir", row | {"boxes": [], "scores": [], "classes": []})):
        path = detection_rows(run, record, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(boxes) + "\n")


def _profile(run: Run) -> None:
    folder = run.root / "profile"
    records = [m for m in run.manifest.methods if m.name in ("plain", "deep", "evil")]
    manifest = ProfileManifest(**PROFILE, seed=0, order=[], settings={}, methods=records)
    write_profile(folder / "manifest.json", manifest)
    for record, milliseconds in zip(records, (1.0, 40.0, 90.0), strict=True):
        stats = Stats(n=9, median=milliseconds, iqr=0.1, p90=milliseconds, min=milliseconds)
        times = ScopeTimes(
            wall_ms=stats,
            device_ms=None,
            wall_samples_ms=[milliseconds],
            device_samples_ms=None,
            warmup_calls=1,
            warmup_s=1.0,
        )
        row = Measurement(
            variant="fp32",
            size=Size(width=640, height=480),
            images="noise",
            hash="h",
            position=0,
            device_kind="cpu",
            device_name="Abacus",
            threads=1,
            scopes={"method": times},
            memory=Memory(rss_growth=3 * 2**20, how=""),
            parameters=1500,
            flops={"macs": 2_000_000_000},
            verdict=Verdict(light="amber", reasons=["another process ran"]),
        )
        mine = MethodProfile(
            method=record.name,
            label=record.label,
            family=record.family,
            versions={},
            seed=0,
            rows=[row],
        )
        write_profile(folder / f"{record.name}.json", mine)


@pytest.fixture(scope="module")
def rich_run(report_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("rich") / "run"
    shutil.copytree(report_run.root, root)
    run = Run(root)
    _detection(run)
    _profile(run)
    write_html(Results.read(run))
    return run


def data_of(run: Run) -> Any:
    results = Results.read(run)
    empty = [[Preview() for _ in data.pairs] for data in run.manifest.datasets]
    return page_data(results, empty, Parts.read(results))


def test_boxes_after_suppression_and_above_the_floor(rich_run: Run) -> None:
    (found,) = data_of(rich_run)["detection"]
    assert found["found"][3] == {
        "0": [[1, 2, 11, 22, 0, 0.9], [40, 10, 60, 30, 1, 0.4]],
    }
    assert found["truths"] == {"0": [[1, 2, 11, 22, 0]]}
    assert (found["dataset"], found["floor"]) == (0, 0.1)


def test_average_precision_is_in_the_page(rich_run: Run) -> None:
    write_detection(Results.read(rich_run), figures=False)
    (found,) = data_of(rich_run)["detection"]
    heads = [head for head, *_ in found["table"]["headers"]]
    assert heads == ["Person AP50", "mAP50", "mAP50-95", "Δ Visible", "Δ Infrared"]
    lines = [line for block in found["table"]["blocks"] for line in block["lines"]]
    rows = {line[0][0]: [cell[0] or "–" for cell in line[1:]] for line in lines}
    page = (rich_run.root / "detection.md").read_text()
    assert rows["Deep"][:3] == ["1.000"] * 3
    for label in ("Deep", "Lost", "Visible"):
        (line,) = [x for x in page.splitlines() if x.startswith(f"| {label}")]
        written = re.sub(r"<sup>.*?</sup>|[*]{2}|</?ins>|\\", "", line).split(" | ")[1:]
        assert [text.strip(" |") for text in written] == rows[label]


def test_cost_is_the_table_of_the_profile(rich_run: Run, report_run: Run) -> None:
    write_profile_files(rich_run.root, Results.read(rich_run), figures=False)
    (table,) = data_of(rich_run)["cost"]
    text = (rich_run.root / "profile.md").read_text()
    assert f"## {table['heading']}" in text
    for line in table["blocks"][0]["lines"][:2]:
        cells = [
            f"{text}<sup>{marks}</sup>" if marks else text or "–" for text, _, marks, *_ in line
        ]
        assert f"| {' | '.join(cells)} |" in text
    assert [line[0][0] for line in table["blocks"][0]["lines"]] == [
        m.label for m in rich_run.manifest.methods if m.name in ("plain", "deep", "evil")
    ]
    assert data_of(report_run)["cost"] == data_of(report_run)["detection"] == []


def test_every_command_is_named_once(rich_run: Run) -> None:
    commands = data_of(rich_run)["about"]["commands"]
    assert [one["command"] for one in commands] == [
        "fusionbench run --methods all",
        "fusionbench detect",
        "fusionbench profile",
    ]


def test_what_checks_found_in_labels_is_said(rich_run: Run, report_run: Run) -> None:
    before, now = (data_of(run)["about"]["findings"] for run in (report_run, rich_run))
    (said,) = set(now) - set(before)
    assert said.startswith("box-repeated (3)") and "counted once" in said


@pytest.mark.parametrize("damaged", ["profile/deep.json", "detection/manifest.json"])
def test_damaged_parts_are_an_error(rich_run: Run, tmp_path: Path, damaged: str) -> None:
    run = Run(tmp_path / "run")
    shutil.copytree(rich_run.root, run.root)
    (run.root / damaged).write_text("{")
    with pytest.raises(FusionBenchError, match=Path(damaged).name):
        write_html(Results.read(run))


def test_the_page_shows_what_was_chosen(rich_run: Run) -> None:
    results = Results.read(
        rich_run, Choice(methods="plain,deep", labels=["deep=Ours"], sources=False)
    )
    empty = [[Preview() for _ in data.pairs] for data in rich_run.manifest.datasets]
    style = TableStyle(ours="Ours", marks="red-blue")
    data = page_data(results, empty, Parts.read(results), style)
    tables = [board["table"] for board in data["datasets"][0]["boards"]]
    tables += [board["ranks"] for board in data["datasets"][0]["boards"]]
    tables += [data["detection"][0]["table"], *data["cost"]]
    named = {
        line[0][0]
        for t in tables
        for b in t["blocks"]
        if b["title"] != "Tests"
        for line in b["lines"]
    }
    assert named == {"Plain average", "Ours"}
    assert [block["title"] for block in tables[0]["blocks"]] == ["Fusion methods", "Ours"]
    assert "in red" not in json.dumps(tables)


def test_boxes_toggle_and_threshold(rich_run: Run, visit: Callable[..., Any]) -> None:
    page = visit(rich_run.root / "report.html")
    page.select_option("#view-b", "3")
    found = page.locator(".boxes svg.b .found")
    assert found.count() == 0
    page.check("#boxes")
    assert found.count() == 2
    assert "person 0.90" in found.first.text_content()
    assert page.locator(".boxes svg.b .true").count() == 1
    page.focus("#score")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert page.inner_text('output[for="score"]') == "0.45"
    assert found.count() == 1
    page.select_option("#view-b", "2")
    assert found.count() == 0
    page.select_option("#dataset", "1")
    assert page.locator("#boxes-tools").is_hidden()


def test_cost_against_quality(rich_run: Run, visit: Callable[..., Any]) -> None:
    page = visit(rich_run.root / "report.html")
    assert page.locator("#nav a").all_inner_texts().count("Cost") == 1
    # EN: plain 6.0 - 0.25, deep 7.5, evil 6.5 + 0.25; evil costs more than deep and scores less
    assert page.locator("#pareto .point").count() == 3
    on = page.locator("#pareto .point.on text").all_text_contents()
    assert on == ["Plain average", "Deep"]
    assert "another process ran" in page.inner_text("#cost-table")
