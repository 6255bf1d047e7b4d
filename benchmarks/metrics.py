"""Time the metrics on one thread: seconds per 640×480 triple, next to other libraries.

Usage: python benchmarks/metrics.py [--repeat 7] [--methods 10] [--every] [--device cuda --batch 32]

A single metric is timed on sources seen for the first time, and with sources that other methods
shared already. Peers (sewar, piq, torchmetrics, scikit-image, pytorch-msssim) are timed in the same
run where they are installed; their ratio says how many times our time they take for both sources.
With ``--device`` the sets are timed batched, in float64, on that torch device.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from fusionbench import Plane, Sources, Triple  # noqa: E402
from fusionbench.conventions import Column, load_conventions  # noqa: E402
from fusionbench.detectors._yolo import make_torchvision_importable  # noqa: E402
from fusionbench.primitives import keep_freed_memory  # noqa: E402

U8 = NDArray[np.uint8]
EIGHT = ("EN", "MI", "SD", "SF", "SSIM", "Qabf", "VIF", "AG")
FOURTEEN = (*EIGHT, "CC", "SCD", "PSNR", "MSE", "Nabf", "MS-SSIM")


def scenes(methods: int, height: int = 480, width: int = 640) -> tuple[U8, U8, list[U8]]:
    """Infrared and visible images with texture, edges and noise, and fused images of them."""
    random = np.random.default_rng(2024)
    y, x = np.mgrid[:height, :width]
    texture = cv2.GaussianBlur(random.normal(0, 60, (height, width)), (0, 0), 2.0)
    ir = 70 + 50 * np.sin(x / 70) + 90 * (np.hypot(x - 300, y - 200) < 60) + texture / 3
    vis = 110 + 60 * np.sign(np.sin(x / 40) * np.sin(y / 55)) + 2 * texture
    vis += random.normal(0, 2, vis.shape)
    shares = np.linspace(0.3, 0.7, methods)
    fused = [share * ir + (1 - share) * vis + random.normal(0, 1, vis.shape) for share in shares]
    made = [np.round(image).clip(0, 255).astype(np.uint8) for image in (ir, vis, *fused)]
    return made[0], made[1], made[2:]


def best(function: Callable[[], object], repeat: int) -> float:
    """The least seconds of several runs, after one that is not counted."""
    function()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def columns_of(names: Sequence[str]) -> list[Column]:
    """The columns of the default convention."""
    return [Column(name, "standard") for name in names]


def seconds(names: Sequence[str], methods: int, repeat: int) -> float:
    """Seconds per fused image for a set of metrics, sources included."""
    ir, vis, fused = scenes(methods)
    columns = columns_of(names)

    def run() -> None:
        sources = Sources(ir, vis)
        for image in fused:
            triple = Triple(sources, image)
            for column in columns:
                column.value(triple)

    return best(run, repeat) / methods


def peers() -> dict[str, list[tuple[str, Callable[[U8, U8], object]]]]:
    """Other libraries' functions of one source and the fused image, by metric."""
    found: dict[str, list[tuple[str, Callable[[U8, U8], object]]]] = {}

    def add(metric: str, library: str, make: Callable[[], Callable[[U8, U8], object]]) -> None:
        try:
            found.setdefault(metric, []).append((library, make()))
        except ImportError:
            print(f"not installed: {library}", file=sys.stderr)

    add("SSIM", "scikit-image", _skimage)
    add("SSIM", "sewar", lambda: _sewar("ssim"))
    add("SSIM", "pytorch-msssim", lambda: _torch("pytorch_msssim", "ssim", data_range=255))
    add("SSIM", "torchmetrics", lambda: _torchmetrics("structural_similarity_index_measure"))
    add("SSIM", "piq", lambda: _torch("piq", "ssim", data_range=255.0, downsample=False))
    add("MS-SSIM", "pytorch-msssim", lambda: _torch("pytorch_msssim", "ms_ssim", data_range=255))
    add("VIF", "sewar", lambda: _sewar("vifp"))
    add("VIF", "torchmetrics", lambda: _torchmetrics("visual_information_fidelity"))
    add("VIF", "piq", lambda: _torch("piq", "vif_p", data_range=255.0))
    return found


