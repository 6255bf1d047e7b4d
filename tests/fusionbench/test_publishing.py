"""Publishing keeps the numbers and drops the images and the machine's paths."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def test_numbers_stay_and_paths_go(cli, tmp_path, pair_folders) -> None:
    root = pair_folders(2)
    run, out = tmp_path / "run", tmp_path / "published"
    arguments = ("--dataset", "TNO", f"--data-root={root}", "--metrics", "EN", "--workers", 1)
    assert cli("run", "--methods", "average", *arguments, "--out", run).code == 0
    assert cli("publish", run, out).code == 0
    for name in ("leaderboard.csv", "leaderboard.md", "leaderboard.tex", "scores.csv"):
        assert (out / name).read_bytes() == (run / name).read_bytes()
    assert (out / "figures" / "box_EN@standard.png").is_file()
    assert not list(out.rglob("grid_*"))
    assert str(tmp_path) not in (out / "manifest.json").read_text()
    published = json.loads((out / "manifest.json").read_text())
    assert published["datasets"][0]["home"].startswith("https://figshare.com/articles/")
    assert published["command"].split()[-1] == "run"
    assert len(published["datasets"][0]["pairs"][0]["ir_sha256"]) == 64


def test_grids_on_request(cli, tmp_path) -> None:
    run = tmp_path / "run"
    cli("run", "--methods", "average", "--metrics", "EN", "--limit", 1, "--out", run)
    cli("publish", run, tmp_path / "published", "--grids")
    assert (tmp_path / "published" / "figures" / "grid_sample.png").is_file()


def test_a_run_without_a_report(cli, tmp_path) -> None:
    cli("fuse", "--methods", "average", "--limit", 1, "--out", tmp_path / "run")
    done = cli("publish", tmp_path / "run", tmp_path / "out")
    assert done.code == 2 and "fusionbench report" in done.err
    assert not Path(tmp_path / "out").exists()


FAILING = """
from fusionbench import Method, method


@method("lost", title="Lost", family="pixel")
class Lost(Method):
    def fuse(self, ir, vis):
        open("{folder}/secret/place/weights.pth")
"""


@pytest.mark.usefixtures("fresh_plugins")
def test_nothing_of_the_machine_and_nothing_foreign_leaves_the_house(cli, tmp_path) -> None:
    plugin = tmp_path / "lost.py"
    plugin.write_text(FAILING.format(folder=tmp_path))
    run, out = tmp_path / "run", tmp_path / "published"
    command = ("run", "--plugin", plugin, "--methods", "lost,average", "--metrics", "EN")
    assert cli(*command, "--limit", 2, "--out", run).code == 1
    figures = run / "figures"
    for name in (".fusionbench-abc.png", ".box_EN.png", "notes.txt", "photo.png", "box_EN.png~"):
        (figures / name).write_bytes(b"mine")
    (run / "profile.csv~").write_text("mine")
    (run / "detection.bak").write_text("mine")
    assert cli("publish", run, out, "--grids").code == 0
    for path in out.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert data != b"mine", path
            assert str(tmp_path).encode() not in data, path
    assert "weights.pth" in (out / "leaderboard.md").read_text()
