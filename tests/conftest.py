"""Fixtures shared by the whole suite."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

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


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads or writes the user's cache, configuration or data."""
    monkeypatch.setenv("FUSIONBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FUSIONBENCH_CONFIG", str(tmp_path / "no-config.yaml"))
    monkeypatch.delenv("FUSIONBENCH_DATA", raising=False)
    monkeypatch.delenv("FUSIONBENCH_WEIGHTS", raising=False)
