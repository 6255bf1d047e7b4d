"""``--check``: the same measurement several times over, each in a fresh process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from fusionbench.profiling.asking import ask_where_it_runs, describe, failure_line
from fusionbench.profiling.driving import Work
from fusionbench.profiling.inputs import make_inputs
from fusionbench.profiling.parts import Part
from fusionbench.profiling.plans import ProfilePlan, shuffled
from fusionbench.profiling.records import Measurement, Size, Verdict, write_record

TIMES = 3
REPORT = "check.json"


class Repeated(Part):
    """Medians of the scope ``method`` (fp32) in several fresh processes, in milliseconds.

    Attributes:
        clock: ``device`` where there is one, else ``wall``.
        verdicts: Of every measurement.
        error: Why there are none.
    """

    method: str
    size: Size
    clock: str = "wall"
    medians_ms: list[float] = Field(default_factory=list)
    verdicts: list[Verdict] = Field(default_factory=list)
    error: str | None = None

    @property
    def spread(self) -> float | None:
        """Largest minus smallest median, as a share of the smallest."""
        if not self.medians_ms:
            return None
        return (max(self.medians_ms) - min(self.medians_ms)) / min(self.medians_ms)


class CheckReport(Part):
    """``profile/check.json``."""

    repeated: list[Repeated]


def check(plan: ProfilePlan, advance: Callable[[], None] = lambda: None) -> CheckReport:
    """Measure every method of a plan three times at every size and write ``check.json``.

    The methods take turns, so that what changes on the machine meanwhile shows as spread.

    Raises:
        FusionBenchError: The device is not there.
    """
    machine = describe(plan.settings.device)
    settings = plan.settings.model_copy(update={"scopes": ("method",), "count": False})
    by_name = {p.record.name: p for p in plan.prepared}
    order = shuffled(list(by_name), plan.settings.seed)
    found = {
        (name, str(s)): Repeated(method=name, size=s) for name in order for s in settings.sizes
    }
    with tempfile.TemporaryDirectory(prefix="fusionbench-") as folder:
        inputs = [(s, make_inputs(s, Path(folder), plan.dataset)) for s in settings.sizes]
        work = Work(plan, machine, Path(folder), inputs)
        for _ in range(TIMES):
            for at, name in enumerate(order):
                for size in settings.sizes:
                    request = work.request(by_name[name], at, size, "fp32")
                    request = request.model_copy(update={"settings": settings})
                    row = ask_where_it_runs(request, plan.asking).row
                    _note(found[name, str(size)], row)
                    advance()
    report = CheckReport(repeated=list(found.values()))
    write_record(plan.out / REPORT, report)
    return report


def _note(repeated: Repeated, row: Measurement | None) -> None:
    if row is None or row.error is not None or row.verdict is None:
        repeated.error = failure_line(repeated.method, row) if row else "no row"
        return
    times = row.scopes["method"]
    repeated.clock = "device" if times.device_ms else "wall"
    repeated.medians_ms.append((times.device_ms or times.wall_ms).median)
    repeated.verdicts.append(row.verdict)
