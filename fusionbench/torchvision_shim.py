"""Making torchvision importable where its compiled operators do not fit the installed torch.

The registry's torchvision is built for CUDA. Beside a CPU build of torch its library does not load,
and ``import torchvision`` stops with ``operator torchvision::nms does not exist``; whatever imports
it stops with it. Declaring the operator in plain torch before the import is enough for what is used
here (non-maximum suppression); ``torchvision.io`` and ``roi_align`` stay unavailable.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_libraries: list[Any] = []  # operators vanish with their Library object


def make_torchvision_importable() -> bool:
    """Import torchvision, declaring the operators that it lacks only where it needs them.

    Returns:
        Whether the operators declared here are in use. False where torchvision loads by itself,
        and where it is not installed.

    Raises:
        RuntimeError: It is installed and cannot be imported for another reason.
    """
    if _libraries or "torchvision" in sys.modules or not _installed():
        return bool(_libraries)
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    else:
        return False
    _forget_half_imported()
    _declare()
    importlib.import_module("torchvision")
    sys.modules["torchvision.extension"]._has_ops = lambda: True  # type: ignore[attr-defined]
    return True


def _installed() -> bool:
    return importlib.util.find_spec("torchvision") is not None


def _forget_half_imported() -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
        del sys.modules[name]


def _declare() -> None:
    import torch

    library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        library.define(schema)
    library.impl("nms", nms, "CPU")
    _libraries.append(library)


def nms(dets: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Greedy non-maximum suppression in plain torch, as ``torchvision.ops.nms`` defines it.

    Args:
        dets: N×4 boxes, left, top, right, bottom.
        scores: N.
        iou_threshold: A box that overlaps a kept one by more than this is dropped.

    Returns:
        The indices of the kept boxes, int64, best score first.
    """
    import torch

    order = scores.argsort(descending=True, stable=True)
    left, top, right, bottom = dets[order].unbind(1)
    areas = (right - left) * (bottom - top)
    alive = torch.ones(len(order), dtype=torch.bool)
    kept = []
    for i in range(len(order)):
        if not alive[i]:
            continue
        kept.append(i)
        rest = slice(i + 1, None)
        width = (torch.minimum(right[i], right[rest]) - torch.maximum(left[i], left[rest])).clamp(0)
        height = (torch.minimum(bottom[i], bottom[rest]) - torch.maximum(top[i], top[rest])).clamp(
            0
        )
        shared = width * height
        alive[rest] &= ~(shared / (areas[i] + areas[rest] - shared) > iou_threshold)
    return order[torch.tensor(kept, dtype=torch.int64)]
