"""IFCNN: a general fusion network; the larger features win."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusionbench import method

from .._deep import DeepMethod

if TYPE_CHECKING:
    from torch import Tensor, nn

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's, per channel of an RGB image in [0, 1]."""


@method(
    "ifcnn",
    title="IFCNN-MAX",
    family="cnn",
    colour="rgb",
    groups=("deep",),
    options={"output": ("truncate", "round")},
    paper="IFCNN: A general image fusion framework based on convolutional neural network",
    authors="Yu Zhang, Yu Liu, Peng Sun, Han Yan, Xiaolin Zhao, Li Zhang",
    year=2020,
    venue="Information Fusion 54",
    doi="10.1016/j.inffus.2019.07.011",
    licence="none stated",
    parameters=83_587,
)
class IFCNN(DeepMethod):
    """Both images in RGB, the infrared replicated, so the visible colours come out desaturated.

    ``output=truncate`` drops the fraction of the 8-bit level, as the authors' program; ``round``
    rounds. Where the visible image is gray the result is its OpenCV gray, as the authors save it.
    """

    def build(self) -> nn.Module:
        """The network with random weights."""
        from .network import IFCNN as Network

        return Network()

    def prepare(self, ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor]:
        """Three channels each, ImageNet's mean removed, in units of its deviation."""
        mean, deviation = _statistics(ir)
        return (ir - mean) / deviation, (vis - mean) / deviation

    def raw(self, ir: Tensor, vis: Tensor) -> Tensor:
        """The network's output with mean and deviation put back: B×3×H×W in about [0, 1]."""
        mean, deviation = _statistics(ir)
        return super().raw(ir, vis) * deviation + mean

    def decode(self, raw: Tensor, vis: Tensor) -> Tensor:
        """Levels over 255: RGB, or gray where the visible image is gray."""
        from .._deep.colour import opencv_gray, truncate

        fused = truncate(raw) if self.options["output"] == "truncate" else raw.clamp(0, 1)
        return opencv_gray(fused) if vis.shape[1] == 1 else fused


def _statistics(like: Tensor) -> tuple[Tensor, Tensor]:
    """ImageNet's mean and deviation, 1×3×1×1, on the device of another tensor."""
    mean, deviation = (like.new_tensor(x).view(1, 3, 1, 1) for x in (MEAN, DEVIATION))
    return mean, deviation
