"""A small run with known numbers and pictures, its page, and one headless browser for all tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.images import write_png
from fusionbench.manifest import (
    ColumnRecord,
    DataSetRecord,
    Manifest,
    MethodRecord,
    WeightsRecord,
)
from fusionbench.report.page.page import write_html
from fusionbench.results import Results
from fusionbench.runs import Run
from tests.fusionbench.conftest import Builder

EVIL = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"
LEVELS = {"ir": 20, "visible": 60, "plain": 100, "deep": 132, "evil": 200, "lost": 80}
COLUMNS = ("EN@standard", "CE@standard", "EN@other")
HEIGHT, WIDTH = 48, 64


def value(method: str, column: str, pair: int) -> float | None:
    """What the run says: ``deep`` has the largest EN under ``standard``, ``plain`` under others."""
    place = list(LEVELS).index(method)
    if column == "EN@other":
        return 9.0 - place + 0.1 * pair
    if column == "CE@standard":
        return None if method == "lost" and pair == 1 else 0.5 + 0.01 * place
    return {"deep": 7.5, "plain": 6.0, "evil": 6.5}.get(method, 5.0) + 0.25 * pair * (place - 3)


def _data(root: Path, name: str, pairs: list[str]) -> DataSetRecord:
    return Builder(root).dataset(name, pairs, title=f"{name} scenes")


def _method(name: str, label: str, family: str, **more: Any) -> MethodRecord:
    return MethodRecord(name=name, label=label, family=family, fingerprint="f", **more)


def _manifest(root: Path) -> Manifest:
    weights = WeightsRecord(origin="authors", file="deep.pth", sha256="ab" * 32, note="")
    return Manifest(
        command="fusionbench run --methods all",
        started="2026-01-02T03:04:05+00:00",
        configuration={},
        versions={"fusionbench": "9.8.7"},
        hardware={"processor": "Abacus"},
        datasets=[_data(root, "Street", ["a 1", "b#2", "c%3"]), _data(root, "Lab", ["x", "y"])],
        methods=[
            _method("ir", "Infrared", "source"),
            _method("visible", "Visible", "source"),
            _method("plain", "Plain average", "pixel", year=1999),
            _method("deep", "Deep", "cnn", year=2021, weights=weights, trained_on=["Lab"]),
            _method("evil", EVIL, "gan"),
            _method("lost", "Lost", "pixel"),
        ],
        columns=[
            ColumnRecord(
                metric=name.partition("@")[0],
                convention=name.partition("@")[2],
                better="lower" if name.startswith("CE") else "higher",
                params={"bins": 256},
                fingerprint="c",
            )
            for name in COLUMNS
        ],
    )


def _write_images(run: Run) -> None:
    for data in run.manifest.datasets:
        for pair in data.pairs:
            write_png(Path(pair.ir), np.full((HEIGHT, WIDTH), LEVELS["ir"], np.uint8))
            write_png(Path(pair.vis), np.full((HEIGHT, WIDTH, 3), LEVELS["visible"], np.uint8))
            for method in run.manifest.methods:
                image = np.full((HEIGHT, WIDTH, 3), LEVELS[method.name], np.uint8)
                write_png(run.fused_image(data, method, pair), image)


def _write_rows(run: Run) -> None:
    for data in run.manifest.datasets:
        for method in run.manifest.methods:
            path = run.score_rows(data.name, method.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = []
            for place, pair in enumerate(data.pairs):
                values = {c: value(method.name, c, place) for c in COLUMNS}
                known = {c: v for c, v in values.items() if v is not None}
                errors = dict.fromkeys(values.keys() - known.keys(), "ValueError: <b>flat</b>")
                row = {"pair": pair.id, "fused": "3" * 64, "hash": {}}
                rows.append(json.dumps(row | {"values": known, "errors": errors}))
            path.write_text("".join(f"{row}\n" for row in rows))
    failure = {"pair": "c%3", "hash": "h", "error": "RuntimeError: <i>gone</i>", "traceback": ""}
    run.fused_rows("Street", "lost").write_text(json.dumps(failure) + "\n")


def make_run(root: Path) -> Run:
    """Two data sets, two conventions, two source images and four methods, one failing once."""
    _manifest(root).write(root)
    run = Run(root)
    _write_images(run)
    _write_rows(run)
    return run


@pytest.fixture(scope="session")
def report_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run, with its ``report.html``."""
    run = make_run(tmp_path_factory.mktemp("report") / "run")
    write_html(Results.read(run))
    return run


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """``visit(path)``: the page, ready; errors and requests of the network fail the test."""
    pages, wrong = [], []

    def go(path: Path, *, width: int = 1280, scheme: str = "light") -> Any:
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        pages.append(page)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "console",
            lambda said: (
                said.type == "error"
                and "ERR_FILE_NOT_FOUND" not in said.text
                and wrong.append(said.text)
            ),
        )
        page.on(
            "request",
            lambda sent: sent.url.startswith(("file:", "data:")) or wrong.append(sent.url),
        )
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]")
        return page

    yield go
    for page in pages:
        page.close()
    assert wrong == []
