"""Observing the machine while it is measured: clocks, heat, power, and who else is at work.

Nothing is ever set. What cannot be observed is null.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fusionbench.profiling.records import (
    DeviceKind,
    Light,
    Scope,
    ScopeTimes,
    Snapshot,
    Verdict,
    Watch,
)

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
            fields = (PROC / "stat").read_text("ascii").split("\n", 1)[0].split()[1:9]
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
        lines = (PROC / "cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    clocks = [float(line.partition(":")[2]) for line in lines if line.startswith("cpu MHz")]
    return max(clocks, default=None)


HARMLESS = ("GpuIdle", "ApplicationsClocksSetting", "None", "All")
"""Reasons for a lower clock that are no throttling: idleness, and clocks that an owner set."""


class UnknownGpu:
    """A GPU that cannot be observed."""

    how = "nothing (nvidia-ml-py is not installed, or finds no GPU): pip install nvidia-ml-py"

    def snapshot(self) -> Snapshot:
        """Nothing is known but the CPU's load."""
        return Snapshot(load_average=CpuProbe().snapshot().load_average)


class NvmlProbe:
    """One GPU seen through NVML.

    Args:
        nvml: The module ``pynvml``, initialised.
        handle: The GPU.
    """

    how = "NVML (clocks, temperature, power, throttle reasons, compute processes)"

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml, self._handle = nvml, handle

    def snapshot(self) -> Snapshot:
        """The state now; a value that this GPU does not tell is null."""
        nvml, handle = self._nvml, self._handle
        milliwatts = self._ask(lambda: nvml.nvmlDeviceGetPowerUsage(handle))
        return Snapshot(
            clock_mhz=self._ask(lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM)),
            memory_clock_mhz=self._ask(
                lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM)
            ),
            temperature_c=self._ask(
                lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)
            ),
            power_w=None if milliwatts is None else milliwatts / 1000,
            throttle=self._ask(self._throttle),
            other_processes=self._ask(self._others),
            load_average=CpuProbe().snapshot().load_average,
        )

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except self._nvml.NVMLError:
            return None

    def _throttle(self) -> list[str]:
        nvml, prefix = self._nvml, "nvmlClocksThrottleReason"
        bits = nvml.nvmlDeviceGetCurrentClocksThrottleReasons(self._handle)
        names = [n for n in dir(nvml) if n.startswith(prefix)]
        reasons = {n.removeprefix(prefix): int(getattr(nvml, n)) for n in names}
        return sorted(n for n, bit in reasons.items() if bit & bits and n not in HARMLESS)

    def _others(self) -> int:
        """Compute processes but this one, which a container may know by another number."""
        found = self._nvml.nvmlDeviceGetComputeRunningProcesses(self._handle)
        others = [process for process in found if process.pid != os.getpid()]
        hidden = len(others) == len(found) and _has_context()
        return max(0, len(others) - hidden)


def _has_context() -> bool:
    import torch

    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]


def gpu_probe(device: str) -> Probe:
    """A probe of a CUDA device, found by its UUID, which no environment variable renumbers."""
    import torch

    try:
        pynvml: Any = importlib.import_module("pynvml")
        pynvml.nvmlInit()
        index = torch.device(device).index
        at = torch.cuda.current_device() if index is None else index
        uuid = str(torch.cuda.get_device_properties(at).uuid)
        name = uuid if uuid.startswith("GPU-") else f"GPU-{uuid}"
        return NvmlProbe(pynvml, pynvml.nvmlDeviceGetHandleByUUID(name))
    except Exception:
        return UnknownGpu()


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
