"""The few operations that metrics are made of and that have a backend each: NumPy/OpenCV and torch.

Every function takes arrays whose last two axes are the image and works on NumPy arrays on the CPU
and on torch tensors on any device; the formulas built on them are written once.

Kernels compiled with numba were measured instead of OpenCV's filters (17, 11 and 9 taps): 1.8, 1.8
and 2.4 times as fast, half a second to two and a half to compile. The formulas between the filters
take as long as the filters, and would have to be written a second time to be compiled with them.
"""

from fusionbench.primitives.arrays import (
    Array,
    as_float,
    at_least,
    backend,
    exp,
    features,
    keep_freed_memory,
    like,
    namespace,
    on_device,
    slope_angle,
)
from fusionbench.primitives.filters import (
    Border,
    Window,
    gradient,
    halved,
    rounded_sobel,
    separable,
    smooth,
    smooth_product,
    sobel,
)
from fusionbench.primitives.reductions import (
    dot,
    histogram,
    joint_histogram,
    log_totals,
    mapped,
    padded_blocks,
    squared_steps,
    totals,
    weighted_logs,
)

__all__ = [
    "Array",
    "Border",
    "Window",
    "as_float",
    "at_least",
    "backend",
    "dot",
    "exp",
    "features",
    "gradient",
    "halved",
    "histogram",
    "joint_histogram",
    "keep_freed_memory",
    "like",
    "log_totals",
    "mapped",
    "namespace",
    "on_device",
    "padded_blocks",
    "rounded_sobel",
    "separable",
    "slope_angle",
    "smooth",
    "smooth_product",
    "sobel",
    "squared_steps",
    "totals",
    "weighted_logs",
]
