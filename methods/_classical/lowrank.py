"""Latent low-rank representation of a matrix (Liu and Yan 2011)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import F64

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
