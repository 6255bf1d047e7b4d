"""Observing an NVIDIA GPU through nvidia-ml-py, where that is installed."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

from fusionbench.profiling.records import Snapshot
from fusionbench.profiling.watching import CpuProbe, Probe

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
