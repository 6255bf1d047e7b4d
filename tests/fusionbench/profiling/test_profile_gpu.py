"""What only a CUDA GPU can show."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from fusionbench.profiling.measuring import CudaMemory, measure
from fusionbench.profiling.records import Size
from fusionbench.profiling.scopes import make_inputs
from fusionbench.profiling.settings import Effort, ProfileSettings, Reply, Request
from fusionbench.profiling.timing import CudaDevice, compare, time_scope, timed
from fusionbench.profiling.watching import gpu_probe

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
QUICK = Effort(warmup_calls=3, warmup_s=0.1, calls=20)


def request(method: str, folder: Path, **choices) -> Request:
    size = Size(width=320, height=240)
    inputs = make_inputs(size, folder)
    settings = {"device": "cuda", "threads": 1, "effort": QUICK, "compare_profiler": True}
    return Request(
        method=method,
        settings=ProfileSettings(**settings),
        size=size,
        images=inputs.what,
        ir=inputs.ir,
        vis=inputs.vis,
        hash="",
        position=0,
        work=folder,
        **choices,
    )


def test_events_wait_for_a_kernel_of_known_length() -> None:
    device = CudaDevice("cuda")
    cycles = 20_000_000
    timed(lambda: torch.cuda._sleep(cycles), device)
    wall, own = timed(lambda: torch.cuda._sleep(cycles), device)
    twice = timed(lambda: torch.cuda._sleep(2 * cycles), device)[1]
    assert own is not None and twice is not None
    assert 0.5 < own <= wall
    assert twice == pytest.approx(2 * own, rel=0.2)


def test_events_agree_with_the_profilers_kernels() -> None:
    device = CudaDevice("cuda")
    x = torch.ones(4096, 4096, device="cuda")
    time_scope(lambda: x @ x, device, QUICK)
    found = compare(lambda: x @ x, device)
    assert found.kernel_ms == pytest.approx(found.event_ms, rel=0.1)


def test_memory_is_the_allocators_peak() -> None:
    meter = CudaMemory("cuda")
    before = meter.read().allocated
    torch.ones(8_000_000, device="cuda").sum().item()
    after = meter.read()
    assert before is not None and after.allocated is not None and after.reserved is not None
    assert after.allocated - before >= 32_000_000
    assert after.reserved >= after.allocated and after.rss_growth is None


def test_the_gpu_is_observed_where_nvml_is_there() -> None:
    pytest.importorskip("pynvml")
    torch.ones(1, device="cuda")
    seen = gpu_probe("cuda").snapshot()
    assert seen.clock_mhz is not None and seen.clock_mhz > 0
    assert seen.throttle is not None


def test_a_method_of_tensors_has_both_clocks_and_a_transfer(tmp_path: Path) -> None:
    row = measure(request("average", tmp_path)).row
    assert row is not None and row.error is None and row.device_kind == "cuda"
    assert set(row.scopes) == {"method", "end_to_end", "transfer"}
    for times in row.scopes.values():
        assert times.device_ms is not None and times.device_ms.median <= times.wall_ms.median
    assert row.memory is not None and row.memory.allocated


def test_a_method_that_computes_on_the_host_gets_no_gpu_time(tmp_path: Path) -> None:
    assert measure(request("laplacian", tmp_path)) == Reply(on_host=True)


@pytest.mark.parametrize("variant", ["fp32", "tf32", "amp", "channels-last"])
def test_variants_of_a_network(tmp_path: Path, variant: str) -> None:
    asked = request("cmtfusion", tmp_path, weights="retrained", variant=variant)
    row = measure(asked).row
    assert row is not None and row.scopes["model"].device_ms is not None
    assert row.scopes["model"].device_ms.median <= 1.2 * row.scopes["method"].device_ms.median
    assert (row.deviation is None) == (variant == "fp32")
    if row.deviation is not None:
        assert row.deviation.levels <= 16
    assert row.profiler is not None and 0 < row.profiler.kernel_ms < 1.1 * row.profiler.event_ms
