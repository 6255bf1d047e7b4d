"""Gradient transfer fusion by total variation minimisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusionbench import method

from ._classical import F64, Classical

WEIGHT = 4.0
ITERATIONS = 400
STEP = 0.35

F32 = NDArray[np.float32]


@method(
    "gtf",
    title="GTF",
    family="optimisation",
    groups=("baselines", "classical"),
    paper="Infrared and visible image fusion via gradient transfer and total variation "
    "minimization",
    authors="Jiayi Ma, Chen Chen, Chang Li, Jun Huang",
    year=2016,
    venue="Information Fusion 31",
    doi="10.1016/j.inffus.2016.02.001",
)
class Gtf(Classical):
    """``vis + U`` where U minimises ``||U - (ir - vis)||_1 + 4 ||grad U||_1`` (isotropic, on 0..1).

    Solved by 400 primal-dual steps of 0.35 (Chambolle and Pock 2011), where the authors reweight
    least squares. The channels of a colour image share one total variation.
    """

    def fuse_colour(self, ir: F64, vis: F64) -> F64:
        """Fuse H×W×C images in levels."""
        wanted = np.ascontiguousarray(((ir - vis) / 255).transpose(2, 0, 1))
        transferred = _denoised(wanted.astype(np.float32))
        return vis + 255 * transferred.transpose(1, 2, 0)


def _denoised(wanted: F32) -> F32:
    """The minimiser U (C×H×W) of the L1 total-variation functional around ``wanted``."""
    u, ahead = wanted.copy(), wanted.copy()
    dual = np.zeros((2, *wanted.shape), np.float32)
    for _ in range(ITERATIONS):
        dual[0, :, :-1] += STEP * (ahead[:, 1:] - ahead[:, :-1])
        dual[1, :, :, :-1] += STEP * (ahead[:, :, 1:] - ahead[:, :, :-1])
        norm = np.sqrt(np.einsum("dchw,dchw->hw", dual, dual))
        dual /= np.maximum(norm / WEIGHT, 1)
        before, u = u, _shrunk(u + STEP * _divergence(dual) - wanted)
        u += wanted
        ahead = 2 * u - before
    return u


def _divergence(dual: F32) -> F32:
    """Minus the adjoint of the forward difference."""
    total: F32 = dual[0] + dual[1]
    total[:, 1:] -= dual[0, :, :-1]
    total[:, :, 1:] -= dual[1, :, :, :-1]
    return total


def _shrunk(difference: F32) -> F32:
    """Soft threshold by the step: the proximal map of ``|.|``."""
    shrunk: F32 = difference - np.clip(difference, -STEP, STEP)
    return shrunk
