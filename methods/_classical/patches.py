"""Overlapping patches of an image as the columns of a matrix, and back; and two codes for them.

Orthogonal matching pursuit codes many signals at once over an overcomplete cosine dictionary; the
latent low-rank representation (Liu and Yan 2011) splits a matrix into principal and salient parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from . import F64


def starts(length: int, side: int, stride: int) -> NDArray[np.intp]:
    """First rows (or columns) of the patches; the last one ends at the border."""
    last = max(length - side, 0)
    return np.unique(np.append(np.arange(0, last + 1, stride), last)).astype(np.intp)


def extended(image: F64, side: int) -> F64:
    """The image, repeated at its lower and right border up to one patch where it is smaller."""
    return np.pad(image, [(0, max(side - n, 0)) for n in image.shape], mode="edge")


def taken(image: F64, rows: NDArray[np.intp], columns: NDArray[np.intp], side: int) -> F64:
    """The patches that start at every row and column, as rows × columns × side × side."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (side, side))
    patches: F64 = windows[np.ix_(rows, columns)]
    return patches


class Overlap:
    """The mean of the patches that cover a pixel."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._total, self._count = np.zeros(shape), np.zeros(shape)

    def add(self, patches: F64, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> None:
        """Lay down rows × columns × side × side patches at their starts."""
        for y, x in np.ndindex(patches.shape[2:]):
            place = np.ix_(rows + y, columns + x)
            self._total[place] += patches[:, :, y, x]
            self._count[place] += 1

    def mean(self) -> F64:
        """The image; 0 where no patch lies."""
        return self._total / np.maximum(self._count, 1)


F32 = NDArray[np.float32]

AT_ONCE = 2048
SMALLEST = 1e-6


@cache
def cosine_dictionary(side: int, atoms: int) -> F64:
    """The separable overcomplete cosine dictionary, side² × atoms², atoms of norm 1.

    The one-dimensional atoms are ``cos(π k n / atoms)``, k = 0..atoms - 1, less their mean for
    k > 0.
    """
    n, k = np.arange(side)[:, None], np.arange(atoms)[None, :]
    line = np.cos(np.pi * k * n / atoms)
    line[:, 1:] -= line[:, 1:].mean(axis=0)
    line /= np.linalg.norm(line, axis=0)
    return np.kron(line, line).astype(np.float64)


def pursue(signals: F64, dictionary: F64, tolerance: float, most: int) -> tuple[F64, F64]:
    """Approximate every signal by few atoms, in float32.

    Args:
        signals: N×d.
        dictionary: d×K, columns of norm 1.
        tolerance: A signal is done when its residual's norm is at most this.
        most: The largest number of atoms of a signal.

    Returns:
        The approximations, N×d, and the L1 norms of the coefficients, N.
    """
    atoms = dictionary.astype(np.float32)
    fits, norms = np.empty_like(signals), np.empty(len(signals))
    for first in range(0, len(signals), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        fits[part], norms[part] = _pursue(signals[part].astype(np.float32), atoms, tolerance, most)
    return fits, norms


def _pursue(x: F32, dictionary: F32, tolerance: float, most: int) -> tuple[F32, F32]:
    """By Gram-Schmidt: of each signal the chosen atoms are Q R, and R γ = Q' x."""
    count, size = x.shape
    q = np.zeros((count, most, size), np.float32)
    r = np.tile(np.eye(most, dtype=np.float32), (count, 1, 1))
    along, residual = np.zeros((count, most), np.float32), x.copy()
    live = np.arange(count)
    for k in range(most):
        live = live[np.einsum("nd,nd->n", residual[live], residual[live]) > tolerance**2]
        if not len(live):
            break
        left = residual[live]
        atom = dictionary.T[np.abs(left @ dictionary).argmax(axis=1)]
        before = q[live, :k]
        shadow = np.matmul(before, atom[:, :, None])[:, :, 0]
        new = atom - np.matmul(shadow[:, None, :], before)[:, 0]
        length = np.maximum(np.linalg.norm(new, axis=1), SMALLEST)
        new /= length[:, None]
        q[live, k], r[live, :k, k], r[live, k, k] = new, shadow, length
        along[live, k] = step = np.einsum("nd,nd->n", new, left)
        residual[live] = left - step[:, None] * new
    return x - residual, np.abs(_solved(r, along)).sum(axis=1)


def _solved(r: F32, along: F32) -> F32:
    """Back substitution of many upper triangular systems."""
    found = np.zeros_like(along)
    for k in reversed(range(along.shape[1])):
        rest = np.einsum("nj,nj->n", r[:, k, k + 1 :], found[:, k + 1 :])
        found[:, k] = (along[:, k] - rest) / r[:, k, k]
    return found


TOLERANCE = 1e-6
GROWTH = 1.1
LARGEST = 1e6
MAX_ITERATIONS = 400


@dataclass(frozen=True)
class Parts:
    """``X = principal + salient + noise``; ``salient = projection @ X``; Z' (see below)."""

    principal: F64
    salient: F64
    projection: F64
    coefficients: F64


def latent_low_rank(x: F64, noise: float) -> Parts:
    """Minimise ``||Z||_* + ||L||_* + noise ||E||_1`` subject to ``X = X Z + L X + E``.

    By the inexact augmented Lagrangian method, penalty 1e-6 growing by 1.1. With X = U S V' and
    Z = V Z', ``X Z = U S Z'`` and ``||Z||_* = ||Z'||_*``: Z' is as small as X.

    Args:
        x: d×n.
        noise: The weight of the sparse error E.
    """
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    basis = u * s
    z, low, error = np.zeros((len(s), x.shape[1])), np.zeros((len(x),) * 2), np.zeros_like(x)
    y1, y2, y3 = np.zeros_like(x), np.zeros_like(z), np.zeros_like(low)
    left = np.linalg.inv(np.eye(len(x)) + x @ x.T)
    right = 1 / (1 + s**2)[:, None]
    penalty = 1e-6
    for _ in range(MAX_ITERATIONS):
        z_low = _shrunk_values(z + y2 / penalty, 1 / penalty)
        low_low = _shrunk_values(low + y3 / penalty, 1 / penalty)
        z = right * (basis.T @ (x - low @ x - error + y1 / penalty) + z_low - y2 / penalty)
        principal = basis @ z
        low = ((x - principal - error + y1 / penalty) @ x.T + low_low - y3 / penalty) @ left
        salient = low @ x
        error = _shrunk(x - principal - salient + y1 / penalty, noise / penalty)
        gaps = x - principal - salient - error, z - z_low, low - low_low
        if max(np.abs(gap).max() for gap in gaps) < TOLERANCE:
            break
        y1, y2, y3 = (y + penalty * gap for y, gap in zip((y1, y2, y3), gaps, strict=True))
        penalty = min(GROWTH * penalty, LARGEST)
    return Parts(principal, salient, low, z)


def _shrunk(x: F64, by: float) -> F64:
    return x - np.clip(x, -by, by)


def _shrunk_values(x: F64, by: float) -> F64:
    """Singular values less ``by``: through the eigenvectors of the smaller Gram matrix."""
    if x.shape[0] > x.shape[1]:
        return _shrunk_values(x.T, by).T
    squares, axes = np.linalg.eigh(x @ x.T)
    keep = squares > by * by
    if not keep.any():
        return np.zeros_like(x)
    axes = axes[:, keep]
    shrunk: F64 = (axes * (1 - by / np.sqrt(squares[keep]))) @ (axes.T @ x)
    return shrunk
