"""The two anchors that every table needs: each source passed off as the fused image."""

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
