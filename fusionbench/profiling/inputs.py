"""The images that are fused while the clock runs; classical methods care what they show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fusionbench.files import sha256_of
from fusionbench.images import read_image, read_sources, write_png
from fusionbench.profiling.records import Size

if TYPE_CHECKING:
    from fusionbench.images import U8
    from fusionbench.manifest import DataSetRecord


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
