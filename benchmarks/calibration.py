"""Write metrics/CALIBRATION.md: how far every metric is from the published implementations.

Usage: python benchmarks/calibration.py [--check]

It needs the reference material (``FUSIONBENCH_SHARED`` or ``../shared``). ``--check`` writes
nothing and fails where the file is not what would be written.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "metrics"))

from golden_data import Case, cases, excuses, inputs, value  # noqa: E402

TARGET = ROOT / "metrics" / "CALIBRATION.md"
INTRODUCTION = """\
# How far every metric is from the published implementations

Written by `python benchmarks/calibration.py` from `tests/metrics/golden.csv`; do not edit.

Each row compares a column with one implementation on the golden triples: real pairs, a crop, and
the edge cases all constant, constant fused image, identical images, 32×32, noise and extremes.
`float64-from-formulas` is an independent float64 computation from the formulas; MATLAB code ran in
Octave. **Error** is the worst relative error, rounded up to a power of ten, over the triples
without an exception; NaN counts as equal to NaN, and values up to 1e-12 as equal to 0. The limit is
1e-9, for VIF 1e-7 and for VIFF 1e-5. Every triple above it is in the list of exceptions, with its
reason. Values that were published (TNO images under `tang-legacy`, the averages of VIFB under
`vifb`) are compared in `tests/metrics/test_published.py`.
"""


def power_of_ten(error: float) -> str:
    """The error rounded up to a power of ten, at least 1e-15."""
    if math.isinf(error):
        return "not comparable"
    return f"1e{max(math.ceil(math.log10(error)), -15)}" if error > 1e-15 else "1e-15"


def excused(case: Case) -> bool:
    """Whether an exception covers the case."""
    return any(e.covers(case) for e in excuses())


def agreement() -> list[str]:
    """The table of worst errors, one row for each column and implementation."""
    rows = [
        "| column | golden row | implementation | triples | error |",
        "| --- | --- | --- | --- | --- |",
    ]
    groups: dict[tuple[str, str, str], list[Case]] = {}
    for case in sorted(cases(), key=lambda c: (c.column.partition("@")[2] != "standard",)):
        groups.setdefault((case.column, case.metric, case.implementation), []).append(case)
    for names, group in groups.items():
        plain = [c for c in group if not excused(c)]
        worst = max((c.error(value(c.column, c.triple)) for c in plain), default=math.nan)
        count = f"{len(plain)} of {len(group)}" if len(plain) < len(group) else f"{len(group)}"
        error = "see exceptions" if math.isnan(worst) else power_of_ten(worst)
        rows.append(f"| {' | '.join(names)} | {count} | {error} |")
    return rows


def exceptions() -> list[str]:
    """The table of exceptions with their errors."""
    rows = [
        "| column | triple | implementation | error | reason |",
        "| --- | --- | --- | --- | --- |",
    ]
    for excuse in excuses():
        covered = [c for c in cases() if excuse.covers(c)]
        error = power_of_ten(max(c.error(value(c.column, c.triple)) for c in covered))
        triple = "all" if excuse.triple == "*" else excuse.triple
        names = f"{excuse.column} | {triple} | {excuse.implementation}"
        rows.append(f"| {names} | {error} | {excuse.reason} |")
    return rows


def text() -> str:
    """The whole file."""
    parts = [INTRODUCTION, "## Agreement\n", *agreement(), "\n## Exceptions\n", *exceptions()]
    return "\n".join(parts) + "\n"


def main() -> int:
    """Write the file, or compare with it."""
    if any(inputs(case.triple) is None for case in cases()):
        print("the reference material is missing: set FUSIONBENCH_SHARED", file=sys.stderr)
        return 2
    made = text()
    if "--check" in sys.argv[1:]:
        return int(TARGET.read_text("utf-8") != made)
    TARGET.write_text(made, "utf-8")
    print(f"wrote {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