def _skimage() -> Callable[[U8, U8], object]:
    structural_similarity = import_module("skimage.metrics").structural_similarity
    options = {"data_range": 255, "gaussian_weights": True, "use_sample_covariance": False}
    return lambda x, f: structural_similarity(x.astype(float), f.astype(float), **options)


def _sewar(name: str) -> Callable[[U8, U8], object]:
    function: Callable[[U8, U8], object] = getattr(import_module("sewar.full_ref"), name)
    return function


def _as_tensor(image: U8) -> Any:
    import torch

    torch.set_num_threads(1)
    return torch.from_numpy(image).to(torch.float64)[None, None]


def _torch(module: str, name: str, **options: Any) -> Callable[[U8, U8], object]:
    function = getattr(import_module(module), name)
    return lambda x, f: function(_as_tensor(x), _as_tensor(f), **options)


def _torchmetrics(name: str) -> Callable[[U8, U8], object]:
    make_torchvision_importable()
    function = getattr(import_module("torchmetrics.functional.image"), name)
    options = {} if "fidelity" in name else {"data_range": 255.0}
    return lambda x, f: function(_as_tensor(f), _as_tensor(x), **options)


def both(function: Callable[[U8, U8], object], ir: U8, vis: U8, fused: U8) -> None:
    """The function of either source and the fused image."""
    function(ir, fused)
    function(vis, fused)


def compare(repeat: int) -> None:
    """Each peer's time for both sources, as a multiple of ours with fresh sources."""
    ir, vis, (fused,) = scenes(1)
    print("\nmetric    library          seconds    times ours")
    for metric, libraries in peers().items():
        ours = seconds([metric], 1, repeat)
        print(f"{metric:9} fusionbench     {ours:8.4f}")
        for library, function in libraries:
            theirs = best(partial(both, function, ir, vis, fused), max(2, repeat // 3))
            print(f"{metric:9} {library:15} {theirs:8.4f} {theirs / ours:10.1f}")


def on_device(device: str, batch: int, repeat: int) -> None:
    """Triples per second of the two sets, batched on a torch device."""
    import torch

    ir, vis, fused = scenes(batch)
    stacks = [
        torch.from_numpy(np.stack(s)).to(device) for s in ([ir] * batch, [vis] * batch, fused)
    ]

    def run(columns: Sequence[Column]) -> None:
        a, b, f = (Plane.of(stack) for stack in stacks)
        triple = Triple(Sources(a, b), f)
        for column in columns:
            column.values(triple)

    for title, names in (("set of 8", EIGHT), ("set of 14", FOURTEEN)):
        spent = best(partial(run, columns_of(names)), repeat)
        print(f"{title:10} {device}, batch of {batch}: {batch / spent:8.1f} triples a second")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--methods", type=int, default=10)
    parser.add_argument("--every", action="store_true", help="time every metric, not the 14 alone")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--device", default="")
    parser.add_argument("--batch", type=int, default=32)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    keep_freed_memory()
    versions = (
        f"NumPy {np.__version__}, OpenCV {cv2.__version__}, Python {platform.python_version()}"
    )
    print(
        f"{platform.processor() or platform.machine()}, one thread; {versions}; 640×480, float64\n"
    )
    if given.device:
        on_device(given.device, given.batch, given.repeat)
        return
    names = tuple(load_conventions()["standard"].metrics) if given.every else FOURTEEN
    print(f"seconds per triple   one method   {given.methods} methods a pair")
    sets = {"set of 8": EIGHT, "set of 14": FOURTEEN, **{name: (name,) for name in names}}
    for title, chosen in sets.items():
        one = seconds(chosen, 1, given.repeat)
        many = seconds(chosen, given.methods, max(2, given.repeat // 3))
        print(f"{title:20} {one:10.4f} {many:12.4f}")
    if not given.no_peers:
        compare(given.repeat)


if __name__ == "__main__":
    main()
