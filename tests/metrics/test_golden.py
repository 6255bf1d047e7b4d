"""Every column reproduces the published implementations' numbers."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from golden_data import HERE, Case, Excuse, cases, excuses, inputs, value

IDS = [f"{c.column}-{c.triple}-{c.metric}-{c.implementation}" for c in cases()]


def _marks(case: Case) -> list[pytest.MarkDecorator]:
    here = (HERE / "inputs" / f"{case.triple}_ir.png").exists()
    return [] if here else [pytest.mark.reference]


def _value(case: Case) -> float:
    if inputs(case.triple) is None:
        pytest.skip(f"reference material not found: the images of {case.triple}")
    return value(case.column, case.triple)


@pytest.mark.parametrize(
    "case", [pytest.param(c, id=i, marks=_marks(c)) for c, i in zip(cases(), IDS, strict=True)]
)
def test_golden(case: Case) -> None:
    got = _value(case)
    assert case.error(got) <= case.limit, f"got {got!r}, golden {case.value!r}"


@pytest.mark.parametrize("excuse", excuses(), ids=lambda e: f"{e.column}-{e.triple}")
def test_an_exception_is_needed(excuse: Excuse) -> None:
    covered = [c for c in cases() if excuse.covers(c)]
    assert covered, "the exception names no golden number"
    known = [c for c in covered if inputs(c.triple) is not None]
    if not known:
        pytest.skip("reference material not found")
    assert any(c.error(_value(c)) > c.usual_limit for c in known)


def test_golden_values_are_not_all_nan() -> None:
    for column in {c.column for c in cases()}:
        assert any(math.isfinite(c.value) for c in cases() if c.column == column), column


@pytest.mark.reference
def test_golden_csv_is_a_part_of_the_reference(shared: Callable[[str], Path]) -> None:
    reference = shared("reference/metrics/golden.csv").read_text("utf-8").splitlines()
    assert set((HERE / "golden.csv").read_text("utf-8").splitlines()) <= set(reference)


@pytest.mark.reference
@pytest.mark.slow
def test_the_calibration_report_is_current(shared: Callable[[str], Path]) -> None:
    shared("reference/metrics/golden.csv")
    script = HERE.parents[1] / "benchmarks" / "calibration.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False)
    assert done.returncode == 0, "run python benchmarks/calibration.py"
