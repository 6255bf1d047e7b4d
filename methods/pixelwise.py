"""Pixel-wise rules: the average and the maximum of the two sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusionbench import Method, method

if TYPE_CHECKING:
    from torch import Tensor


@method("average", title="Average", family="pixel", groups=("baselines", "classical"))
class Average(Method):
    """F = (IR + VIS) / 2."""

    def fuse(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Fuse by the mean of the two sources at every pixel."""
        return (ir + vis) / 2


@method("maximum", title="Maximum", family="pixel", groups=("baselines", "classical"))
class Maximum(Method):
    """F = max(IR, VIS)."""

    def fuse(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Fuse by the larger of the two sources at every pixel."""
        return ir.maximum(vis)
