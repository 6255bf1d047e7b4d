"""The parts of a measurement: times, memory, what was observed, and the verdict.

:mod:`fusionbench.profiling.records` puts them together and names them all.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Light = Literal["green", "amber", "red"]


class Part(BaseModel):
    """A record that takes no field it does not know."""

    model_config = ConfigDict(extra="forbid")


class Stats(Part):
    """Statistics of samples, in milliseconds.

    Quantiles are interpolated linearly between order statistics (NumPy's default, Hyndman and
    Fan's type 7); ``iqr`` is the third quartile minus the first.
    """

    n: int
    median: float
    iqr: float
    p90: float
    min: float


class ScopeTimes(Part):
    """The time of one scope by both clocks, with every sample that the statistics are of.

    Attributes:
        wall_ms: ``perf_counter``, with the device synchronised before and after.
        device_ms: Events on the device's own clock; null on a CPU.
        wall_samples_ms, device_samples_ms: The samples, in the order they were taken.
        warmup_calls, warmup_s: Calls before the first sample, and how long they took.
        short: Why there were fewer calls than asked for; empty where there were not.
    """

    wall_ms: Stats
    device_ms: Stats | None
    wall_samples_ms: list[float]
    device_samples_ms: list[float] | None
    warmup_calls: int
    warmup_s: float
    short: str = ""


class Memory(Part):
    """Peak memory of loading and fusing (scope ``method``), in bytes.

    Attributes:
        allocated, reserved: CUDA: peaks of torch's allocator, weights included; null on a CPU.
        rss_growth: CPU: by how much the resident memory of the process rose above what it was
            before the method was loaded; null on CUDA.
        how: How ``rss_growth`` was measured, in words.
    """

    allocated: int | None = None
    reserved: int | None = None
    rss_growth: int | None = None
    how: str


class Snapshot(Part):
    """The device as it was observed at one moment; null is unknown. Nothing is ever set.

    Attributes:
        clock_mhz, memory_clock_mhz: The GPU's SM and memory clocks, or the fastest CPU core's.
        temperature_c, power_w: Of the GPU.
        throttle: Reasons for which the GPU slows down, but idleness and applied settings.
        other_processes: Other processes that compute on the GPU.
        load_average: Processes that run or wait, averaged over a minute (CPU).
    """

    clock_mhz: float | None = None
    memory_clock_mhz: float | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    throttle: list[str] | None = None
    other_processes: int | None = None
    load_average: float | None = None


class Watch(Part):
    """What was observed: after the warm-up, after the last sample, and in between.

    Attributes:
        other_cores: CPU cores that other processes kept busy, on average; null is unknown.
        stolen_cores: CPU cores that a hypervisor took away, on average; null is unknown.
        how: Where the observations came from, in words.
    """

    before: Snapshot
    after: Snapshot
    other_cores: float | None = None
    stolen_cores: float | None = None
    how: str


class Verdict(Part):
    """Whether a time can be trusted; the reasons are whole phrases, worst first."""

    light: Light
    reasons: list[str] = Field(default_factory=list)


class Deviation(Part):
    """The largest difference of a variant's output from the fp32 output of the same method.

    Attributes:
        absolute: Of the method's float output, clipped to [0, 1].
        levels: Of the 8-bit images that would be written, in levels of 255.
    """

    absolute: float
    levels: int


class ProfilerCheck(Part):
    """CUDA-event time against the sum of the kernels' times that ``torch.profiler`` saw.

    Attributes:
        kernel_ms: Sum of the kernels' times of one call of ``Method.fuse``, mean over ``calls``.
        event_ms: Mean CUDA-event time of the same number of calls, without the profiler.
    """

    kernel_ms: float
    event_ms: float
    calls: int
