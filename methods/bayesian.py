"""Bayesian fusion."""

from __future__ import annotations

import numpy as np

from fusionbench import method

from ._classical import F64, Classical

EM_STEPS = 15
INNER_STEPS = 2
SMOOTHNESS = 0.5
TINY = 1e-6


@method(
    "bayesian",
    title="Bayesian",
    family="optimisation",
    groups=("baselines", "classical"),
    paper="Bayesian fusion for infrared and visible images",
    authors="Zixiang Zhao, Shuang Xu, Chunxia Zhang, Junmin Liu, Jiangshe Zhang",
    year=2020,
    venue="Signal Processing 177",
    doi="10.1016/j.sigpro.2020.107734",
)
class Bayesian(Classical):
    """``vis + x`` where x = fused - vis explains y = ir - vis under Laplace priors.

    Both ``y - x`` and x are Laplace, written as Gaussians whose precisions c and d are inferred by
    15 expectation-maximisation steps (on 0..1; c starts at 1, d is kept at most 2c), with a total
    variation of weight 0.5 on x by half-quadratic splitting, two steps each:
    ``x = (2 c y + r h) / (2 c + 2 d + r)``, ``h = argmin |grad h - f|² + |x - h|²``,
    ``f = soft(grad h, 0.5 / r)``, r = (c + d) / 2. Differences are circular.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        return vis + 255 * _explained((ir - vis) / 255)


def _explained(y: F64) -> F64:
    """The x of a difference image y."""
    c, d, r = np.ones_like(y), np.ones_like(y), np.ones_like(y)
    c_scale = d_scale = 1.0
    x, h, f = np.zeros_like(y), np.zeros_like(y), np.zeros((2, *y.shape))
    damping = _damping(y.shape)
    for _ in range(EM_STEPS):
        for _ in range(INNER_STEPS):
            x = (2 * c * y + r * h) / (2 * c + 2 * d + r)
            h = _filtered(x + _adjoint(f), damping)
            slope = _gradient(h)
            f = slope - np.clip(slope, -SMOOTHNESS / r, SMOOTHNESS / r)
        c = np.sqrt(2 / c_scale) / np.abs(y - x + TINY)
        d = np.minimum(np.sqrt(2 / d_scale / (x**2 + TINY)), 2 * c)
        r = (c + d) / 2
        d_scale = float(np.mean(1 / (d + TINY)) + d_scale / 2)
        c_scale = float(np.mean(1 / (c + TINY)) + c_scale / 2)
    return x


def _gradient(h: F64) -> F64:
    return np.stack([np.roll(h, -1, axis) - h for axis in (0, 1)])


def _adjoint(f: F64) -> F64:
    adjoint: F64 = sum((np.roll(f[axis], 1, axis) - f[axis] for axis in (0, 1)), np.zeros(()))
    return adjoint


def _damping(shape: tuple[int, ...]) -> F64:
    """``1 + |grad|²`` at the frequencies of a real transform."""
    rows = 2 - 2 * np.cos(2 * np.pi * np.fft.fftfreq(shape[0]))
    columns = 2 - 2 * np.cos(2 * np.pi * np.fft.rfftfreq(shape[1]))
    damping: F64 = 1 + rows[:, None] + columns[None, :]
    return damping


def _filtered(image: F64, damping: F64) -> F64:
    from scipy import fft

    filtered: F64 = fft.irfft2(fft.rfft2(image) / damping, s=image.shape)
    return filtered
