"""The fuse stage: pairs to 8-bit PNGs. One method is in memory at a time."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from fusionbench.files import digest, sha256_of
from fusionbench.images import U8, luma, read_image, with_chroma, write_png
from fusionbench.manifest import DataSetRecord, PairRecord
from fusionbench.plugins import Method
from fusionbench.rows import Row, RowWriter, latest
from fusionbench.runs import Run
from fusionbench.stages import Overwrite, is_done
from fusionbench.stages.preparing import Prepared

if TYPE_CHECKING:
    import torch

WrittenColour = Literal["keep", "gray"]

log = logging.getLogger(__name__)


class BadOutput(Exception):
    """A method returned something that is not a fused image."""


def fuse(
    run: Run,
    prepared: Prepared,
    dataset: DataSetRecord,
    *,
    colour: WrittenColour = "keep",
    overwrite: Overwrite = "changed",
    seed: int = 0,
    advance: Callable[[], None] = lambda: None,
) -> int:
    """Fuse the pairs of a data set that are not done yet.

    Args:
        run: The run folder.
        prepared: The method.
        dataset: The pairs.
        colour: ``keep`` puts the visible chroma under a fused luma, ``gray`` writes luma alone.
        overwrite: What to do again.
        seed: Seeds torch and NumPy before the method is loaded.
        advance: Called once per pair.

    Returns:
        The number of pairs that failed in this call.
    """
    path = run.fused_rows(dataset.name, prepared.record.name)
    known = latest(path)
    todo = []
    for pair in dataset.pairs:
        target = run.fused_image(dataset, prepared.record, pair)
        if _done(known.get(pair.id), _hash(prepared, pair, colour), target, overwrite):
            advance()
        else:
            todo.append(pair)
    if not todo:
        return 0
    failed = 0
    with RowWriter(path) as rows:
        load_error = _load(prepared.method, seed)
        for pair in todo:
            target = run.fused_image(dataset, prepared.record, pair)
            row = load_error or _fuse_pair(prepared.method, pair, target, colour)
            rows.write({"pair": pair.id, "hash": _hash(prepared, pair, colour), **row})
            failed += "error" in row
            advance()
    return failed


def fuse_arrays(method: Method, ir: U8, vis: U8, colour: WrittenColour = "keep") -> U8:
    """Fuse one pair of 8-bit images with a loaded method.

    Args:
        method: A method whose ``load`` was called.
        ir: H×W or H×W×3; its luma is used.
        vis: H×W luma or H×W×3 RGB.
        colour: See :func:`fuse`.

    Returns:
        H×W or H×W×3 uint8; a method's float output is clipped to [0, 1] and rounded.

    Raises:
        BadOutput: The method returned a wrong shape or values that are not finite.
    """
    import torch

    device = method.setting.device
    seen = luma(vis) if method.card.colour == "luma" else vis
    with torch.inference_mode():
        output = method.fuse(_tensor(luma(ir), device), _tensor(seen, device))
        fused = _bytes(output, ir.shape[:2])
    if colour == "gray":
        return luma(fused)
    if method.card.colour == "luma" and fused.ndim == 2 and vis.ndim == 3:
        return with_chroma(fused, vis)
    return fused


def _tensor(image: U8, device: str) -> torch.Tensor:
    import torch

    planes = image[None] if image.ndim == 2 else np.ascontiguousarray(image.transpose(2, 0, 1))
    return torch.from_numpy(planes)[None].to(device, torch.float32) / 255


def _bytes(output: torch.Tensor, size: tuple[int, ...]) -> U8:
    import torch

    if not isinstance(output, torch.Tensor):
        raise BadOutput(f"fuse returned {type(output).__name__}, expected a tensor")
    if output.ndim != 4 or output.shape[0] != 1 or output.shape[1] not in (1, 3):
        raise BadOutput(f"fuse returned shape {tuple(output.shape)}, expected 1x1xHxW or 1x3xHxW")
    if tuple(output.shape[2:]) != tuple(size):
        raise BadOutput(f"fuse returned size {tuple(output.shape[2:])} for a pair of {tuple(size)}")
    if not bool(torch.isfinite(output).all()):
        raise BadOutput("fuse returned values that are not finite (NaN or infinity)")
    planes = (output[0].clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    return planes[0] if planes.shape[0] == 1 else np.ascontiguousarray(planes.transpose(1, 2, 0))


def _fuse_pair(method: Method, pair: PairRecord, target: Path, colour: WrittenColour) -> Row:
    try:
        ir, vis = read_image(pair.ir), read_image(pair.vis)
        start = time.perf_counter()
        fused = fuse_arrays(method, ir, vis, colour)
        seconds = time.perf_counter() - start
        write_png(target, fused)
    except Exception as error:
        target.unlink(missing_ok=True)
        return _failure(error)
    return {"sha256": sha256_of(target), "seconds": round(seconds, 6)}


def _load(method: Method, seed: int) -> Row | None:
    """Load the method; the row of its failure, or None."""
    import torch

    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (methods may use the legacy generator)
    try:
        method.load()
    except Exception as error:
        return _failure(error)
    return None


def _failure(error: Exception) -> Row:
    log.debug("a method failed", exc_info=error)
    return {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}


def _hash(prepared: Prepared, pair: PairRecord, colour: WrittenColour) -> str:
    return digest([prepared.record.fingerprint, colour, pair.ir_sha256, pair.vis_sha256])


def _done(row: Row | None, hash_: str, target: Path, overwrite: Overwrite) -> bool:
    if row is None:
        return False
    failed = "error" in row
    there = failed or (target.is_file() and sha256_of(target) == row.get("sha256"))
    return is_done(there, failed, row["hash"] == hash_, overwrite)
