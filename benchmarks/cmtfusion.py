"""Time and memory of CMTFusion's network against the plain transcription of its formulas.

    python benchmarks/cmtfusion.py --threads 2 --repeats 5 --compile

Both run the release variant on one random pair in one process, in turn, on the CPU and on a GPU
where there is one; the medians are compared at 640x480, the peak memory of one call at 1280x1024.
"fused" is what fusing a pair needs (the full-size output); "all levels" is what training needs,
without gradients; "compiled" is "fused" through ``torch.compile``.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor

from fusionbench.methods.cmtfusion.network import CMTFusion
from fusionbench.profiling.measuring import CpuMemory, CudaMemory

SIZE, LARGE = (480, 640), (1024, 1280)
PLAIN = Path(__file__).parent.parent / "tests" / "methods" / "cmtfusion" / "plain.py"

Call = Callable[[Tensor, Tensor], tuple[Tensor, ...]]


def plain_module() -> ModuleType:
    """The transcription, from the tests."""
    spec = spec_from_file_location("cmtfusion_plain", PLAIN)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def calls(device: str, compiled: bool) -> dict[str, Call]:
    """What is compared, the peer first."""
    torch.manual_seed(0)
    plain, network = plain_module(), CMTFusion("release").to(device).eval()
    found: dict[str, Call] = {
        "plain": partial(plain.forward, network.state_dict(), "release"),
        "fused": partial(network, levels=1),
        "all levels": network,
    }
    if compiled:
        faster = copy.deepcopy(network)
        faster.compile()
        found["compiled"] = partial(faster, levels=1)
    return found


def pair(size: tuple[int, int], device: str) -> tuple[Tensor, Tensor]:
    """A random pair in [-1, 1]."""
    ir, vis = torch.rand(2, 1, 1, *size, device=device) * 2 - 1
    return ir, vis


def seconds(call: Callable[[], object], device: str) -> float:
    """Wall time of a call, the GPU's work included."""
    start = time.perf_counter()
    call()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def compare_times(compared: dict[str, Call], device: str, repeats: int) -> None:
    """Medians of calls made in turn, after one of each that does not count."""
    ir, vis = pair(SIZE, device)
    times: dict[str, list[float]] = {name: [] for name in compared}
    for _ in range(repeats + 1):
        for name, call in compared.items():
            times[name].append(seconds(partial(call, ir, vis), device))
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    expected = compared["plain"](ir, vis)[0]
    print(f"{device}, {torch.get_num_threads()} threads, 640x480, {repeats} repeats")
    for name, call in compared.items():
        gap = float((call(ir, vis)[0] - expected).abs().max())
        ratio = medians["plain"] / medians[name]
        print(f"  {name:<10} {medians[name]:8.4f} s   plain / this = {ratio:5.2f}   gap {gap:.1e}")


def compare_memory(compared: dict[str, Call], device: str) -> None:
    """Peak of one call: torch's allocator on a GPU, growth of the process on a CPU."""
    ir, vis = pair(LARGE, device)
    peaks = {}
    for name, call in compared.items():
        meter = CudaMemory(device) if device == "cuda" else CpuMemory()
        call(ir, vis)
        memory = meter.read()
        peaks[name] = (memory.allocated if device == "cuda" else memory.rss_growth) or 0
    print(f"{device}, peak memory of one call at 1280x1024")
    for name, peak in peaks.items():
        ratio = peaks["plain"] / max(peak, 1)
        print(f"  {name:<10} {peak / 2**20:8.0f} MiB plain / this = {ratio:5.2f}")


def main() -> None:
    """Compare on every device there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--compile", action="store_true", help="Also through torch.compile.")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        compared = calls(device, arguments.compile)
        with torch.inference_mode():
            compare_times(compared, device, arguments.repeats)
            compare_memory(compared, device)


if __name__ == "__main__":
    main()
