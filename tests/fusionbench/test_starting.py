"""What ``fusionbench new`` writes works as it is: the checks and its own tests pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import fusionbench as fb
from fusionbench.datasets import load_datasets
from fusionbench.images import read_image

pytestmark = pytest.mark.usefixtures("fresh_plugins")
ROOT = Path(__file__).resolve().parents[2]


def test_a_new_method_works_at_once(cli, tmp_path) -> None:
    done = cli("new", "method", "My-Net", "--out", tmp_path / "mine")
    assert done.code == 0, done.err
    assert f"fusionbench check My-Net --plugin {tmp_path / 'mine' / 'my_net'}" in done.out
    names = {str(p.relative_to(tmp_path / "mine")) for p in (tmp_path / "mine").rglob("*.*")}
    assert names == {
        "pyproject.toml", "README.md", "my_net/__init__.py", "my_net/net.py",
        "my_net/weights.safetensors", "tests/test_my_net.py",
    }  # fmt: skip
    checked = cli("check", "My-Net", "--plugin", tmp_path / "mine" / "my_net")
    assert checked.code == 0, checked.out
    scene = fb.dataset("sample", limit=1, quiet=True)[0]
    fused = fb.fuse("My-Net", scene.ir(), scene.vis(), plugin=tmp_path / "mine" / "my_net")
    assert fused.shape == scene.vis().shape
    assert fused.std() > 10


def test_a_new_metric_works_at_once(cli, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli("new", "metric", "Q2").code == 0
    checked = cli("check", "Q2", "--plugin", "Q2/q2")
    assert checked.code == 0, checked.out
    image = read_image(ROOT / "tests" / "metrics" / "inputs" / "e5_noise97x83_fused.png")
    sources = 255 - image, image // 2
    with pytest.warns(fb.FusionBenchWarning):  # noise, and its negative
        value = fb.score(*sources, image, "Q2")["Q2"]
    assert value == pytest.approx(image.mean() / 255)


def test_a_new_data_set_works_once_it_is_installed(
    cli, tmp_path, pair_folders, monkeypatch
) -> None:
    pair_folders(3, name="Night-1")
    assert cli("new", "dataset", "Night-1", "--out", tmp_path / "package").code == 0
    with pytest.raises(fb.UnknownNameError):
        fb.dataset("Night-1", data_root=tmp_path)
    facts = tmp_path / "package" / "night_1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Name: night_1\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[fusionbench.datasets]\nnight_1 = night_1\n")
    monkeypatch.syspath_prepend(tmp_path / "package")
    load_datasets.cache_clear()
    try:
        assert len(fb.dataset("Night-1", data_root=tmp_path, quiet=True)) == 3
        checked = cli("check", "Night-1", "--data-root", tmp_path)
        assert checked.code == 0, checked.out
        assert "3 pairs" in checked.out
        yaml = tmp_path / "package" / "night_1" / "night_1.yaml"
        yaml.write_text(yaml.read_text().replace("name: Night-1", "name: TNO"))
        load_datasets.cache_clear()
        with pytest.raises(fb.FusionBenchError, match="the name TNO is taken already"):
            fb.dataset("TNO", data_root=tmp_path)
    finally:
        sys.modules.pop("night_1", None)
        load_datasets.cache_clear()


@pytest.mark.parametrize("kind", ["method", "metric"])
@pytest.mark.slow
def test_its_own_tests_pass(kind, cli, tmp_path) -> None:
    assert cli("new", kind, "Fresh", "--out", tmp_path / "fresh").code == 0
    done = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=tmp_path / "fresh",
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [("7up", "begins with a letter"), ("a/b", "cannot be a file's"), ("x,y", "letters, digits"),
     ("", "cannot be a file's")],
)  # fmt: skip
def test_names_that_cannot_be_used_are_refused(name, said, cli, tmp_path) -> None:
    done = cli("new", "method", name, "--out", tmp_path / "there")
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / "there").exists()


def test_a_folder_that_holds_something_is_left_alone(cli, tmp_path) -> None:
    (tmp_path / "mine.py").write_text("1")
    done = cli("new", "metric", "Q2", "--out", tmp_path)
    assert done.code == 2
    assert "is there already" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]
