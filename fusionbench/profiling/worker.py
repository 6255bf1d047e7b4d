"""A fresh process that makes one measurement: ``python -m fusionbench.profiling.worker REQUEST``.

It reads a :class:`~fusionbench.profiling.requests.Request` from a JSON file and writes a
:class:`~fusionbench.profiling.requests.Reply` to ``reply.json`` in the request's folder. A method
that raises makes a row with its error; only what kills the process leaves no reply.

``--describe DEVICE`` instead prints what the manifest says of the machine: the driver never opens a
GPU itself, so it is no other process on it. ``--ceilings DEVICE THREADS`` prints what the device
reaches at best.
"""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path

from fusionbench.manifest import hardware
from fusionbench.profiling.records import write_record
from fusionbench.profiling.requests import Reply, Request

REPLY = "reply.json"
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""Read by the libraries below NumPy and torch when they start; the driver sets them."""


def work(request: Request) -> Reply:
    """Measure, or say what went wrong."""
    try:
        use_threads(request.settings.threads)
        from fusionbench.profiling.measuring import measure

        return measure(request)
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        return Reply(row=request.failed(text, traceback.format_exc()))


def use_threads(count: int) -> None:
    """Have torch and OpenCV use that many CPU threads."""
    import cv2
    import torch

    torch.set_num_threads(count)
    cv2.setNumThreads(count)


def describe(device: str) -> str:
    """The machine in words, as JSON; the device is tried."""
    import torch

    torch.empty(1, device=device)
    return json.dumps(hardware(device))


def ceilings(device: str, threads: int) -> str:
    """What the device reaches at best, as JSON (see :mod:`fusionbench.profiling.ceilings`)."""
    from fusionbench.profiling.ceilings import measure
    from fusionbench.profiling.clocks import open_device

    use_threads(threads)
    return measure(device, device_name=open_device(device).name).model_dump_json()


def main() -> None:
    """Answer the request that the command line names."""
    if sys.argv[1] == "--describe":
        sys.stdout.write(describe(sys.argv[2]))
        return
    if sys.argv[1] == "--ceilings":
        sys.stdout.write(ceilings(sys.argv[2], int(sys.argv[3])))
        return
    request = Request.model_validate_json(Path(sys.argv[1]).read_bytes())
    write_record(request.work / REPLY, work(request))


if __name__ == "__main__":
    main()
