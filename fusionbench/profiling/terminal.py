"""What ``fusionbench profile --check`` shows when it is done."""

from __future__ import annotations

from rich.table import Table

from fusionbench.profiling.checking import CheckReport

DASH = "–"
COLOURS = {"green": "green", "amber": "yellow", "red": "red"}


def check_table(report: CheckReport) -> Table:
    """The medians of the repeated measurements and their spread."""
    table = Table(title="The same measurement in fresh processes (method, median ms)")
    for name in ("method", "size", "clock", "medians", "spread", "verdicts"):
        table.add_column(name)
    for one in report.repeated:
        spread = DASH if one.spread is None else f"{one.spread:.1%}"
        medians = one.error or ", ".join(f"{m:.4g}" for m in one.medians_ms)
        lights = ", ".join(f"[{COLOURS[v.light]}]{v.light}[/]" for v in one.verdicts)
        table.add_row(one.method, str(one.size), one.clock, medians, spread, lights)
    return table
