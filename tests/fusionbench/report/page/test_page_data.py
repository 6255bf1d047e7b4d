"""What the page holds, read back from its bytes without a browser."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import math
import re
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fusionbench.images import write_png
from fusionbench.report.leaderboard import board_table
from fusionbench.report.page.page import write_html
from fusionbench.report.page.previews import LARGE, SMALL, previews
from fusionbench.report.ranks import write_ranks
from fusionbench.results import Results
from fusionbench.runs import Run


def text_of(run: Run) -> str:
    return (run.root / "report.html").read_text(encoding="utf-8")


def held(text: str) -> Any:
    found = re.search(r'id="data">([^<]*)<', text)
    assert found
    return json.loads(zlib.decompress(base64.b64decode(found[1])))


def blocks(text: str) -> dict[str, str]:
    return dict(re.findall(r'<script type="text/plain" id="(images-[\d-]+)">([^<]*)<', text))


def decoded(text: str) -> Any:
    data = np.frombuffer(base64.b64decode(text), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_UNCHANGED)


def test_the_table_is_the_one_of_the_other_formats(report_run: Run) -> None:
    data = held(text_of(report_run))
    for board in Results.read(report_run).boards():
        place = [d.name for d in report_run.manifest.datasets].index(board.dataset.name)
        same = [b for b in data["datasets"][place]["boards"] if b["convention"] == board.convention]
        assert json.loads(json.dumps(board_table(board).as_json())) == same[0]["table"]


def test_ranks_and_comparisons_are_those_of_the_other_files(report_run: Run) -> None:
    write_ranks(Results.read(report_run))
    data = held(text_of(report_run))
    names = [method["name"] for method in data["methods"]]
    labels = {method["name"]: method["label"] for method in data["methods"]}
    ranks = list(csv.DictReader((report_run.root / "ranks.csv").open()))
    pairs = list(csv.DictReader((report_run.root / "significance.csv").open()))
    for dataset in data["datasets"]:
        for board in dataset["boards"]:
            where = {"dataset": dataset["name"], "convention": board["convention"]}
            heads = [head for head, *_ in board["ranks"]["headers"]]
            lines = {line[0][0]: line[1:] for line in board["ranks"]["blocks"][0]["lines"]}
            for row in ranks:
                if where.items() <= row.items() and row["metric"] in heads:
                    cell = lines[labels[row["method"]]][heads.index(row["metric"])]
                    assert cell[0] == f"{float(row['mean_rank']):.2f}"
                    assert cell[2] == row["groups"]
            found = [
                (data["columns"][int(place)]["metric"], names[first], names[second], n, better)
                for place, rows in board["significance"].items()
                for first, second, n, *_, better in rows
            ]
            assert found == [
                (
                    row["metric"],
                    row["first"],
                    row["second"],
                    int(row["n"]),
                    names.index(row["better"]) if row["better"] else None,
                )
                for row in pairs
                if where.items() <= row.items()
            ]


def test_values_of_pairs_and_why_some_are_missing(report_run: Run) -> None:
    data = held(text_of(report_run))
    street = data["datasets"][0]
    names = [method["name"] for method in data["methods"]]
    deep, lost = names.index("deep"), names.index("lost")
    assert street["values"][0][deep] == [7.5, 7.5, 7.5]
    assert street["values"][1][lost] == [0.55, None, None]
    assert street["troubles"][lost][""] == {"2": "failed: RuntimeError: <i>gone</i>"}
    assert street["troubles"][lost]["1"] == {"1": "failed: ValueError: <b>flat</b>"}
    assert street["sizes"] == [[64, 48]] * 3


@pytest.mark.parametrize(
    ("value", "expected"), [(math.pi, 3.141593), (123456.789, 123456.8), (math.inf, "inf")]
)
def test_seven_digits_and_infinity(value: float, expected: object) -> None:
    from fusionbench.report.page.data import _number

    assert _number(value) == expected
    assert _number(math.nan) is None


def test_same_run_same_bytes(report_run: Run) -> None:
    before = text_of(report_run)
    assert write_html(Results.read(report_run)) == [report_run.root / "report.html"]
    assert text_of(report_run) == before


def test_policy_allows_the_script_and_style_of_the_page_alone(report_run: Run) -> None:
    text = text_of(report_run)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    allowed = dict(part.strip().split(" ", 1) for part in policy[1].split(";"))
    assert allowed["default-src"] == "'none'"
    assert allowed["img-src"] == "'self' data:"
    for tag, kind in (("script", "script-src"), ("style", "style-src")):
        inner = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(inner) == 1
        checksum = base64.b64encode(hashlib.sha256(inner[0].encode()).digest()).decode()
        assert allowed[kind] == f"'sha256-{checksum}'"


def test_nothing_in_the_page_points_outside(report_run: Run) -> None:
    text = text_of(report_run)
    addresses = set(re.findall(r"[a-z]+://[^\s\"'<)]+", text))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|<link|<iframe|<script src|\burl\((?!#)", text)
    assert str(report_run.root.parent) not in json.dumps(held(text))


def test_a_name_cannot_end_the_page(report_run: Run) -> None:
    text = text_of(report_run)
    assert "window.hacked" not in text
    assert any("window.hacked" in m["label"] for m in held(text)["methods"])


def test_previews_show_the_images(report_run: Run) -> None:
    small, large = blocks(text_of(report_run))["images-0-0"].split(";")
    for images in (small.split(","), large.split(",")):
        assert len(images) == 6
        means = [float(decoded(image).mean()) for image in images]
        assert means == pytest.approx([20, 60, 100, 132, 200, 80], abs=1.5)


def test_previews_are_bounded_in_size(tmp_path: Path, report_run: Run) -> None:
    data = report_run.manifest.datasets[1].model_copy(deep=True)
    wide = np.zeros((300, 1200), np.uint8)
    for pair in data.pairs:
        pair.ir = pair.vis = str(tmp_path / "wide.png")
    write_png(tmp_path / "wide.png", wide)
    found = previews(report_run, data, [], 10**7)
    assert found[0].size == (1200, 300)
    assert decoded(found[0].small[0]).shape == (SMALL // 4, SMALL)
    assert decoded(found[0].large[0]).shape == (LARGE // 4, LARGE)


@pytest.mark.parametrize("budget", [0, 1000, 9000, 20_000, 10**7])
def test_budget_is_kept(report_run: Run, budget: int) -> None:
    results = Results.read(report_run).every
    data = report_run.manifest.datasets[0]
    own = [r for r in results if r.dataset.name == data.name]
    found = previews(report_run, own[0].dataset, own, budget)
    spent = sum(len(t) for p in found for t in [*p.small.values(), *p.large.values()])
    assert spent <= budget
    assert len(found) == len(data.pairs)
    if budget == 10**7:
        assert all(len(p.small) == len(p.large) == 6 for p in found)


def test_without_images_the_page_still_holds_the_numbers(report_run: Run, tmp_path: Path) -> None:
    run = Run(tmp_path)
    manifest = report_run.manifest.model_copy(deep=True)
    for data in manifest.datasets:
        for pair in data.pairs:
            pair.ir = pair.vis = str(tmp_path / "gone.png")
        for method in manifest.methods:
            method.fused[data.name] = {p.id: str(tmp_path / "gone.png") for p in data.pairs}
    manifest.write(tmp_path)
    write_html(Results.read(run))
    assert blocks(text_of(run)) == {}
    data = held(text_of(run))
    assert data["datasets"][0]["originals"] == [None] * 6
    assert data["datasets"][0]["sizes"] == [None] * 3
