"""Orthogonal matching pursuit of many signals at once, over an overcomplete cosine dictionary."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .base import F64

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
