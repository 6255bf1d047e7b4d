"""Starting a fresh process for a measurement, and living with what becomes of it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from fusionbench.errors import FusionBenchError
from fusionbench.manifest import hardware
from fusionbench.profiling.ceilings import Ceilings
from fusionbench.profiling.records import Measurement, write_record
from fusionbench.profiling.requests import Reply, Request
from fusionbench.profiling.worker import REPLY, THREAD_VARIABLES

Ask = Callable[[Request], Reply]
WORKER = ("-P", "-m", "fusionbench.profiling.worker")

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
