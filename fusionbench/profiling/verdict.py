"""From what was observed to a verdict that a reader can check."""

from __future__ import annotations

from collections.abc import Mapping

from fusionbench.profiling.parts import Light
from fusionbench.profiling.records import (
    DeviceKind,
    Scope,
    ScopeTimes,
    Snapshot,
    Verdict,
    Watch,
)

SPREAD = 0.05
DRIFT = 0.03
TAKEN = 0.05
TAKEN_BADLY = 0.25
"""Shares of the machine's cores that others may take before a CPU time is amber, and red."""

Reason = tuple[Light, str]
_ORDER: tuple[Light, ...] = ("green", "amber", "red")


def judge(
    scopes: Mapping[Scope, ScopeTimes], watch: Watch, kind: DeviceKind, threads: int, cores: int
) -> Verdict:
    """The verdict of a measurement.

    Red: the GPU was throttled, or other processes computed on it; on a CPU, others took a quarter
    of the cores or more, and needed some that the method's threads needed too. Amber: an
    interquartile range over 5 % of the median (either clock; the short host-to-device transfer is
    not judged), a GPU clock that moved by more than 3 %, others at work on a CPU for over 5 % of
    its cores, fewer calls than asked for, or a GPU that could not be observed. Else green.

    Args:
        scopes: The times.
        watch: What was observed around them.
        kind: Of the device.
        threads: CPU threads of the method.
        cores: CPU cores of the machine.
    """
    device = _gpu(watch) if kind == "cuda" else _cpu(watch, threads, cores)
    reasons = sorted([*device, *_times(scopes)], key=lambda r: -_ORDER.index(r[0]))
    return Verdict(light=reasons[0][0] if reasons else "green", reasons=[r for _, r in reasons])


def _times(scopes: Mapping[Scope, ScopeTimes]) -> list[Reason]:
    found: list[Reason] = []
    for scope, times in scopes.items():
        if scope == "transfer":
            continue
        for clock, stats in (("wall", times.wall_ms), ("device", times.device_ms)):
            if stats is not None and stats.iqr > SPREAD * stats.median:
                share = stats.iqr / stats.median if stats.median else float("inf")
                found.append(("amber", f"{scope}: IQR is {share:.0%} of the {clock} median"))
        if times.short:
            found.append(("amber", f"{scope}: {times.short}"))
    return found


def _gpu(watch: Watch) -> list[Reason]:
    found: list[Reason] = []
    seen = (watch.before, watch.after)
    throttle = sorted({reason for s in seen for reason in s.throttle or ()})
    if throttle:
        found.append(("red", f"the GPU was throttled: {', '.join(throttle)}"))
    others = max(s.other_processes or 0 for s in seen)
    if others:
        found.append(("red", f"{others} other processes were on the GPU"))
    if unknown := _unknown(seen):
        found.append(("amber", f"not observed: {', '.join(unknown)}"))
    before, after = (s.clock_mhz for s in seen)
    if before and after and abs(after / before - 1) > DRIFT:
        found.append(("amber", f"the GPU's clock went from {before:.0f} to {after:.0f} MHz"))
    return found


def _unknown(seen: tuple[Snapshot, Snapshot]) -> list[str]:
    facts: dict[str, list[object]] = {
        "clock": [s.clock_mhz for s in seen],
        "throttling": [s.throttle for s in seen],
        "other processes": [s.other_processes for s in seen],
    }
    return [name for name, values in facts.items() if None in values]


def _cpu(watch: Watch, threads: int, cores: int) -> list[Reason]:
    if watch.other_cores is None:
        return [("amber", "not observed: other processes")]
    taken = watch.other_cores + (watch.stolen_cores or 0.0)
    if taken <= TAKEN * cores:
        return []
    text = f"others took {taken:.1f} of the machine's {cores} cores from {threads} threads"
    if taken >= TAKEN_BADLY * cores and threads > cores - taken:
        return [("red", text)]
    return [("amber", text.replace(f" from {threads} threads", ""))]
