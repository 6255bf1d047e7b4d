"""ultralytics, imported once a process, with every way to a network closed."""

from __future__ import annotations

import importlib.util
import socket
from typing import Any

import pytest


def _refuse(*arguments: object, **named: object) -> Any:
    raise AssertionError(f"a network attempt: {arguments} {named}")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look-up and connection fails the test."""
    monkeypatch.setattr(socket, "getaddrinfo", _refuse)
    monkeypatch.setattr(socket, "gethostbyname", _refuse)
    monkeypatch.setattr(socket.socket, "connect", _refuse)


@pytest.fixture(scope="session")
def yolo(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The package ultralytics with a settings folder of its own; skips where it is absent."""
    if importlib.util.find_spec("ultralytics") is None:
        pytest.skip("ultralytics is not installed (the extra detect)")
    from fusionbench.detectors._yolo import yolo_package

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FUSIONBENCH_CACHE", str(tmp_path_factory.mktemp("yolo")))
        patch.setattr(socket, "getaddrinfo", _refuse)
        patch.setattr(socket.socket, "connect", _refuse)
        return yolo_package()
