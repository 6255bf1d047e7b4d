"""Suites: the schema's errors, the rows they make, and a run from one file."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from fusionbench.errors import FusionBenchError
from fusionbench.suites.schema import find_suite, read_suite, shipped_suites

SUITE = """\
name: small
datasets:
  - {name: TNO, limit: 2}
methods:
  - average
  - {method: laplacian, name: second, label: The second}
metrics: EN,MI
report: {layout: stacked, ours: second}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SUITE)
    return path


def test_every_suite_that_ships_is_valid() -> None:
    assert {"cmtfusion-losses", "cmtfusion-variants", "paper", "sample"} <= set(shipped_suites())
    for name, path in shipped_suites().items():
        assert read_suite(find_suite(name)).title, path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "limit: 2",
            "limit: 0",
            r"small\.yaml:3: datasets\.0\.limit: .*greater than or equal to 1",
        ),
        ("label: The", "lable: The", r"small\.yaml:6: methods\.1\.lable: Extra inputs"),
        ("layout: stacked", "layout: high", r"small\.yaml:8: report\.layout: .*'single'"),
        ("name: small", "name: ../up", r"small\.yaml:1: name: .*pattern"),
        ("name: second", "name: 'a,b'", r"small\.yaml:6: methods\.1: .*holds a character"),
        ("metrics: EN,MI", "metricks: EN", r"small\.yaml:7: metricks: Extra inputs"),
        ("methods:\n  - average\n", "method:\n  - average\n", r"small\.yaml:1: methods: Field req"),
        ("datasets:", "datasets: [", r"is not YAML: (.|\n)*line 3"),
    ],
)
def test_errors_name_the_line(suite: Path, old: str, new: str, said: str) -> None:
    assert old in SUITE
    suite.write_text(SUITE.replace(old, new))
    with pytest.raises(FusionBenchError, match=said):
        read_suite(suite)


def test_a_suite_is_run_and_resumed(
    suite: Path, cli: Callable[..., SimpleNamespace], pair_folders: Callable[..., Path]
) -> None:
    root = pair_folders(3).parent
    asked = ("suite", suite, "--data-root", root, "--out", root / "run", "--no-figures")
    done = cli(*asked)
    assert done.code == 0, done.err
    manifest = json.loads((root / "run" / "manifest.json").read_text())
    assert [(m["name"], m["label"]) for m in manifest["methods"]][-1] == ("second", "The second")
    assert [p["id"] for p in manifest["datasets"][0]["pairs"]] == ["0", "1"]
    assert manifest["configuration"]["suite"]["name"] == "small"
    assert sorted(p.name for p in (root / "run" / "fused" / "TNO" / "second").iterdir()) == [
        "0.png",
        "1.png",
    ]
    image = root / "run" / "fused" / "TNO" / "second" / "1.png"
    before = image.stat().st_mtime_ns
    assert cli(*asked).code == 0
    assert image.stat().st_mtime_ns == before


def test_pairs_are_named_relative_to_the_file(
    suite: Path, cli: Callable[..., SimpleNamespace], pair_folders: Callable[..., Path]
) -> None:
    root = pair_folders(3).parent
    suite.write_text(SUITE.replace("limit: 2", "pairs: lists/some.txt"))
    (suite.parent / "lists").mkdir()
    (suite.parent / "lists" / "some.txt").write_text("2\n")
    out = root / "run"
    assert cli("suite", suite, "--data-root", root, "--out", out, "--no-figures").code == 0
    pairs = json.loads((out / "manifest.json").read_text())["datasets"][0]["pairs"]
    assert [p["id"] for p in pairs] == ["2"]


def test_what_is_wrong_is_said(suite: Path, cli: Callable[..., SimpleNamespace]) -> None:
    assert "sample" in cli("suite", "--list").out
    assert cli("suite", suite, "--check").code == 0
    unknown = cli("suite", "smaple")
    assert unknown.code == 2 and "Did you mean sample" in unknown.err
    suite.write_text(SUITE.replace("name: second", "name: average"))
    doubled = cli("suite", suite)
    assert doubled.code == 2 and "two methods are called average" in doubled.err
    assert cli("suite").code == 2
