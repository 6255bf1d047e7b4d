"""A fresh process that makes one measurement, and how it is asked for one.

``python -m fusionbench.profiling.worker REQUEST`` reads a
:class:`~fusionbench.profiling.settings.Request` from a JSON file and writes a
:class:`~fusionbench.profiling.settings.Reply` to ``reply.json`` in the request's folder. A method
that raises makes a row with its error; only what kills the process leaves no reply.

``--describe DEVICE`` instead prints what the manifest says of the machine: the driver never opens a
GPU itself, so it is no other process on it. ``--ceilings DEVICE THREADS`` prints what the device
reaches at best.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fusionbench.errors import FusionBenchError
from fusionbench.manifest import hardware
from fusionbench.profiling.ceilings import Ceilings
from fusionbench.profiling.records import Measurement, write_record
from fusionbench.profiling.settings import Reply, Request

Ask = Callable[[Request], Reply]
WORKER = ("-P", "-m", __name__)

log = logging.getLogger(__name__)


def ask(request: Request) -> Reply:
    """Answer a request in a fresh process; one that dies or hangs gives the row of a failure."""
    path = request.work / "request.json"
    reply = request.work / REPLY
    reply.unlink(missing_ok=True)
    write_record(path, request)
    environment = dict.fromkeys(THREAD_VARIABLES, str(request.settings.threads))
    seconds = request.settings.timeout_s
    try:
        done = _run([*WORKER, str(path)], environment, seconds)
    except subprocess.TimeoutExpired:
        return Reply(row=request.failed(f"took longer than {seconds:.0f} s", None))
    log.debug("%s %s", done.stdout, done.stderr)
    if not reply.is_file():
        why = f"signal {-done.returncode}" if done.returncode < 0 else f"code {done.returncode}"
        return Reply(row=request.failed(f"its process ended with {why}", done.stderr[-4000:]))
    return Reply.model_validate_json(reply.read_bytes())


def ask_where_it_runs(request: Request, asking: Ask) -> Reply:
    """Ask; a method that turns out to compute on the CPU is measured on the CPU."""
    reply = asking(request)
    if reply.on_host:
        settings = request.settings.model_copy(update={"device": "cpu"})
        name = str(hardware("cpu")["processor"])
        return asking(request.model_copy(update={"settings": settings, "device_name": name}))
    return reply


def describe(device: str) -> dict[str, Any]:
    """The machine in words, without opening a GPU in this process.

    Raises:
        FusionBenchError: Torch does not know the device, or has none of the kind.
    """
    if device == "cpu":
        return hardware(device)
    done = _run([*WORKER, "--describe", device], {}, 300)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "Error" in line]
        raise FusionBenchError(f"--device {device}: {lines[-1] if lines else done.stderr[-500:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measured_ceilings(device: str, threads: int) -> Ceilings | None:
    """The ceilings of a device, measured in a fresh process; None where that failed."""
    environment = dict.fromkeys(THREAD_VARIABLES, str(threads))
    done = _run([*WORKER, "--ceilings", device, str(threads)], environment, 600)
    if done.returncode:
        log.warning("the ceilings of %s were not measured: %s", device, done.stderr[-500:])
        return None
    return Ceilings.model_validate_json(done.stdout)


def failure_line(method: str, row: Measurement) -> str:
    """One line about a row that was lost."""
    return f"{method} ({row.variant}, {row.size}) was not measured: {row.error}"


def _run(
    arguments: Sequence[str], environment: dict[str, str], seconds: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )


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


def description(device: str) -> str:
    """The machine in words, as JSON; the device is tried."""
    import torch

    torch.empty(1, device=device)
    return json.dumps(hardware(device))


def ceilings(device: str, threads: int) -> str:
    """What the device reaches at best, as JSON (see :mod:`fusionbench.profiling.ceilings`)."""
    from fusionbench.profiling.ceilings import measure
    from fusionbench.profiling.timing import open_device

    use_threads(threads)
    return measure(device, device_name=open_device(device).name).model_dump_json()


def main() -> None:
    """Answer the request that the command line names."""
    if sys.argv[1] == "--describe":
        sys.stdout.write(description(sys.argv[2]))
        return
    if sys.argv[1] == "--ceilings":
        sys.stdout.write(ceilings(sys.argv[2], int(sys.argv[3])))
        return
    request = Request.model_validate_json(Path(sys.argv[1]).read_bytes())
    write_record(request.work / REPLY, work(request))


if __name__ == "__main__":
    main()
