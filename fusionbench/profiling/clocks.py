"""The clocks of a device: what is timed on it has to be waited for.

A GPU works behind the program's back: a call returns when its kernels are queued. So the wall clock
is read only after the device was waited for, and a second clock, events that the device itself
stamps when it comes to them, tells how long the device was at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from fusionbench.profiling.records import DeviceKind

if TYPE_CHECKING:
    import torch


class Device(Protocol):
    """What the timer needs to know of a device."""

    kind: DeviceKind
    name: str

    def synchronize(self) -> None:
        """Wait until the device has done everything that was asked of it."""

    def mark(self) -> Any:
        """Ask the device to note the time when it comes to this point of its work."""

    def between(self, start: Any, end: Any) -> float | None:
        """Milliseconds between two marks, both of them passed; None where there is no clock."""


class CpuDevice:
    """The CPU: work is done when the call returns, and the wall clock is the only one."""

    kind: DeviceKind = "cpu"

    def __init__(self) -> None:
        from fusionbench.manifest import hardware

        self.name = str(hardware("cpu")["processor"])

    def synchronize(self) -> None:
        """Nothing to wait for."""

    def mark(self) -> None:
        """No clock of its own."""

    def between(self, start: None, end: None) -> None:
        """No clock of its own."""


class CudaDevice:
    """A CUDA GPU, with events on the current stream."""

    kind: DeviceKind = "cuda"

    def __init__(self, name: str) -> None:
        import torch

        self._device = torch.device(name)
        self.name = torch.cuda.get_device_name(self._device)

    def synchronize(self) -> None:
        """Wait for all streams of the GPU."""
        import torch

        torch.cuda.synchronize(self._device)

    def mark(self) -> torch.cuda.Event:
        """Record an event on the current stream."""
        import torch

        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record(torch.cuda.current_stream(self._device))
        return event

    def between(self, start: torch.cuda.Event, end: torch.cuda.Event) -> float:
        """CUDA's elapsed time between two events (resolution about half a microsecond)."""
        return float(start.elapsed_time(end))


def open_device(name: str) -> Device:
    """The clocks of a torch device.

    Raises:
        FusionBenchError: It is neither the CPU nor a CUDA GPU.
    """
    from fusionbench.errors import FusionBenchError

    kind = name.partition(":")[0]
    if kind == "cpu":
        return CpuDevice()
    if kind == "cuda":
        return CudaDevice(name)
    raise FusionBenchError(f"--device {name}: profiling knows cpu and cuda devices")
