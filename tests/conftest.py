"""Fixtures shared by the whole suite."""

from __future__ import annotations

import os
import shutil
import sys

# Small images: more threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from rich.console import Console

from fusionbench.images import write_png

ROOT = Path(__file__).resolve().parent.parent


def shared_root() -> Path:
    """The reference material's folder; it may be absent."""
    return Path(os.environ.get("FUSIONBENCH_SHARED") or ROOT.parent / "shared")


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """``shared("data/TNO")``: a path in the reference material, or a skip with the reason."""

    def find(path: str) -> Path:
        found = shared_root() / path
        if not found.exists():
            pytest.skip(f"reference material not found: {found} (set FUSIONBENCH_SHARED)")
        return found

    return find


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked ``gpu`` is skipped where there is none."""
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("no CUDA device")


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No test reads or writes the user's cache, configuration or data, or an earlier plug-in."""
    monkeypatch.setenv("FUSIONBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FUSIONBENCH_CONFIG", str(tmp_path / "no-config.yaml"))
    monkeypatch.delenv("FUSIONBENCH_DATA", raising=False)
    monkeypatch.delenv("FUSIONBENCH_WEIGHTS", raising=False)
    monkeypatch.setenv("FUSIONBENCH_PLUGINS", "")  # so that it is taken away afterwards
    monkeypatch.delenv("FUSIONBENCH_PLUGINS")
    yield
    registry = sys.modules.get("fusionbench.registry")
    if registry is not None and any(each._files for each in registry.REGISTRIES):
        registry._forget()


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., SimpleNamespace]:
    """``cli("run", "--limit", 2)``: the command line run here; gives ``code``, ``out``, ``err``."""

    def run(*arguments: object) -> SimpleNamespace:
        from fusionbench import console
        from fusionbench.cli import main

        monkeypatch.setattr(sys, "argv", ["fusionbench", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")  # read by typer's help
        monkeypatch.setattr(console, "out", Console(width=200))
        monkeypatch.setattr(console, "err", Console(width=200, stderr=True))
        with pytest.raises(SystemExit) as stop:
            main()
        printed = capsys.readouterr()
        return SimpleNamespace(code=stop.value.code or 0, out=printed.out, err=printed.err)

    return run


@pytest.fixture
def pair_folders(tmp_path: Path) -> Callable[..., Path]:
    """``pair_folders(3)``: a folder with ``ir/`` and ``vi/`` holding small random pairs 0, 1, 2."""

    def make(count: int = 3, *, height: int = 48, width: int = 64, name: str = "TNO") -> Path:
        rng = np.random.default_rng(0)
        for index in range(count):
            scene = cv2.GaussianBlur(rng.random((height, width, 3)), (0, 0), 2)
            scene = (scene - scene.min()) / np.ptp(scene) * 255
            write_png(tmp_path / name / "vi" / f"{index}.png", scene.astype(np.uint8))
            write_png(
                tmp_path / name / "ir" / f"{index}.png", 255 - scene[:, :, 0].astype(np.uint8)
            )
        return tmp_path / name

    return make


@pytest.fixture
def fresh_plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Plug-ins of one test are unknown to the next; call it to begin again as a new process."""
    from fusionbench import homes, registry

    monkeypatch.delenv(registry.PLUGIN_VARIABLE, raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # files are changed within a second
    before = {}
    for each in registry.REGISTRIES:
        list(each)
        before[each] = dict(each._entries), dict(each.broken)

    def forget() -> None:
        homes.forget()
        for each, (entries, broken) in before.items():
            each._entries, each.broken = dict(entries), dict(broken)
            each._files.clear()

    yield forget
    forget()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium that is installed here."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is None:
        pytest.skip(f"no browser found: none of {', '.join(names)} is on the path")
    switches = ["no-sandbox", "disable-gpu", "disable-quic", "no-first-run"]
    switches += ["disable-background-networking", "disable-component-update", "disable-sync"]
    with api.sync_playwright() as started:
        running = started.chromium.launch(
            executable_path=found, args=[f"--{switch}" for switch in switches]
        )
        yield running
        running.close()
