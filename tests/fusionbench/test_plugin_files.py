"""Methods and metrics in a user's own file, named with ``--plugin``."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from fusionbench.registry import METHODS, METRICS, PLUGIN_PREFIX, PLUGIN_VARIABLE

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture(autouse=True)
def _fresh_registries(monkeypatch: pytest.MonkeyPatch):
    """Plug-ins of one test are unknown to the next."""
    import sys

    monkeypatch.delenv(PLUGIN_VARIABLE, raising=False)
    registries = (METHODS, METRICS)
    for registry in registries:
        list(registry)
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
        monkeypatch.setattr(registry, "broken", dict(registry.broken))
        monkeypatch.setattr(registry, "_discovered", False)
    yield
    for name in [n for n in sys.modules if n.startswith(PLUGIN_PREFIX)]:
        del sys.modules[name]


def readme_method() -> str:
    """The method that the README shows, as written there."""
    (code,) = re.findall(r"```python\n(# mymethod\.py.*?)```", README.read_text(), re.DOTALL)
    return code


def test_the_method_of_the_readme_works_as_written(cli, tmp_path) -> None:
    code = readme_method()
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    file = tmp_path / "mymethod.py"
    file.write_text(code)
    done = cli(
        "run", "--plugin", file, "--methods", "mymethod,average", "--metrics", "EN", "--limit", 2,
        "--no-figures", "--out", tmp_path / "run", "--workers", 1,
    )  # fmt: skip
    assert done.code == 0, done.err
    with (tmp_path / "run" / "leaderboard.csv").open() as stream:
        assert [row["method"] for row in csv.DictReader(stream)] == ["mymethod", "average"]


def test_a_metric_in_a_file_is_there_in_every_process(cli, tmp_path) -> None:
    (tmp_path / "mine.py").write_text(
        "from fusionbench import metric\n\n"
        "@metric('MEAN', title='Mean', better='higher', low=0, high=255,\n"
        "        conventions={'standard': {'scale': 1.0}})\n"
        "def mean(triple, *, scale):\n    return scale * triple.fused.u8.mean()\n"
    )
    plugin = ("--plugin", tmp_path / "mine.py")
    listed = {m["name"]: m for m in json.loads(cli("list", "metrics", *plugin, "--json").out)}
    assert listed["MEAN"]["conventions"] == ["standard"]
    done = cli("run", *plugin, "--methods", "ir", "--metrics", "MEAN", "--limit", 2, "--no-figures",
               "--workers", 2, "--out", tmp_path / "run")  # fmt: skip
    assert done.code == 0, done.err
    with (tmp_path / "run" / "leaderboard.csv").open() as stream:
        assert 0 < float(next(csv.DictReader(stream))["MEAN"]) < 255
    done = cli("run", *plugin, "--metrics", "MEAN@tang", "--out", tmp_path / "none")
    assert done.code == 2 and "does not define MEAN" in done.err


def test_a_broken_file_is_named_where_the_method_is_missed(cli, tmp_path) -> None:
    (tmp_path / "mine.py").write_text("import nothing_like_it\n")
    arguments = ("--plugin", tmp_path / "mine.py")
    done = cli("run", *arguments, "--methods", "mine", "--out", tmp_path / "run")
    assert done.code == 2
    where = f"{tmp_path / 'mine.py'}"
    assert done.err.startswith(f"error: plug-in {where} is broken: ModuleNotFoundError")
    assert f"({where}, line 1)" in done.err and "unknown" not in done.err
    listed = cli("list", "methods", *arguments)
    assert listed.code == 0
    assert "broken" in listed.err


def test_no_such_file(cli, tmp_path) -> None:
    done = cli("run", "--plugin", tmp_path / "none.py", "--out", tmp_path / "run")
    assert done.code == 2 and "there is no such file" in done.err
