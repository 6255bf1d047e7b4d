"""What the classical fusers share: arrays instead of tensors, MATLAB-like filters, pyramids.

A classical fuser is a :class:`Classical` with one of two functions over float64 arrays in levels
(0..255). Only NumPy is imported here; OpenCV and SciPy are imported where they are used.
"""

from .base import F64, Classical, to_bytes

__all__ = ["F64", "Classical", "to_bytes"]
