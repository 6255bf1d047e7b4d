"""Windows: the weights of a local mean, and what is done at the border of the image."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fusionbench.primitives.arrays import Array, backend
from fusionbench.primitives.filters import Border, separable


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
