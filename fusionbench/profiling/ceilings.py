"""What a device reaches at best: the two ceilings of a roofline, measured, not read off a sheet.

Arithmetic: products of two large float32 matrices (TF32 off). Memory: ``a = b + s c`` on arrays
that no cache holds (the triad of the STREAM benchmark), three arrays moved. The best of several
calls counts for both, as a ceiling must not be lowered by a disturbance.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from fusionbench.errors import FusionBenchError
from fusionbench.files import write_json
from fusionbench.profiling.records import DeviceKind

FILE = "ceilings.json"
SIDE = {"cpu": 2048, "cuda": 8192}
ELEMENTS = {"cpu": 2**25, "cuda": 2**27}
CALLS_AT_LEAST = 5
MOST_CALLS = 200


class Ceilings(BaseModel):
    """The ceilings of one device with one number of threads.

    Attributes:
        flops_per_second: Floating-point operations per second, two for each multiply-add.
        bytes_per_second: Bytes read and written per second.
        side: The matrices were ``side`` by ``side``.
        elements: Values in each array of the triad.
    """

    model_config = ConfigDict(extra="forbid")

    device_kind: DeviceKind
    device_name: str
    threads: int
    flops_per_second: float
    bytes_per_second: float
    side: int
    elements: int

    @property
    def ridge(self) -> float:
        """FLOPs per byte from which on arithmetic, not memory, is the limit."""
        return self.flops_per_second / self.bytes_per_second


def measure(
    device: str,
    *,
    device_name: str,
    seconds: float = 1.0,
    side: int | None = None,
    elements: int | None = None,
) -> Ceilings:
    """Measure both ceilings with the threads that torch uses now.

    Args:
        device: A torch device: ``cpu``, ``cuda`` or ``cuda:1``.
        device_name: The device in words.
        seconds: For how long each of the two is repeated, at least; at least five calls.
        side: Rows and columns of the matrices; by default what suits the kind of device.
        elements: Values in each array; by default 0.4 GB in all on a CPU, 1.6 GB on a GPU.
    """
    import torch

    kind: DeviceKind = "cuda" if device.startswith("cuda") else "cpu"
    side, elements = side or SIDE[kind], elements or ELEMENTS[kind]
    current = torch.cuda.device(device) if kind == "cuda" else contextlib.nullcontext()
    with current, _float32(), torch.inference_mode():
        product = _best(_product(device, side), device, seconds)
        triad = _best(_triad(device, elements), device, seconds)
    return Ceilings(
        device_kind=kind,
        device_name=device_name,
        threads=torch.get_num_threads(),
        flops_per_second=2 * side**3 / product,
        bytes_per_second=3 * 4 * elements / triad,
        side=side,
        elements=elements,
    )


def _product(device: str, side: int) -> Callable[[], object]:
    import torch

    a, b = (torch.rand(side, side, device=device) for _ in range(2))
    out = torch.empty_like(a)
    return lambda: torch.mm(a, b, out=out)


def _triad(device: str, elements: int) -> Callable[[], object]:
    import torch

    b, c = (torch.rand(elements, device=device) for _ in range(2))
    out = torch.empty_like(b)
    return lambda: torch.add(b, c, alpha=3.0, out=out)


def _best(work: Callable[[], object], device: str, seconds: float) -> float:
    """The shortest call, in seconds, after two that do not count."""
    timed = _timed_on_gpu if device.startswith("cuda") else _timed
    timed(work), timed(work)
    taken = [timed(work)]
    while len(taken) < MOST_CALLS and (len(taken) < CALLS_AT_LEAST or sum(taken) < seconds):
        taken.append(timed(work))
    return min(taken)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _timed_on_gpu(work: Callable[[], object]) -> float:
    """By the GPU's own clock, so that the time to start the work is left out."""
    import torch

    event: Any = torch.cuda.Event
    first, last = (event(enable_timing=True) for _ in range(2))
    first.record()
    work()
    last.record()
    last.synchronize()
    return float(first.elapsed_time(last)) / 1000


@contextlib.contextmanager
def _float32() -> Iterator[None]:
    """Products of float32 in float32, and afterwards as before."""
    import torch

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


_LIST = TypeAdapter(list[Ceilings])


def read_ceilings(folder: Path) -> list[Ceilings]:
    """The ceilings in a profile folder, one for each device and number of threads.

    Raises:
        FusionBenchError: The file cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        return []
    try:
        return _LIST.validate_json(path.read_bytes())
    except ValueError as error:
        raise FusionBenchError(f"{path} cannot be read as ceilings: {error}") from error


def put_ceilings(folder: Path, ceilings: Ceilings) -> Path:
    """Write ceilings into ``profile/ceilings.json``, in the place of older ones of the device."""
    others = [c for c in read_ceilings(folder) if _key(c) != _key(ceilings)]
    path = folder / FILE
    write_json(path, [c.model_dump(mode="json") for c in (*others, ceilings)])
    return path


def _key(ceilings: Ceilings) -> tuple[str, str, int]:
    return ceilings.device_kind, ceilings.device_name, ceilings.threads
