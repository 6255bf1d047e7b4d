"""The timer: it waits for the device, leaves the warm-up out, and keeps its samples."""

from __future__ import annotations

import gc
import queue
import statistics as standard
import threading
import time
from types import SimpleNamespace

import pytest

from fusionbench.profiling import timing
from fusionbench.profiling.settings import Effort, FusionBenchError, parse_size
from fusionbench.profiling.timing import CpuDevice, open_device

DELAY_MS = 40.0


class SleepingDevice:
    """Kernels are sleeps in a thread of their own, so a call returns before its work is done."""

    kind = "cuda"
    name = "sleeping"

    def __init__(self) -> None:
        self.work: queue.Queue = queue.Queue()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            self.work.get()()
            self.work.task_done()

    def launch(self, milliseconds: float) -> None:
        self.work.put(lambda: time.sleep(milliseconds / 1000))

    def synchronize(self) -> None:
        self.work.join()

    def mark(self) -> list:
        stamp: list = []
        self.work.put(lambda: stamp.append(time.perf_counter()))
        return stamp

    def between(self, start: list, end: list) -> float:
        return (end[0] - start[0]) * 1000


class VirtualDevice:
    """A device on a clock that moves only when something takes time: exact on any machine.

    A call costs the host ``HOST_MS`` and the device what :meth:`launch` says.
    """

    kind = "cuda"
    name = "virtual"
    HOST_MS = 1.0

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = self.free_at = 0.0
        clock = SimpleNamespace(perf_counter=lambda: self.now / 1000)
        monkeypatch.setattr(timing, "time", clock)

    def launch(self, milliseconds: float) -> None:
        self.now += self.HOST_MS
        self.free_at = max(self.now, self.free_at) + milliseconds

    def synchronize(self) -> None:
        self.now = max(self.now, self.free_at)

    def mark(self) -> float:
        return max(self.now, self.free_at)

    def between(self, start: float, end: float) -> float:
        return end - start


@pytest.fixture
def virtual(monkeypatch: pytest.MonkeyPatch) -> VirtualDevice:
    return VirtualDevice(monkeypatch)


def test_both_clocks_wait_for_a_sleeping_kernel() -> None:
    device = SleepingDevice()
    start = time.perf_counter()
    device.launch(DELAY_MS)
    careless = (time.perf_counter() - start) * 1000
    wall, own = timing.timed(lambda: device.launch(DELAY_MS), device)
    assert careless < DELAY_MS <= own <= wall


def test_work_left_over_from_before_is_not_timed(virtual: VirtualDevice) -> None:
    virtual.launch(500)
    wall, own = timing.timed(lambda: virtual.launch(30), virtual)
    assert wall == pytest.approx(31)
    assert own == pytest.approx(31)


def test_the_warm_up_is_left_out(virtual: VirtualDevice) -> None:
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1
        virtual.launch(900 if calls <= 10 else 5)

    times = timing.time_scope(call, virtual, Effort(warmup_calls=10, warmup_s=1.0))
    assert times.warmup_calls == 10
    assert times.warmup_s == pytest.approx(9.01)
    assert times.wall_samples_ms == pytest.approx([6] * 100)
    assert times.device_samples_ms == pytest.approx([6] * 100)
    assert calls == 110 and times.short == ""


def test_a_warm_up_lasts_for_its_calls_and_its_seconds(virtual: VirtualDevice) -> None:
    quick = timing.time_scope(lambda: virtual.launch(3), virtual, Effort())
    assert quick.warmup_calls == 250  # 4 ms each, one second
    slow = timing.time_scope(lambda: virtual.launch(2999), virtual, Effort())
    assert slow.warmup_calls == 10 and slow.warmup_s == pytest.approx(30)
    endless = timing.time_scope(lambda: virtual.launch(24_999), virtual, Effort())
    assert endless.warmup_calls == 3
    assert endless.wall_ms.n == 5
    assert "after 3 calls (75 s)" in endless.short and "only 5 calls" in endless.short


@pytest.mark.parametrize(("milliseconds", "samples"), [(1, 100), (20, 100), (61.5, 48), (2999, 5)])
def test_the_measurement_ends_with_calls_or_seconds(
    virtual: VirtualDevice, milliseconds: float, samples: int
) -> None:
    times = timing.time_scope(lambda: virtual.launch(milliseconds), virtual, Effort())
    assert times.wall_ms.n == len(times.wall_samples_ms) == samples


def test_the_observer_is_called_once_between_warm_up_and_samples(virtual: VirtualDevice) -> None:
    events: list[str] = []

    def call() -> None:
        events.append("call")
        virtual.launch(1)

    effort = Effort(warmup_calls=3, warmup_s=0, calls=4)
    timing.time_scope(call, virtual, effort, lambda: events.append("ready"))
    assert events == ["call"] * 3 + ["ready"] + ["call"] * 4


def test_the_collector_rests_while_samples_are_taken_and_not_after() -> None:
    states = []
    effort = Effort(warmup_calls=1, warmup_s=0, calls=2)
    with pytest.raises(ZeroDivisionError):
        timing.time_scope(
            lambda: states.append(gc.isenabled()) or 1 // (3 - len(states)), CpuDevice(), effort
        )
    assert states == [True, False, False]
    assert gc.isenabled()


def test_statistics_agree_with_the_standard_library() -> None:
    samples = [5.0, 1.0, 9.5, 2.0, 7.25, 3.0, 3.5]
    quartiles = standard.quantiles(samples, n=4, method="inclusive")
    found = timing.statistics(samples)
    assert found.median == pytest.approx(standard.median(samples))
    assert found.iqr == pytest.approx(quartiles[2] - quartiles[0])
    assert found.p90 == pytest.approx(standard.quantiles(samples, n=10, method="inclusive")[8])
    assert (found.min, found.n) == (1.0, 7)


def test_one_sample_has_no_spread() -> None:
    found = timing.statistics([4.0])
    assert (found.median, found.iqr, found.p90, found.min, found.n) == (4, 0, 4, 4, 1)


def test_a_cpu_has_the_wall_clock_alone() -> None:
    device = open_device("cpu")
    times = timing.time_scope(lambda: None, device, Effort(warmup_calls=1, warmup_s=0, calls=3))
    assert device.kind == "cpu"
    assert times.device_ms is None and times.device_samples_ms is None
    assert times.wall_ms.n == 3


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(FusionBenchError, match="mps"):
        open_device("mps")


def test_sizes_are_read() -> None:
    assert str(parse_size("640x480")) == str(parse_size(" 640×480 ")) == "640x480"
    for text in ("640", "640x", "x480", "16x480", "640x480x3", "-640x480"):
        with pytest.raises(FusionBenchError, match="WIDTHxHEIGHT"):
            parse_size(text)
