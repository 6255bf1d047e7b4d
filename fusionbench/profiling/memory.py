"""Peak memory: of torch's allocator on CUDA, of the process on a CPU."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol

from fusionbench.profiling.records import Memory
from fusionbench.profiling.timing import Device

SELF = Path("/proc/self")


class MemoryMeter(Protocol):
    """Measures from when it is made until it is read."""

    def read(self) -> Memory:
        """The peak so far."""


class CudaMemory:
    """Peaks of torch's caching allocator on one GPU, counted from now.

    What the CUDA context, cuDNN's and cuBLAS's own buffers take is not in it.
    """

    def __init__(self, device: str) -> None:
        import torch

        self._device = torch.device(device)
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(self._device)

    def read(self) -> Memory:
        """Peaks of what tensors took, and of what the allocator held."""
        import torch

        return Memory(
            allocated=torch.cuda.max_memory_allocated(self._device),
            reserved=torch.cuda.max_memory_reserved(self._device),
            how="torch's CUDA allocator",
        )


class CpuMemory:
    """How far the resident memory of this process rises above what it is now.

    Linux forgets the highest value when asked to, so that what the process needed before (to import
    torch) does not hide what it needs from here. Elsewhere the peak of the whole process is
    compared with its peak so far: what stays below that is nothing. On Windows it is unknown.
    """

    def __init__(self) -> None:
        self._exact = _forget_peak()
        self._before = _resident("VmRSS") if self._exact else _peak_of_process()

    def read(self) -> Memory:
        """The growth so far."""
        peak = _resident("VmHWM") if self._exact else _peak_of_process()
        if peak is None or self._before is None:
            return Memory(how="not known on this system")
        how = "VmHWM above VmRSS before loading" if self._exact else "growth of ru_maxrss"
        return Memory(rss_growth=max(0, peak - self._before), how=how)


def meter(device: Device, name: str) -> MemoryMeter:
    """A meter for a device, by its torch name."""
    return CudaMemory(name) if device.kind == "cuda" else CpuMemory()


def _forget_peak() -> bool:
    """Have Linux set ``VmHWM`` to the present ``VmRSS``; False where it cannot be done."""
    try:
        (SELF / "clear_refs").write_text("5", "ascii")
        return _resident("VmHWM") > 0
    except OSError:
        return False


def _resident(field: str) -> int:
    """A field of ``/proc/self/status`` in bytes; 0 where it is not there."""
    for line in (SELF / "status").read_text("utf-8", "replace").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    return 0


def _peak_of_process() -> int | None:
    """The peak resident memory of this process, in bytes; None where it cannot be told."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
