"""Observing the machine while it is measured: clocks, heat, power, and who else is at work.

Nothing is ever set. What cannot be observed is null.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fusionbench.profiling.records import Snapshot, Watch

PROC = Path("/proc")


class Probe(Protocol):
    """Something that can be asked for the state of a device."""

    how: str

    def snapshot(self) -> Snapshot:
        """The state now."""


class Watcher:
    """Observes from :meth:`begin` to :meth:`end`; what lies between is what is measured.

    Args:
        probe: Of the device that is measured. The CPU's load is observed in any case: it is what
            feeds a GPU.
    """

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._before: Snapshot | None = None
        self._cpu: CpuTimes | None = None

    def begin(self) -> None:
        """Take the first observation; of several calls the first counts."""
        if self._before is None:
            self._before, self._cpu = self._probe.snapshot(), CpuTimes.now()

    def end(self) -> Watch:
        """Take the last observation."""
        after, cpu = self._probe.snapshot(), CpuTimes.now()
        others = stolen = None
        if self._cpu is not None and cpu is not None:
            others, stolen = cpu.since(self._cpu)
        return Watch(
            before=self._before or after,
            after=after,
            other_cores=others,
            stolen_cores=stolen,
            how=self._probe.how,
        )


@dataclass(frozen=True)
class CpuTimes:
    """Seconds of CPU time since the machine started (all cores) and the moment they were read.

    Attributes:
        busy: Of all processes of the machine.
        stolen: Taken by a hypervisor for other machines.
        own: Of this process and the children that it has waited for.
        at: The moment.
    """

    busy: float
    stolen: float
    own: float
    at: float

    @classmethod
    def now(cls) -> CpuTimes | None:
        """From ``/proc/stat``; None where there is none."""
        try:
            fields = (PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]
        except OSError:
            return None
        user, nice, system, _, _, irq, softirq, steal = (
            int(field) / os.sysconf("SC_CLK_TCK") for field in fields
        )
        own = sum(os.times()[:4])
        return cls(user + nice + system + irq + softirq, steal, own, time.monotonic())

    def since(self, before: CpuTimes) -> tuple[float | None, float | None]:
        """Cores that other processes, and a hypervisor, took on average since then.

        Null for less than a fifth of a second: the kernel counts in hundredths.
        """
        seconds = self.at - before.at
        if seconds < 0.2:
            return None, None
        others = (self.busy - before.busy) - (self.own - before.own)
        return max(0.0, others / seconds), max(0.0, (self.stolen - before.stolen) / seconds)


class CpuProbe:
    """Load average and the clock of the fastest core, from ``/proc``; throttling is unknown."""

    how = "/proc (load average, CPU time of all processes, clock); throttling unknown"

    def snapshot(self) -> Snapshot:
        """The state now."""
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        return Snapshot(load_average=load, clock_mhz=_fastest_core())


def _fastest_core() -> float | None:
    try:
        lines = (PROC / "cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return None
    clocks = [float(line.partition(":")[2]) for line in lines if line.startswith("cpu MHz")]
    return max(clocks, default=None)
