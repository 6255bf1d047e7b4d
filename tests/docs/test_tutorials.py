"""Every tutorial runs as it stands, on the sample scenes."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.docs.conftest import TUTORIALS, cells

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


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
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
