"""What keeps the suite running on Windows and macOS, and under any locale."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from fusionbench import manifest
from fusionbench.names import FORBIDDEN, RESERVED
from fusionbench.profiling import measuring, watching

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    p for top in ("fusionbench", "methods", "metrics") for p in (ROOT / top).rglob("*.py")
)
POSIX = {"resource", "fcntl", "pwd", "grp", "termios", "pty", "posix", "syslog", "readline"}
"""Modules that Windows does not have."""
LINUX_FILES = {"manifest.py", "measuring.py", "watching.py"}
"""Where ``/proc`` is read; the tests below take it away."""
AROUND = ("win32", "os.name", "ImportError", "hasattr")
"""What shows that a function has a way around what only some systems have."""
ENCODING = {"read_text": 0, "write_text": 1}
"""The place of the encoding in calls of a path's methods."""


def _calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _is_text_without_encoding(call: ast.Call) -> bool:
    """Of a method's call: other things than paths have an ``open`` too, of what is no mode."""
    name = getattr(call.func, "attr", "")
    if "encoding" in {keyword.arg for keyword in call.keywords}:
        return False
    if name == "open":
        modes = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
        return len(modes) == len(call.args) and not any("b" in str(mode) for mode in modes)
    return name in ENCODING and len(call.args) <= ENCODING[name]


def test_text_is_utf_8_whatever_the_locale() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}: {ast.unparse(call)}"
        for path in SOURCES
        for call in _calls(path)
        if _is_text_without_encoding(call)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("path.open()", True), ("path.open('w')", True), ("path.open('rb')", False),
        ("path.read_text()", True), ("path.read_text('utf-8')", False),
        ("path.write_text(text)", True), ("path.write_text(text, encoding='utf-8')", False),
        ("path.open(newline='', encoding='utf-8')", False), ("write_text(path, text)", False),
    ],
)  # fmt: skip
def test_what_counts_as_text_without_an_encoding(code: str, found: bool) -> None:
    (call,) = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))
    assert _is_text_without_encoding(call) is found


def test_what_some_systems_lack_has_a_way_around() -> None:
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if POSIX & set(names):
                around = [f for f in ast.walk(ast.parse(text)) if isinstance(f, ast.FunctionDef)
                          and f.lineno < node.lineno <= (f.end_lineno or 0)]  # fmt: skip
                said = "".join(ast.unparse(f) for f in around)
                assert any(word in said for word in AROUND), f"{path}:{node.lineno}"
        if re.search(r"Path\([\"']/(proc|sys|dev)", text):
            assert path.name in LINUX_FILES, path


def test_nothing_is_read_from_proc_where_there_is_none(monkeypatch, tmp_path) -> None:
    for module, name in ((manifest, "CPUINFO"), (measuring, "SELF"), (watching, "PROC")):
        monkeypatch.setattr(module, name, tmp_path / "none")
    assert manifest.hardware("cpu")["device"] == "cpu"
    assert watching.CpuTimes.now() is None
    assert watching.CpuProbe().snapshot().clock_mhz is None
    assert measuring.CpuMemory().read().rss_growth is not None
    monkeypatch.setattr("sys.platform", "win32")
    unknown = measuring.CpuMemory().read()
    assert unknown.rss_growth is None and "not known" in unknown.how


def test_every_file_of_a_run_has_a_name_that_windows_takes(
    cli: Callable[..., SimpleNamespace], tmp_path: Path
) -> None:
    asked = ("run", "--methods", "average,ir,visible", "--metrics", "EN,SD@vifb", "--limit", 2)
    assert cli(*asked, "--workers", 1, "--out", tmp_path / "run").code == 0
    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*")]
    assert len(written) > 20
    for path in written:
        for part in path.parts:
            assert not set(part) & set(FORBIDDEN), path
            assert part[-1] not in ". " and not RESERVED.fullmatch(part), path
