"""The two-dimensional dual-tree complex wavelet transform (Kingsbury 2001).

Level 1 filters without decimation (LeGall 5/3); its four polyphase images are the four trees (row
tree times column tree). Later levels decimate each tree with a 6-tap quarter-shift filter or its
time reverse. Filters are circular: extend the image first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import F64

C128 = NDArray[np.complex128]
Bands: TypeAlias = tuple[C128, ...]

LOW = np.array([-1, 2, 6, 2, -1]) / 8
HIGH = np.array([-1, 2, -1]) / 4
LOW_BACK = np.array([1, 2, 1]) / 4
HIGH_BACK = np.array([-1, -2, 6, -2, -1]) / 8
QUARTER = np.array(
    [
        *(0.03516383657149474, 0.0, -0.08832942445107285, 0.23389032060723564, 0.7602723690661257),
        *(0.5875182977235605, 0.0, -0.11430183714424873, 0.0, 0.0),
    ]
)
"""Low-pass of tree 0; orthonormal; reversed it is tree 1's."""
ALTERNATE = (-1.0) ** np.arange(len(QUARTER))
LOWS = (QUARTER, QUARTER[::-1])
HIGHS = tuple(ALTERNATE * low[::-1] for low in LOWS)


@dataclass(frozen=True)
class Transform:
    """The low-pass of the four trees, 2×2×h×w, and per level six complex bands, finest first."""

    low: F64
    levels: list[Bands]


def forward(image: F64, levels: int) -> Transform:
    """Transform an H×W image; both sides are multiples of 2**levels."""
    down = _both(image, LOW, LOW), _both(image, LOW, HIGH), _both(image, HIGH, LOW)
    bands = [_complex([_trees(x) for x in (*down[1:], _both(image, HIGH, HIGH))])]
    low = _trees(down[0])
    for _ in range(levels - 1):
        parts = [_analysed(low, rows, columns) for rows in (0, 1) for columns in (0, 1)]
        low = parts[0]
        bands.append(_complex(parts[1:]))
    return Transform(low, bands)


def inverse(transform: Transform) -> F64:
    """The image of a transform; exact where nothing was changed."""
    low = transform.low
    for bands in reversed(transform.levels[1:]):
        parts = [low, *_real(bands)]
        kinds = [(rows, columns) for rows in (0, 1) for columns in (0, 1)]
        low = sum(
            (_synthesised(part, *kind) for part, kind in zip(parts, kinds, strict=True)),
            np.zeros(()),
        )
    low_high, high_low, high_high = (_interleaved(x) for x in _real(transform.levels[0]))
    image = _both(_interleaved(low), LOW_BACK, LOW_BACK) + _both(low_high, LOW_BACK, HIGH_BACK)
    return image + _both(high_low, HIGH_BACK, LOW_BACK) + _both(high_high, HIGH_BACK, HIGH_BACK)


def _both(image: F64, rows: F64, columns: F64) -> F64:
    from scipy.ndimage import correlate1d

    along = correlate1d(image, rows, 0, mode="wrap")
    filtered: F64 = correlate1d(along, columns, 1, mode="wrap")
    return filtered


def _trees(image: F64) -> F64:
    """2h×2w to the four polyphase images, 2×2×h×w."""
    return np.stack([np.stack([image[r::2, c::2] for c in (0, 1)]) for r in (0, 1)])


def _interleaved(trees: F64) -> F64:
    height, width = trees.shape[2:]
    return trees.transpose(2, 0, 3, 1).reshape(2 * height, 2 * width)


def _analysed(trees: F64, rows: int, columns: int) -> F64:
    """Filter and halve both axes of every tree; 0 is low-pass, 1 high-pass."""
    kinds = (LOWS, HIGHS)
    halved = [_halve(trees[r], kinds[rows][r], -2) for r in (0, 1)]
    return np.stack(
        [np.stack([_halve(halved[r][c], kinds[columns][c], -1) for c in (0, 1)]) for r in (0, 1)]
    )


def _synthesised(trees: F64, rows: int, columns: int) -> F64:
    """The transpose of :func:`_analysed`."""
    kinds = (LOWS, HIGHS)
    doubled = [
        np.stack([_double(trees[r, c], kinds[columns][c], -1) for c in (0, 1)]) for r in (0, 1)
    ]
    return np.stack([_double(doubled[r], kinds[rows][r], -2) for r in (0, 1)])


def _halve(x: F64, taps: F64, axis: int) -> F64:
    """``y[n] = Σ taps[k] x[2n + k - 4]``, circular."""
    x = np.moveaxis(x, axis, 0)
    half = len(x) // 2
    out = np.zeros((half, *x.shape[1:]))
    for k in np.flatnonzero(taps):
        out += taps[k] * np.roll(x[k % 2 :: 2], 2 - k // 2, axis=0)
    return np.moveaxis(out, 0, axis)


def _double(y: F64, taps: F64, axis: int) -> F64:
    """``x[2n + k - 4] += taps[k] y[n]``, circular: the transpose of :func:`_halve`."""
    y = np.moveaxis(y, axis, 0)
    out = np.zeros((2 * len(y), *y.shape[1:]))
    for k in np.flatnonzero(taps):
        out[k % 2 :: 2] += taps[k] * np.roll(y, k // 2 - 2, axis=0)
    return np.moveaxis(out, 0, axis)


def _complex(parts: list[F64]) -> Bands:
    """Three real bands of four trees to six complex bands."""
    bands: list[C128] = []
    for part in parts:
        (a, b), (c, d) = part
        one, other = a + 1j * b, d - 1j * c
        bands += [(one - other) / np.sqrt(2), (one + other) / np.sqrt(2)]
    return tuple(bands)


def _real(bands: Bands) -> list[F64]:
    parts = []
    for minus, plus in zip(bands[::2], bands[1::2], strict=True):
        one, other = (plus + minus) / np.sqrt(2), (plus - minus) / np.sqrt(2)
        parts.append(np.array([[one.real, one.imag], [-other.imag, other.real]]))
    return parts
