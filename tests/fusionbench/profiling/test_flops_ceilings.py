"""Ceilings of a device: measured against work of known size."""

from __future__ import annotations

import pytest
import torch

from fusionbench.errors import FusionBenchError
from fusionbench.profiling import ceilings
from fusionbench.profiling.ceilings import Ceilings, measure, put_ceilings, read_ceilings


def one(**changed):
    facts = {
        "device_kind": "cpu",
        "device_name": "a",
        "threads": 1,
        "flops_per_second": 4e10,
        "bytes_per_second": 1e10,
        "side": 64,
        "elements": 100,
    }
    return Ceilings(**{**facts, **changed})


def test_rates_are_work_over_the_shortest_call(monkeypatch):
    shortest = iter([0.5, 0.25])
    monkeypatch.setattr(ceilings, "_best", lambda work, device, seconds: next(shortest))
    found = measure("cpu", device_name="here", side=8, elements=1000)
    assert found.flops_per_second == 2 * 8**3 / 0.5
    assert found.bytes_per_second == 3 * 4 * 1000 / 0.25
    assert found.threads == torch.get_num_threads()


def test_shortest_call_counts_after_two_that_do_not(monkeypatch):
    times = iter([0.001, 0.002, 0.9, 0.4, 0.7, 0.8, 0.6, 0.1])
    monkeypatch.setattr(ceilings, "_timed", lambda work: next(times))
    assert ceilings._best(lambda: None, "cpu", 0.0) == 0.4


def test_measured_here_and_precision_restored():
    torch.set_float32_matmul_precision("high")
    try:
        found = measure("cpu", device_name="here", seconds=0.01, side=64, elements=10_000)
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision("highest")
    assert found.flops_per_second > 0 and found.bytes_per_second > 0
    assert found.ridge == pytest.approx(found.flops_per_second / found.bytes_per_second)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu():
    found = measure("cuda", device_name="gpu", seconds=0.1, side=2048, elements=2**24)
    assert found.device_kind == "cuda"
    assert found.flops_per_second > found.bytes_per_second > 1e9


def test_one_entry_for_each_device_and_threads(tmp_path):
    assert read_ceilings(tmp_path) == []
    put_ceilings(tmp_path, one())
    put_ceilings(tmp_path, one(threads=2))
    put_ceilings(tmp_path, one(flops_per_second=5e10))
    assert [(c.threads, c.flops_per_second) for c in read_ceilings(tmp_path)] == [
        (2, 4e10),
        (1, 5e10),
    ]


def test_bad_file_is_named(tmp_path):
    (tmp_path / "ceilings.json").write_text("[{}]")
    with pytest.raises(FusionBenchError, match=r"ceilings\.json cannot be read"):
        read_ceilings(tmp_path)
