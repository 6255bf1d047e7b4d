"""The parity script as a module, so that tests and the printed table compare in one way."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks/vifb_parity.py"


@pytest.fixture(scope="session")
def parity() -> ModuleType:
    spec = importlib.util.spec_from_file_location("vifb_parity", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
