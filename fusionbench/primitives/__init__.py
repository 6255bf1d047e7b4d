"""The few operations that metrics are made of and that have a backend each: NumPy/OpenCV and torch.

Every function takes arrays whose last two axes are the image and works on NumPy arrays on the CPU
and on torch tensors on any device; the formulas built on them are written once.
"""

from fusionbench.primitives.arrays import (
    Array,
    as_float,
    at_least,
    backend,
    features,
    like,
    namespace,
)
from fusionbench.primitives.filters import Border, gradient, halved, rounded_sobel, separable, sobel
from fusionbench.primitives.histograms import histogram, joint_histogram
from fusionbench.primitives.reductions import (
    dot,
    log_totals,
    padded_blocks,
    squared_steps,
    totals,
)
from fusionbench.primitives.windows import Window, smooth

__all__ = [
    "Array",
    "Border",
    "Window",
    "as_float",
    "at_least",
    "backend",
    "dot",
    "features",
    "gradient",
    "halved",
    "histogram",
    "joint_histogram",
    "like",
    "log_totals",
    "namespace",
    "padded_blocks",
    "rounded_sobel",
    "separable",
    "smooth",
    "sobel",
    "squared_steps",
    "totals",
]
