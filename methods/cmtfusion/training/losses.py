"""The training objective of CMTFusion: data + 0.8 spatial + 0.02 perceptual + 0.05 frequency.

Images are N x 1 x H x W in [-1, 1]; every loss is a scalar, 0 when the fused image equals both
sources.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

Features = Callable[[Tensor], list[Tensor]]

VIS_SIGMA, IR_SIGMA = 2.0, 1.0


@dataclass(frozen=True)
class Weights:
    """Weight of each term; the published perceptual weight belongs to torchvision's VGG-19."""

    data: float = 1.0
    spatial: float = 0.8
    perceptual: float = 0.02
    frequency: float = 0.05


def data_loss(outputs: Sequence[Tensor], ir: Tensor, vis: Tensor) -> Tensor:
    """Mean squared error of every level's output against both sources, averaged over all of them.

    The sources are halved by bilinear interpolation from level to level.
    """
    terms = []
    for output in outputs:
        if output.shape != ir.shape:
            ir, vis = halved(ir), halved(vis)
        terms += [F.mse_loss(output, ir), F.mse_loss(output, vis)]
    return torch.stack(terms).mean()


def halved(image: Tensor) -> Tensor:
    """Bilinear, to ceil(H/2) x ceil(W/2)."""
    size = [-(-n // 2) for n in image.shape[-2:]]
    return F.interpolate(image, size, mode="bilinear", align_corners=False)


def spatial_loss(fused: Tensor, ir: Tensor, vis: Tensor) -> Tensor:
    """Differences between neighbouring 4x4 blocks, fused against each source.

    With d_k the difference of a block's mean to its left, right, upper and lower neighbour (zero
    outside), the sum over k of (d_k(source) - d_k(fused))^2, averaged over blocks and over the two
    sources (spatial consistency, Zero-DCE, Guo et al. 2020). Differences are linear, so it is
    enough to take them of source - fused.
    """
    return 0.5 * sum((_block_contrast(source - fused) for source in (ir, vis)), fused.new_zeros(()))


def _block_contrast(x: Tensor) -> Tensor:
    padded = F.pad(F.avg_pool2d(x, 4), (1, 1, 1, 1))
    x = padded[:, :, 1:-1, 1:-1]
    around = (
        padded[:, :, 1:-1, :-2],
        padded[:, :, 1:-1, 2:],
        padded[:, :, :-2, 1:-1],
        padded[:, :, 2:, 1:-1],
    )
    return torch.stack([(x - other).square() for other in around]).sum(0).mean()


def perceptual_loss(fused: Tensor, ir: Tensor, vis: Tensor, features: Features) -> Tensor:
    """L1 distance between VGG features, summed over the taps, 0.5 for each source."""
    with torch.no_grad():
        of_sources = features(torch.cat([ir, vis]))
    total = fused.new_zeros(())
    for mine, theirs in zip(features(fused), of_sources, strict=True):
        of_ir, of_vis = theirs.chunk(2)
        total = total + 0.5 * (F.l1_loss(mine, of_ir) + F.l1_loss(mine, of_vis))
    return total


def frequency_loss(fused: Tensor, ir: Tensor, vis: Tensor) -> Tensor:
    """Squared distance of the spectra, weighted to the source that is farther.

    With F the orthonormal 2-D DFT, D_s = F(fused) - F(source), G_s a Gaussian on the [-1, 1]
    frequency grid (zero frequency in the middle, then shifted; sigma 2 for VIS, 1 for IR):
    m_s = |G_s Re D_s + i Im D_s| over its maximum, w_s = m_s / (m_vis + m_ir) without gradient;
    the mean over frequencies of w_vis |D_vis|^2 + w_ir |D_ir|^2. The DFT is linear, so D_s is the
    transform of fused - source.
    """
    d_vis = torch.fft.fft2(fused - vis, norm="ortho")
    d_ir = torch.fft.fft2(fused - ir, norm="ortho")
    with torch.no_grad():
        m_vis, m_ir = _distance_map(d_vis, VIS_SIGMA), _distance_map(d_ir, IR_SIGMA)
        w_vis = m_vis / (m_vis + m_ir).clamp_min(torch.finfo(m_vis.dtype).tiny)
    return (w_vis * _power(d_vis) + (1 - w_vis) * _power(d_ir)).mean()


def _distance_map(d: Tensor, sigma: float) -> Tensor:
    """Distance per frequency, 0..1, by image."""
    axes = [torch.linspace(-1, 1, n, dtype=d.real.dtype, device=d.device) for n in d.shape[-2:]]
    square = axes[0].square().view(-1, 1) + axes[1].square()
    low_pass = torch.fft.ifftshift(torch.exp(-square / (2 * sigma**2)))
    distance = torch.complex(d.real * low_pass, d.imag).abs()
    largest = distance.amax(dim=(-2, -1), keepdim=True).clamp_min(torch.finfo(distance.dtype).tiny)
    return (distance / largest).clamp(0, 1)


def _power(d: Tensor) -> Tensor:
    return d.real.square() + d.imag.square()


def objective(
    outputs: Sequence[Tensor], ir: Tensor, vis: Tensor, features: Features | None, weights: Weights
) -> dict[str, Tensor]:
    """Every term before weighting, and their weighted sum as ``total``.

    ``features`` may be None where the perceptual weight is 0.
    """
    fused = outputs[0]
    terms = {
        "data": data_loss(outputs, ir, vis),
        "spatial": spatial_loss(fused, ir, vis),
        "perceptual": fused.new_zeros(()),
        "frequency": frequency_loss(fused, ir, vis),
    }
    if weights.perceptual:
        if features is None:
            raise ValueError("a perceptual weight other than 0 needs VGG features")
        terms["perceptual"] = perceptual_loss(fused, ir, vis, features)
    total = sum(
        (getattr(weights, name) * term for name, term in terms.items()), fused.new_zeros(())
    )
    return {"total": total, **terms}
