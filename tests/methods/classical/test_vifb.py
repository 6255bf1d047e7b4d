"""Against the fused images that VIFB publishes, in VIFB's own per-channel way.

VIFB's inputs and results are JPEG files; above 35 dB counts as the same algorithm.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fusionbench.images import read_image
from fusionbench.methods import msvd

LIMITS = {
    "adf": (40, 39, 39),
    "fpde": (40, 39, 39),
    "tif": (37, 37, 38),
    "mgff": (39, 37.5, 37),
    "vsmwls": (38, 37, 37),
    "gff": (42, None, 42),
    "cbf": (36.5, 31.5, 35),
    "ifevip": (39, 37, 36),
    "hmsd-gf": (37, 38, 38),
    "hybrid-msd": (37, 37, 37),
    "gtf": (35, 34, 34),
}
"""Least PSNR in dB on fight, manWalking and carWhite; None where VIFB's own image is wrong."""
PAIRS = ("fight", "manWalking", "carWhite")


@pytest.mark.reference
@pytest.mark.parametrize(
    ("name", "pair", "least"),
    [
        (name, pair, least)
        for name, limits in LIMITS.items()
        for pair, least in zip(PAIRS, limits, strict=True)
        if least is not None
    ],
)
def test_fused_images_are_vifbs(name, pair, least, shared, parity, record_property) -> None:
    psnr, ssim = parity.compare(name, pair, shared("data/VIFB"))
    record_property("psnr", psnr)
    record_property("ssim", ssim)
    assert psnr > least
    assert ssim > 0.93


@pytest.mark.reference
@pytest.mark.parametrize("pair", ["fight", "manWalking"])
def test_msvd_is_vifbs_up_to_the_signs_of_singular_vectors(pair, shared, parity) -> None:
    """VIFB averages two matrices whose columns have the signs that MATLAB happened to give them."""
    vifb = shared("data/VIFB")
    theirs = read_image(vifb / f"output/fused_images/{pair}_MSVD.jpg")
    ir, vis = (
        read_image(vifb / f"input/{kind}/{pair}.jpg").astype(np.float64) for kind in ("IR", "VI")
    )
    squared = 0.0
    for channel in range(3):
        plane = ir if ir.ndim == 2 else ir[..., channel]
        tries = _with_any_signs(plane, vis[..., channel])
        squared += min(np.mean((parity.to_bytes(x) - theirs[..., channel]) ** 2) for x in tries)
    assert 10 * np.log10(255**2 / (squared / 3)) > 38


def _with_any_signs(ir: np.ndarray, vis: np.ndarray) -> list[np.ndarray]:
    ir_axes, vis_axes = (msvd._axes(msvd._blocks(image)) for image in (ir, vis))
    signs = itertools.product((-1, 1), repeat=3)
    return [msvd._fused(ir, vis, ir_axes, vis_axes * (1, *sign)) for sign in signs]
