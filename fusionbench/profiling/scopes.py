"""What is timed: the calls of the four scopes.

- ``model``: the forward passes of the networks on tensors of the device (see
  :mod:`fusionbench.profiling.modules`).
- ``method``: ``Method.fuse`` on float tensors of the device, with the method's own preparation and
  decoding, to a float tensor on the device.
- ``end_to_end``: two image files decoded, fused, coloured, and saved as a PNG.
- ``transfer``: both float images from the host's pageable memory to the GPU; a CPU has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fusionbench.files import sha256_of
from fusionbench.images import luma, read_image, read_sources, write_png
from fusionbench.plugins import Method
from fusionbench.profiling.modules import Observed
from fusionbench.profiling.records import Scope, Size
from fusionbench.profiling.timing import Call

if TYPE_CHECKING:
    from torch import Tensor

    from fusionbench.images import U8
    from fusionbench.manifest import DataSetRecord


@dataclass(frozen=True)
class Images:
    """One pair as files, and as tensors on the host: 1×1×H×W and 1×{1,3}×H×W in [0, 1]."""

    ir_file: Path
    vis_file: Path
    ir: Tensor
    vis: Tensor

    @classmethod
    def open(cls, ir_file: Path, vis_file: Path, colour: str) -> Images:
        """Read a pair; a method of ``colour`` ``luma`` gets the visible image's luma."""
        ir, vis = luma(read_image(ir_file)), read_image(vis_file)
        return cls(ir_file, vis_file, _tensor(ir), _tensor(luma(vis) if colour == "luma" else vis))

    def on(self, device: str) -> tuple[Tensor, Tensor]:
        """The tensors on a device."""
        return self.ir.to(device), self.vis.to(device)


def _tensor(image: U8) -> Tensor:
    import torch

    planes = image[None] if image.ndim == 2 else image.transpose(2, 0, 1)
    return torch.from_numpy(planes.copy())[None].to(torch.float32) / 255


def other_calls(
    method: Method, images: Images, observed: Observed, saved: Path
) -> dict[Scope, Call]:
    """The calls of the scopes beside ``method``, those that a method has on its device.

    The model comes last, so that a GPU is at work when it is observed for the last time.

    Args:
        method: Loaded.
        images: What is fused.
        observed: What ran in a call of the method on these images.
        saved: The PNG that ``end_to_end`` writes.
    """
    device = method.setting.device
    found: dict[Scope, Call] = {"end_to_end": lambda: _end_to_end(method, images, saved)}
    if not device.startswith("cpu"):
        found["transfer"] = lambda: images.on(device)
    if observed.passes:
        found["model"] = observed.replay
    return found


def fusing(method: Method, images: Images) -> Callable[[], Tensor]:
    """``Method.fuse`` on the tensors, which are moved to the device beforehand."""
    ir, vis = images.on(method.setting.device)
    return lambda: method.fuse(ir, vis)


def _end_to_end(method: Method, images: Images, saved: Path) -> None:
    from fusionbench.stages.applying import fuse_arrays

    ir, vis = read_image(images.ir_file), read_image(images.vis_file)
    (fused,) = fuse_arrays(method, [ir], [vis])
    write_png(saved, fused)


@dataclass(frozen=True)
class Inputs:
    """A pair of PNG files of one size, and what they show, in words."""

    ir: Path
    vis: Path
    what: str

    @property
    def fingerprint(self) -> list[str]:
        """Checksums of both files."""
        return [sha256_of(self.ir), sha256_of(self.vis)]


def make_inputs(size: Size, folder: Path, dataset: DataSetRecord | None = None) -> Inputs:
    """Write a pair of the size.

    Args:
        size: Of the images.
        folder: Where to.
        dataset: Its first pair is resized (area averaging to shrink, else bilinear); where there
            is none, the first of the sample scenes.
    """
    from fusionbench.datasets import open_dataset

    if dataset is not None:
        sources = read_sources(dataset.pairs[0])
        what = f"pair {dataset.pairs[0].id} of {dataset.title}, resized"
    else:
        pair = open_dataset("sample", None).pairs[0]
        sources = read_image(pair.ir), read_image(pair.vis)
        what = f"pair {pair.id} of the sample scenes, resized"
    ir, vis = (_resized(image, size) for image in sources)
    made = Inputs(folder / f"{size}_ir.png", folder / f"{size}_vis.png", what)
    write_png(made.ir, ir)
    write_png(made.vis, vis)
    return made


def _resized(image: U8, size: Size) -> U8:
    import cv2
    import numpy as np

    shrinks = image.shape[0] >= size.height and image.shape[1] >= size.width
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized = cv2.resize(image, (size.width, size.height), interpolation=way)
    return np.asarray(resized, np.uint8)
