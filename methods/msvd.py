"""Fusion by a multi-resolution singular value decomposition."""

from __future__ import annotations

import numpy as np

from fusionbench import method

from ._classical import F64, Classical


@method(
    "msvd",
    title="MSVD",
    family="multi-scale",
    groups=("baselines", "classical"),
    paper="Image fusion technique using multi-resolution singular value decomposition",
    authors="V. P. S. Naidu",
    year=2011,
    venue="Defence Science Journal 61(5)",
    doi="10.14429/dsj.61.705",
)
class Msvd(Classical):
    """One level: the 2 × 2 blocks of an image as 4-vectors A, rotated by their singular vectors.

    ``T = U' A`` with the left singular vectors U of A (descending). Row 0 of T is averaged, in
    rows 1 to 3 the larger magnitude wins (ties infrared), and the fused blocks are
    ``(U_ir + U_vis) / 2 · T``. The sign of a singular vector is arbitrary: here its first component
    is not positive, so that the average of the two U does not cancel. An odd side is extended by
    repeating its last row or column; a black image takes the axes of the other.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        ir_axes = _axes(_blocks(ir if ir.any() else vis))
        vis_axes = _axes(_blocks(vis if vis.any() else ir))
        return _fused(ir, vis, ir_axes, vis_axes)


def _fused(ir: F64, vis: F64, ir_axes: F64, vis_axes: F64) -> F64:
    from ._classical.rules import larger

    ir_rows, vis_rows = ir_axes.T @ _blocks(ir), vis_axes.T @ _blocks(vis)
    rows = larger(ir_rows, vis_rows)
    rows[0] = (ir_rows[0] + vis_rows[0]) / 2
    return _image((ir_axes + vis_axes) / 2 @ rows, ir.shape)


def _blocks(image: F64) -> F64:
    """2 × 2 blocks as 4 × N, column by column within a block."""
    even = np.pad(image, [(0, n % 2) for n in image.shape], mode="edge")
    return np.stack([even[y::2, x::2].ravel() for x in (0, 1) for y in (0, 1)])


def _image(blocks: F64, shape: tuple[int, ...]) -> F64:
    halves = [(n + 1) // 2 for n in shape]
    image = np.empty([2 * n for n in halves])
    for row, (x, y) in zip(blocks, ((x, y) for x in (0, 1) for y in (0, 1)), strict=True):
        image[y::2, x::2] = row.reshape(halves)
    return image[: shape[0], : shape[1]]


def _axes(blocks: F64) -> F64:
    """Left singular vectors, the largest singular value first."""
    axes: F64 = np.linalg.eigh(blocks @ blocks.T)[1][:, ::-1]
    return axes * np.where(axes[0] > 0, -1.0, 1.0)
