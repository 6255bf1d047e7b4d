"""Infrared feature extraction and visual information preservation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fusionbench import method

from ._classical import F64, Classical, to_bytes

SIDE = 512
SMALLEST = 32
SPREAD = 0.2 * 255
STRONGEST = 0.001
MOST = 0.8


@method(
    "ifevip",
    title="IFEVIP",
    family="multi-scale",
    groups=("baselines", "classical"),
    paper="Infrared and visual image fusion through infrared feature extraction and visual "
    "information preservation",
    authors="Yu Zhang, Lijia Zhang, Xiangzhi Bai, Li Zhang",
    year=2017,
    venue="Infrared Physics & Technology 83",
    doi="10.1016/j.infrared.2017.05.007",
)
class Ifevip(Classical):
    """Bright infrared features, found against a reconstructed background, are added to the visible.

    The infrared, resized to 512 × 512 and eroded (32 × 32), is rebuilt by bicubic Bézier patches
    over a quadtree (blocks split while their range exceeds 0.2 of 255, down to 32), resized back
    and smoothed: the background b. With ``f = ir - b`` and the entropies H,
    ``a = f + (ir - vis) H(ir) / H(vis)``; fused: ``vis + a min(255 / m, 0.8)``, m the mean of the
    largest 0.1 % of ``max(a, 0) + vis``. An image fused with itself changes.
    """

    def fuse_colour(self, ir: F64, vis: F64) -> F64:
        """Fuse H×W×C images in levels; the features are those of the gray infrared."""
        gray = ir[..., 0] if ir.shape[2] == 1 else to_bytes(ir @ [0.2989, 0.587, 0.114])
        features = np.clip(gray - np.floor(_background(gray) + 0.5), 0, 255)[..., None]
        gray = gray[..., None]
        vis_entropy = _entropy(vis)
        ratio = _entropy(gray) / vis_entropy if vis_entropy > 0 else 1.0
        added = features + (gray - vis) * ratio
        bright = np.sort((np.maximum(added, 0) + vis).ravel())
        most = bright[-max(round(STRONGEST * bright.size), 1) :].mean()
        gain = min(255 / most, MOST) if most > 0 else MOST
        return vis + to_bytes(added * gain)


def _background(gray: F64) -> F64:
    import cv2

    from ._classical.filters import gaussian, resize

    square = to_bytes(resize(gray, SIDE, SIDE))
    window = np.ones((SMALLEST, SMALLEST), np.uint8)
    eroded = cv2.erode(square, window, anchor=(SMALLEST // 2 - 1,) * 2)
    leaves = sorted(_leaves(square, 0, 0, SIDE), reverse=True)
    surface = _surface(np.pad(eroded, (0, 1), mode="edge"), leaves)
    back = resize(surface[:SIDE, :SIDE], *gray.shape)
    return gaussian(back, 9, 4.5, "zero")


def _leaves(image: F64, y: int, x: int, size: int) -> Iterator[tuple[int, int, int]]:
    """Size, row and column of the quadtree's blocks."""
    block = image[y : y + size, x : x + size]
    if size <= SMALLEST or np.ptp(block) <= SPREAD:
        yield size, y, x
        return
    half = size // 2
    for dy, dx in ((0, 0), (0, half), (half, 0), (half, half)):
        yield from _leaves(image, y + dy, x + dx, half)


def _surface(image: F64, leaves: list[tuple[int, int, int]]) -> F64:
    """Bézier patches of (size + 1)² pixels; of a shared edge the later block in the list stays."""
    surface = np.zeros_like(image)
    for size, y, x in leaves:
        at = np.array([0, size // 2 - 1, 3 * size // 4 - 1, size])
        u = np.linspace(0, 1, size + 1)[:, None]
        basis = np.hstack([(1 - u) ** 3, 3 * u * (1 - u) ** 2, 3 * u**2 * (1 - u), u**3])
        control = image[np.ix_(y + at, x + at)]
        surface[y : y + size + 1, x : x + size + 1] = basis @ control @ basis.T
    return surface


def _entropy(image: F64) -> float:
    counts = np.bincount(to_bytes(image).astype(np.intp).ravel(), minlength=256)
    p = counts[counts > 0] / image.size
    return float(-(p * np.log2(p)).sum())
