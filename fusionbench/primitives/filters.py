"""Linear filters: separable, Sobel, central differences. All correlate; none flips the kernel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fusionbench.primitives.arrays import Array, as_float, backend, namespace

Border = Literal["valid", "zero", "replicate", "symmetric", "reflect"]
"""What lies outside an image ``abcd``: nothing (the output shrinks), zeros, ``aa|abcd|dd``,
``ba|abcd|dc`` or ``cb|abcd|cb``."""


def separable(
    image: Array, across: NDArray[np.float64], down: NDArray[np.float64], border: Border
) -> Array:
    """Correlate with the outer product of ``down`` (along H) and ``across`` (along W), in float64.

    With ``valid`` the result is (H-h+1)×(W-w+1), empty where the kernel is larger than the image.
    """
    return backend(image).separable(image, across, down, border)


def sobel(image: Array, border: Border) -> tuple[Array, Array]:
    """Horizontal and vertical Sobel differences, right minus left and below minus above.

    The kernels are [1 2 1]ᵀ·[-1 0 1] and its transpose, without a factor. Of a uint8 image they are
    whole numbers in -1020..1020, returned as int16 by NumPy and as float64 by torch.
    """
    return backend(image).sobel(image, border)  # type: ignore[no-any-return]


def gradient(image: Array) -> tuple[Array, Array]:
    """Twice the central differences of uint8 images, f(x+1) - f(x-1), across and down.

    At the border they are one-sided, 2 (f(1) - f(0)). Whole numbers, in the type of :func:`sobel`.
    """
    return backend(image).gradient(image)  # type: ignore[no-any-return]


def rounded_sobel(
    image: Array, border: Literal["zero", "reflect"], order: Literal["running", "columns"]
) -> tuple[Array, Array]:
    """:func:`sobel` of uint8 images divided by 255, each addition rounded in a given order.

    Equal gradients of 8-bit images are equal in whole numbers, but on [0, 1] rounding tells some
    of them apart. Code that looks for equal gradients on [0, 1] can only be reproduced by adding in
    its order: ``running`` adds the nine taps one by one from the last column to the first, upwards,
    as MATLAB's ``conv2`` does; ``columns`` adds up each column, then the three sums, as
    ``sum(sum(...))`` does.
    """
    unit = as_float(image) / 255.0
    height, width = unit.shape[-2:]
    framed = _framed(_framed(unit, border, -2), border, -1)
    taps = [[framed[..., r : r + height, c : c + width] for r in range(3)] for c in range(3)]
    kernels = ((-1, -2, -1), (0, 0, 0), (1, 2, 1)), ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))
    across, down = (_in_order(taps, kernel, order) for kernel in kernels)
    return across, down


def _in_order(taps: list[list[Array]], kernel: tuple[tuple[int, ...], ...], order: str) -> Array:
    """Σ kernel[c][r] · taps[c][r]; taps with the factor 0 add nothing."""
    columns = [
        [k * tap for k, tap in zip(weights, column, strict=True) if k]
        for weights, column in zip(kernel, taps, strict=True)
    ]
    if order == "columns":
        return sum(sum(column) for column in columns if column)
    return sum(tap for column in reversed(columns) for tap in reversed(column))


def _framed(image: Array, border: str, axis: int) -> Array:
    """The image with one more row (or column) on either side."""
    xp, last = namespace(image), image.shape[axis] - 1
    place = (1, last - 1) if border == "reflect" and last else (0, last)
    before, after = (xp.take(image, xp.asarray([p]), axis=axis) for p in place)
    if border == "zero":
        before, after = xp.zeros_like(before), xp.zeros_like(after)
    return xp.concat([before, image, after], axis=axis)


def halved(image: Array) -> Array:
    """The means of 2×2 blocks; where a side is odd, a line of zeros lies before the first."""
    xp = namespace(image)
    for axis in (-2, -1):
        if image.shape[axis] % 2:
            zeros = xp.zeros_like(xp.take(image, xp.asarray([0]), axis=axis))
            image = xp.concat([zeros, image], axis=axis)
    rows = image[..., ::2, :] + image[..., 1::2, :]
    return (rows[..., ::2] + rows[..., 1::2]) / 4


@dataclass(frozen=True)
class Window:
    """A square separable window whose weights sum to 1.

    Attributes:
        shape: ``gaussian``: w(t) ∝ exp(-t²/(2 sigma²)); ``uniform``: all weights equal.
        size: Side in pixels.
        sigma: Standard deviation of the Gaussian in pixels (not used by ``uniform``).
        border: ``valid`` keeps the places where the window lies inside the image; the other values
            keep the size and say what lies outside.
    """

    shape: Literal["gaussian", "uniform"]
    size: int
    sigma: float
    border: Border

    @property
    def weights(self) -> NDArray[np.float64]:
        """The one-dimensional weights (the window is their outer product)."""
        return _weights(self.shape, self.size, self.sigma)


@cache
def _weights(shape: str, size: int, sigma: float) -> NDArray[np.float64]:
    place = np.arange(size) - (size - 1) / 2
    gaussian = shape == "gaussian"
    weights: NDArray[np.float64] = np.exp(-(place**2) / (2 * sigma**2) if gaussian else 0 * place)
    weights /= weights.sum()
    weights.flags.writeable = False
    return weights


def smooth(image: Array, window: Window) -> Array:
    """The local weighted mean of a float image (empty where a valid window does not fit)."""
    return separable(image, window.weights, window.weights, window.border)


def smooth_product(first: Array, second: Array, window: Window) -> Array:
    """The local weighted mean of the product of two float images."""
    weights = window.weights
    return backend(first).separable_product(first, second, weights, weights, window.border)
