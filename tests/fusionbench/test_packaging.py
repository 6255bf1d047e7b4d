"""The package works as a wheel and editable, from the repository root and from elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (
    *("fusionbench", "methods", "metrics", "configs"),
    *("pyproject.toml", "setup.py", "README.md", "LICENSE"),
)


@pytest.mark.packaging
def test_the_wheel_holds_every_file_of_the_source_folders(tmp_path: Path) -> None:
    """What setuptools finds by itself: packages and the folders of data among them."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path, ROOT]
    subprocess.run(list(map(str, command)), check=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    listed = subprocess.run(
        ["git", "ls-files", "fusionbench", "methods", "metrics", "configs"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    ).stdout.splitlines()  # fmt: skip
    expected = {f if f.startswith("fusionbench/") else f"fusionbench/{f}" for f in listed}
    assert packed == expected


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository's sources, so that building leaves no trace in it."""
    copy = tmp_path_factory.mktemp("tree")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, copy / name, ignore=ignored)
        else:
            shutil.copy(source, copy / name)
    return copy


@pytest.fixture(scope="module", params=["wheel", "editable"])
def installed(request, tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``fusionbench`` program of a fresh environment that borrows this one's dependencies."""
    home = tmp_path_factory.mktemp(request.param)
    venv.create(home, with_pip=True)
    pip = [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps"]
    how = ["--editable", str(tree)] if request.param == "editable" else [str(tree)]
    subprocess.run([*pip, *how], check=True, capture_output=True)
    (own,) = home.glob("lib/python*/site-packages")
    (own / "borrowed.pth").write_text(sysconfig.get_path("purelib"))  # after its own packages
    return home / "bin" / "fusionbench"


@pytest.mark.packaging
@pytest.mark.parametrize("where", ["root", "elsewhere"])
def test_it_runs(installed: Path, where: str, tmp_path: Path) -> None:
    environment = os.environ | {"FUSIONBENCH_CACHE": str(tmp_path / "cache")}
    folder = ROOT if where == "root" else tmp_path

    def call(*arguments: str) -> str:
        done = subprocess.run(
            [installed, *arguments], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    methods = {item["name"] for item in json.loads(call("list", "methods", "--json"))}
    assert {"cmtfusion", "average", "dwt"} <= methods
    out = tmp_path / "run"
    call("run", "--methods", "cmtfusion,average", "--limit", "1", "--no-figures", "--out", str(out))
    assert (out / "leaderboard.csv").read_text().count("\n") == 3


@pytest.mark.packaging
def test_it_is_this_copy_that_was_tested(installed: Path, tree: Path, tmp_path: Path) -> None:
    code = "import fusionbench.methods, fusionbench.configs; print(fusionbench.methods.__file__)"
    done = subprocess.run(
        [installed.parent / "python", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    place = Path(done.stdout.strip())
    assert place.is_relative_to(tree) or place.is_relative_to(installed.parents[1])
