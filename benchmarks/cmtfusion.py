"""Time CMTFusion's network against the plain transcription of its formulas.

Both run the release variant on one 640x480 pair in one process, in turn, and the medians are
compared. Run as ``python benchmarks/cmtfusion.py [--threads 2] [--repeats 5]``. "fused" is what
fusing a pair needs (the full-size output); "all levels" is what training needs, without gradients.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import torch

from fusionbench.methods.cmtfusion.network import CMTFusion

HEIGHT, WIDTH = 480, 640
PLAIN = Path(__file__).parent.parent / "tests" / "methods" / "cmtfusion" / "plain.py"


def plain_module() -> ModuleType:
    spec = spec_from_file_location("cmtfusion_plain", PLAIN)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def seconds(call: Callable[[], object], device: str) -> float:
    start = time.perf_counter()
    call()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def compare(device: str, repeats: int) -> None:
    torch.manual_seed(0)
    plain, network = plain_module(), CMTFusion("release").to(device).eval()
    state = network.state_dict()
    ir, vis = torch.rand(2, 1, 1, HEIGHT, WIDTH, device=device) * 2 - 1
    calls = {
        "plain": lambda: plain.forward(state, "release", ir, vis),
        "fused": lambda: network(ir, vis, levels=1),
        "all levels": lambda: network(ir, vis),
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    with torch.inference_mode():
        for _ in range(repeats + 1):
            for name, call in calls.items():
                times[name].append(seconds(call, device))
        gap = (network(ir, vis, levels=1)[0] - plain.forward(state, "release", ir, vis)[0]).abs()
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    print(f"{device}, {torch.get_num_threads()} threads, {WIDTH}x{HEIGHT}, {repeats} repeats")
    for name, median in medians.items():
        print(f"  {name:<10} {median:8.4f} s   plain / this = {medians['plain'] / median:5.2f}")
    print(f"  largest difference of the fused image: {float(gap.max()):.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        compare(device, arguments.repeats)


if __name__ == "__main__":
    main()
