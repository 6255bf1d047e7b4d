"""Every tutorial runs as it stands, on the sample scenes."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.docs.conftest import DOCS, TUTORIALS, blocks, cells

Cli = Callable[..., Any]


def run_cell(source: str, names: dict[str, Any], cli: Cli) -> None:
    """What IPython does with a cell: ``%%writefile``, ``!command {variable}``, else Python."""
    if source.startswith("%%writefile "):
        first, _, text = source.partition("\n")
        Path(first.split()[1]).write_text(text, encoding="utf-8")
        return
    if not source.startswith("!"):
        exec(compile(source, "<cell>", "exec"), names)
        return
    for line in source.strip().splitlines():
        program, *arguments = shlex.split(line.removeprefix("!").format_map(names))
        assert program == "fusionbench", line
        if arguments[0] in ("run", "score", "suite") and not {"--list", "--check"} & set(arguments):
            arguments += ["--workers", "1"]  # of which the last one counts
        done = cli(*arguments)
        assert done.code == 0, f"{line}\n{done.out}\n{done.err}"
        names["_printed"] = done.out


QUICK = {"own-method", "score-a-folder"}
"""Those that take a few seconds; all of them also run whenever the site is built."""


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=() if path.stem in QUICK else (pytest.mark.slow,))
        for path in TUTORIALS
        if cells(path)
    ],
)
def test_a_tutorial_runs(
    path: Path, cli: Cli, fresh_plugins: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    names: dict[str, Any] = {}
    try:
        for source in cells(path):
            run_cell(source, names, cli)
    finally:
        for name in set(sys.modules) - before:
            if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
    if path.stem == "why-numbers-differ":
        assert "tang-legacy" in names["_printed"]


@pytest.mark.slow
def test_what_needs_weights_runs_where_they_are(
    cli: Cli, shared: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUSIONBENCH_WEIGHTS", str(shared("weights/detectors")))
    monkeypatch.chdir(tmp_path)
    text = (DOCS / "tutorials" / "detection.md").read_text("utf-8")
    (block,) = (b for kind, b in blocks(text) if kind == "{code-block} bash")
    for line in block.splitlines()[1:]:
        done = cli(*shlex.split(line)[1:])
        assert done.code == 0, f"{line}\n{done.out}\n{done.err}"
    assert (tmp_path / "results" / "seen" / "detection.csv").is_file()
