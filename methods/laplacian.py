"""Laplacian pyramid fusion (Burt and Adelson 1983; Burt 1984)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusionbench import Method, method

if TYPE_CHECKING:
    from torch import Tensor

LEVELS = 4
TAPS = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


@method(
    "laplacian",
    title="Laplacian pyramid",
    family="multi-scale",
    groups=("baselines", "classical"),
    paper="The Laplacian Pyramid as a Compact Image Code",
    authors="Burt, Adelson",
    year=1983,
    venue="IEEE Transactions on Communications 31(4)",
    doi="10.1109/TCOM.1983.1095851",
)
class Laplacian(Method):
    """Four levels, 5-tap binomial filter, mirror border; detail by larger magnitude, base by mean.

    Detail D_k = G_k - expand(G_{k+1}), G_0 = image. Fused detail is D of the source with the larger
    |D| (ties take infrared); the coarsest levels are averaged. An image too small for four levels
    (a side under 3 pixels) gets fewer.
    """

    def fuse(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Fuse two B×1×H×W tensors."""
        details = []
        for _ in range(LEVELS):
            if min(ir.shape[-2:]) < 3:
                break
            (ir_detail, ir), (vis_detail, vis) = _split(ir), _split(vis)
            details.append(ir_detail.where(ir_detail.abs() >= vis_detail.abs(), vis_detail))
        fused = (ir + vis) / 2
        for detail in reversed(details):
            fused = detail + _expand(fused, detail.shape[-2:])
        return fused


def _split(image: Tensor) -> tuple[Tensor, Tensor]:
    """The detail of one level, and the next coarser level."""
    smaller = _blur(image, 1.0)[..., ::2, ::2]
    return image - _expand(smaller, image.shape[-2:]), smaller


def _expand(image: Tensor, size: tuple[int, ...]) -> Tensor:
    """Insert zeros between the pixels up to ``size`` and smooth; twice the gain along each axis."""
    grown = image.new_zeros((*image.shape[:2], *size))
    grown[..., ::2, ::2] = image
    return _blur(grown, 2.0)


def _blur(image: Tensor, gain: float) -> Tensor:
    from torch.nn import functional

    taps = image.new_tensor(TAPS) * gain
    padded = functional.pad(image, (2, 2, 2, 2), mode="reflect")
    rows = functional.conv2d(padded, taps.view(1, 1, 5, 1))
    return functional.conv2d(rows, taps.view(1, 1, 1, 5))
