"""One measurement, in the process that it is made in.

Peak memory is that of torch's allocator on CUDA, of the process on a CPU.
"""

from __future__ import annotations

import os
import sys
from copy import copy
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from fusionbench.opened import Watch, watching
from fusionbench.plugins import Method
from fusionbench.profiling.modules import (
    RESHAPING,
    Observed,
    computes_on_host,
    deviation,
    observe,
    precision,
    reshape,
)
from fusionbench.profiling.records import Measurement, Memory, Scope, ScopeTimes
from fusionbench.profiling.scopes import Images, fusing, other_calls
from fusionbench.profiling.settings import Reply, Request
from fusionbench.profiling.timing import Call, Device, open_device, time_scope, timed
from fusionbench.profiling.watching import CpuProbe, Probe, Watcher, judge
from fusionbench.seeding import seed_all
from fusionbench.stages.preparing import prepare_methods
from fusionbench.weights import WeightsFinder

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


def measure(request: Request, device: Device | None = None, probe: Probe | None = None) -> Reply:
    """Measure a method at one size in one variant.

    Loading and the first call are timed before anything else runs. Then ``method`` is timed, the
    peak memory read, and the other scopes are timed; the count of FLOPs and the comparison with
    fp32 come last, so that they disturb nothing.

    Args:
        request: What to measure.
        device: The clocks; by default those of the device that the request names.
        probe: What observes it; by default the one for that device.
    """
    clock = device or open_device(request.settings.device)
    method, watch = make(request)
    images = Images.open(request.ir, request.vis, method.card.colour)
    with precision(request.variant, clock.kind):
        row = request.row(clock.name)
        memory = meter(clock, request.settings.device)
        call = fusing(method, images)
        with watching(watch):
            row.load_ms = timed(lambda: load(method, request.settings.seed), clock)[0]
            row.cold_start_ms = timed(call, clock)[0]
        row.files = watch.states() if watch else []
        if clock.kind != "cpu" and computes_on_host(call, images.ir.numel()):
            return Reply(on_host=True)
        observed = None
        if request.variant != "fp32":
            observed = observe(call)
            if not observed.passes:
                return Reply(no_model=True)
            _change(row, observed, call, clock)
        watcher = Watcher(probe or _probe(clock, request.settings.device))
        _time_method(row, request, call, clock, watcher)
        row.memory = memory.read()
        observed = observed or observe(call)
        _time_others(row, request, method, images, observed, clock, watcher)
        row.watch = watcher.end()
        if request.settings.compare_profiler and clock.kind == "cuda":
            from fusionbench.profiling.timing import compare

            row.profiler = compare(call, clock)
    row.parameters = observed.parameters
    row.modules = [type(module).__name__ for module in observed.outermost]
    _compare_with_fp32(row, request, method, images, call, clock)
    row.verdict = judge(row.scopes, row.watch, clock.kind, row.threads, os.cpu_count() or 1)
    return Reply(row=row)


def make(request: Request) -> tuple[Method, Watch | None]:
    """The method that a request names, not loaded, and what notices the files that it opens."""
    name = request.method
    (prepared,) = prepare_methods(
        name,
        weights=() if request.weights is None else [f"{name}={request.weights}"],
        options=[f"{name}.{key}={value}" for key, value in request.options.items()],
        device=request.settings.device,
        finder=WeightsFinder(request.weights_folders),
    )
    return copy(prepared.method), prepared.watch()


def load(method: Method, seed: int) -> None:
    """Load a method as the fuse stage does: with the random generators seeded."""
    seed_all(seed)
    method.load()


def _probe(clock: Device, device: str) -> Probe:
    if clock.kind == "cpu":
        return CpuProbe()
    from fusionbench.profiling.watching import gpu_probe

    return gpu_probe(device)


def _change(row: Measurement, observed: Observed, call: Call, clock: Device) -> None:
    """Apply a variant that changes modules; its first call is a cold start of another kind."""
    reshape(row.variant, observed.outermost)
    if row.variant in RESHAPING:
        row.cold_start_ms = timed(call, clock)[0] if row.variant == "compile" else None


def _time_method(
    row: Measurement, request: Request, call: Call, clock: Device, watcher: Watcher
) -> None:
    if "method" in request.settings.scopes:
        row.scopes["method"] = time_scope(call, clock, request.settings.effort, watcher.begin)


def _time_others(
    row: Measurement,
    request: Request,
    method: Method,
    images: Images,
    observed: Observed,
    clock: Device,
    watcher: Watcher,
) -> None:
    found: dict[Scope, ScopeTimes] = {}
    effort = request.settings.effort
    if row.scopes:
        effort = effort.again()
    for scope, call in other_calls(method, images, observed, request.work / "fused.png").items():
        if scope in request.settings.scopes:
            found[scope] = time_scope(call, clock, effort, watcher.begin)
    row.scopes.update(found)


def _compare_with_fp32(
    row: Measurement, request: Request, method: Method, images: Images, call: Call, clock: Device
) -> None:
    """Count FLOPs, and compare a variant's output with that of a fresh copy in plain fp32."""
    plain = method
    if request.variant != "fp32":
        with precision(request.variant, clock.kind):
            output = call()
        plain, _ = make(request)
        load(plain, request.settings.seed)
        with precision("fp32", clock.kind):
            row.deviation = deviation(output, fusing(plain, images)())
    if request.settings.count:
        _count(row, plain, images)


def _count(row: Measurement, method: Method, images: Images) -> None:
    from fusionbench.profiling import flops

    try:
        counted: Any = flops.count(method, *images.on(method.setting.device))
    except Exception as error:
        row.flops_error = f"{type(error).__name__}: {error}"
        return
    if counted is not None:
        row.flops = {**asdict(counted), "flops": counted.flops}
