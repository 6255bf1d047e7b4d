"""Verdicts, and the observations that they rest on."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fusionbench.profiling import measuring, watching
from fusionbench.profiling.records import ScopeTimes, Snapshot, Watch
from fusionbench.profiling.timing import statistics
from fusionbench.profiling.watching import CpuTimes, NvmlProbe, judge

STEADY = [10.0, 10.1, 9.9, 10.0, 10.0]
GPU = {"clock_mhz": 1980.0, "throttle": [], "other_processes": 0}


def times(wall=STEADY, own=None, short: str = "") -> ScopeTimes:
    return ScopeTimes(
        wall_ms=statistics(wall),
        device_ms=statistics(own) if own else None,
        wall_samples_ms=wall,
        device_samples_ms=own,
        warmup_calls=10,
        warmup_s=1.0,
        short=short,
    )


def watch(before: dict | None = None, after: dict | None = None, **more) -> Watch:
    return Watch(before=Snapshot(**(before or {})), after=Snapshot(**(after or {})), how="", **more)


def on_gpu(scopes=None, **after):
    seen = watch(GPU, {**GPU, **after}, other_cores=8.0)
    return judge(scopes or {"method": times(own=STEADY)}, seen, "cuda", 1, 16)


def on_cpu(threads: int, cores: int, others: float | None, stolen: float = 0.0):
    seen = watch(other_cores=others, stolen_cores=stolen)
    return judge({"method": times()}, seen, "cpu", threads, cores)


def test_a_quiet_gpu_is_green() -> None:
    assert on_gpu().light == "green" and on_gpu().reasons == []


@pytest.mark.parametrize(
    ("after", "light", "words"),
    [
        ({"throttle": ["SwPowerCap"]}, "red", "throttled: SwPowerCap"),
        ({"other_processes": 2}, "red", "2 other processes"),
        ({"clock_mhz": 1900.0}, "amber", "from 1980 to 1900 MHz"),
        ({"clock_mhz": 1930.0}, "green", None),
        ({"throttle": None}, "amber", "not observed: throttling"),
    ],
)
def test_what_a_gpu_shows_decides(after: dict, light: str, words: str | None) -> None:
    verdict = on_gpu(**after)
    assert verdict.light == light
    assert [words in reason for reason in verdict.reasons] == ([True] if words else [])


@pytest.mark.parametrize(("clock", "name"), [("wall", "wall"), ("own", "device")])
def test_a_wide_spread_is_amber_on_either_clock(clock: str, name: str) -> None:
    wide = [9.7, 10.3, 9.7, 10.0, 10.3, 9.7, 10.3]
    scopes = {"method": times(**{"wall": STEADY, "own": STEADY, clock: wide})}
    verdict = on_gpu(scopes)
    assert verdict.light == "amber"
    assert verdict.reasons == [f"method: IQR is 6% of the {name} median"]
    assert on_gpu({"transfer": scopes["method"]}).light == "green"


def test_exactly_five_per_cent_is_still_green() -> None:
    samples = [100.0, 97.5, 102.5, 97.5, 102.5]
    assert statistics(samples).iqr == 5.0
    assert on_gpu({"method": times(samples, samples)}).light == "green"


def test_short_measurements_are_amber_and_say_so() -> None:
    verdict = on_gpu({"method": times(own=STEADY, short="only 5 calls were timed")})
    assert verdict.light == "amber" and verdict.reasons == ["method: only 5 calls were timed"]


def test_the_worst_reason_comes_first() -> None:
    verdict = on_gpu(clock_mhz=1000.0, throttle=["HwThermalSlowdown"])
    assert verdict.light == "red" and len(verdict.reasons) == 2
    assert "throttled" in verdict.reasons[0]


@pytest.mark.parametrize(
    ("threads", "cores", "others", "stolen", "light"),
    [
        (2, 2, 0.05, 0.0, "green"),
        (2, 2, 0.3, 0.0, "amber"),
        (2, 2, 1.5, 0.0, "red"),
        (2, 2, 0.2, 0.6, "red"),
        (1, 16, 6.0, 0.0, "amber"),
        (12, 16, 6.0, 0.0, "red"),
        (2, 2, None, 0.0, "amber"),
    ],
)
def test_others_at_work_on_the_cpu(threads, cores, others, stolen, light) -> None:
    verdict = on_cpu(threads, cores, others, stolen)
    assert verdict.light == light
    assert bool(verdict.reasons) == (light != "green")


def test_cpu_time_of_others_is_what_is_busy_and_not_own() -> None:
    before = CpuTimes(busy=100.0, stolen=5.0, own=10.0, at=0.0)
    others, stolen = CpuTimes(busy=116.0, stolen=6.0, own=18.0, at=4.0).since(before)
    assert (others, stolen) == (2.0, 0.25)
    assert CpuTimes(busy=100.0, stolen=5.0, own=10.0, at=0.1).since(before) == (None, None)


def test_proc_stat_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tick = os.sysconf("SC_CLK_TCK")
    fields = [tick * n for n in (10, 1, 4, 500, 70, 2, 3, 6, 0, 0)]
    (tmp_path / "stat").write_text("cpu  " + " ".join(map(str, fields)) + "\ncpu0 1 2 3\n")
    monkeypatch.setattr(watching, "PROC", tmp_path)
    seen = CpuTimes.now()
    assert seen is not None and (seen.busy, seen.stolen) == (20.0, 6.0)
    monkeypatch.setattr(watching, "PROC", tmp_path / "nowhere")
    assert CpuTimes.now() is None


class FakeNvml(SimpleNamespace):
    """As much of ``pynvml`` as a snapshot asks for."""

    class NVMLError(Exception):
        pass

    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU = 1, 2, 0
    nvmlClocksThrottleReasonGpuIdle = 1
    nvmlClocksThrottleReasonSwPowerCap = 4
    nvmlClocksThrottleReasonHwSlowdown = 8
    nvmlClocksThrottleReasonNone = 0
    nvmlClocksThrottleReasonAll = 0xFF
    reasons, pids = 1 | 4, (7, 8)

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle) -> int:
        return self.reasons

    def nvmlDeviceGetClockInfo(self, handle, which) -> int:
        return {1: 1980, 2: 2619}[which]

    def nvmlDeviceGetTemperature(self, handle, which) -> int:
        return 41

    def nvmlDeviceGetPowerUsage(self, handle) -> int:
        raise self.NVMLError("not supported")

    def nvmlDeviceGetComputeRunningProcesses(self, handle) -> list:
        return [SimpleNamespace(pid=pid) for pid in self.pids]


def test_a_gpu_is_asked_and_what_it_does_not_tell_is_null(monkeypatch) -> None:
    monkeypatch.setattr(watching, "_has_context", lambda: False)
    seen = NvmlProbe(FakeNvml(), None).snapshot()
    assert (seen.clock_mhz, seen.memory_clock_mhz, seen.temperature_c) == (1980, 2619, 41)
    assert seen.power_w is None
    assert seen.throttle == ["SwPowerCap"]
    assert seen.other_processes == 2


@pytest.mark.parametrize(
    ("pids", "context", "others"),
    [((), True, 0), (("own",), True, 0), (("own", 8), True, 1), ((7,), True, 0), ((7, 8), True, 1)],
)
def test_this_process_is_no_other_process(monkeypatch, pids, context, others) -> None:
    """In a container the own process may be listed under a number that it does not know."""
    monkeypatch.setattr(watching, "_has_context", lambda: context)
    numbers = tuple(os.getpid() if pid == "own" else pid for pid in pids)
    assert NvmlProbe(FakeNvml(pids=numbers), None).snapshot().other_processes == others


def test_memory_growth_holds_what_was_freed_again() -> None:
    meter = measuring.CpuMemory()
    np.ones(8_000_000).sum()
    grown = meter.read()
    assert grown.rss_growth is not None and 60e6 < grown.rss_growth < 200e6
    assert grown.allocated is None and grown.reserved is None


def test_memory_where_linux_does_not_forget(monkeypatch: pytest.MonkeyPatch) -> None:
    peaks = iter([100, 130])
    monkeypatch.setattr(measuring, "_forget_peak", lambda: False)
    monkeypatch.setattr(measuring, "_peak_of_process", lambda: next(peaks))
    assert measuring.CpuMemory().read().rss_growth == 30
