"""The timer: warm-up left out, two clocks for every call, statistics that keep their samples."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from fusionbench.profiling.records import DeviceKind, ProfilerCheck, ScopeTimes, Stats
from fusionbench.profiling.settings import Effort

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


Call = Callable[[], Any]
FEW = 10
"""Fewer samples than this are called few."""


def statistics(samples_ms: Sequence[float]) -> Stats:
    """Median, interquartile range, 90th percentile, minimum and count.

    Args:
        samples_ms: At least one sample, in milliseconds.
    """
    low, median, high, p90 = np.percentile(samples_ms, [25, 50, 75, 90])
    return Stats(
        n=len(samples_ms),
        median=float(median),
        iqr=float(high - low),
        p90=float(p90),
        min=float(min(samples_ms)),
    )


def timed(call: Call, device: Device) -> tuple[float, float | None]:
    """Milliseconds of one call by the wall clock and by the device's own (None: it has none).

    The device is idle when both clocks start. The wall clock stops when the device is idle again;
    the device's clock stops when it comes to the end of the call's work.
    """
    device.synchronize()
    start = time.perf_counter()
    first = device.mark()
    call()
    last = device.mark()
    device.synchronize()
    wall = (time.perf_counter() - start) * 1000
    return wall, device.between(first, last)


def time_scope(
    call: Call, device: Device, effort: Effort, ready: Callable[[], None] = lambda: None
) -> ScopeTimes:
    """Warm a call up, then time it again and again.

    Args:
        call: What is timed.
        device: Where it works.
        effort: When to stop.
        ready: Called once, between the warm-up and the first sample.
    """
    warm, warm_s = _warm_up(call, device, effort)
    ready()
    wall: list[float] = []
    own: list[float] = []
    begun = time.perf_counter()
    with _no_garbage_collection():
        while not _enough(len(wall), time.perf_counter() - begun, effort):
            wall_ms, device_ms = timed(call, device)
            wall.append(wall_ms)
            if device_ms is not None:
                own.append(device_ms)
    return ScopeTimes(
        wall_ms=statistics(wall),
        device_ms=statistics(own) if own else None,
        wall_samples_ms=wall,
        device_samples_ms=own or None,
        warmup_calls=warm,
        warmup_s=warm_s,
        short=_short(warm, warm_s, len(wall), effort),
    )


def _warm_up(call: Call, device: Device, effort: Effort) -> tuple[int, float]:
    """Calls made and seconds taken."""
    begun, calls = time.perf_counter(), 0
    while True:
        call()
        device.synchronize()
        calls += 1
        seconds = time.perf_counter() - begun
        reached = calls >= effort.warmup_calls and seconds >= effort.warmup_s
        if reached or seconds >= effort.warmup_limit_s:
            return calls, seconds


def _enough(samples: int, seconds: float, effort: Effort) -> bool:
    if samples >= effort.calls:
        return True
    return samples >= effort.least and seconds >= effort.seconds


def _short(warm: int, warm_s: float, samples: int, effort: Effort) -> str:
    reasons = []
    if warm < effort.warmup_calls:
        reasons.append(f"the warm-up was ended after {warm} calls ({warm_s:.0f} s)")
    if samples < FEW:
        reasons.append(f"only {samples} calls were timed")
    return "; ".join(reasons)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Python's collector may run at any call; it runs before the samples instead."""
    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


CALLS = 20


def compare(call: Call, device: Device, calls: int = CALLS) -> ProfilerCheck:
    """Compare the two clocks on a warm call.

    The events span the kernels and the gaps between them, so their time is at least the kernels'
    (but for what runs on several streams at once); the difference is the time that the GPU waits
    for work.

    Args:
        call: Warmed up.
        device: A CUDA device.
        calls: How many are averaged.
    """
    from torch._C._autograd import DeviceType
    from torch.profiler import ProfilerActivity, profile

    events = [timed(call, device)[1] or 0.0 for _ in range(calls)]
    device.synchronize()
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        for _ in range(calls):
            call()
        device.synchronize()
    microseconds = sum(
        event.self_device_time_total
        for event in profiler.key_averages()
        if event.device_type == DeviceType.CUDA and not event.is_user_annotation
    )
    return ProfilerCheck(
        kernel_ms=microseconds / 1000 / calls, event_ms=sum(events) / calls, calls=calls
    )
