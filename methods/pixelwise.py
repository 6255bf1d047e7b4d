"""Pixel-wise rules: the average and the maximum of the two sources, and each source by itself.

The infrared and the visible image are the anchors that every table needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusionbench import Method, method

if TYPE_CHECKING:
    from torch import Tensor


@method("ir", title="Infrared", family="source", colour="rgb", groups=("baselines",))
class Infrared(Method):
    """F = IR, gray."""

    def fuse(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Return the infrared image as it is."""
        return ir


@method("visible", title="Visible", family="source", colour="rgb", groups=("baselines",))
class Visible(Method):
    """F = VIS, in colour."""

    def fuse(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Return the visible image as it is."""
        return vis


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
