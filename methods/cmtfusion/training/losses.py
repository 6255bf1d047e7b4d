"""The training objective of CMTFusion: data + 0.8 spatial + 0.02 perceptual + 0.05 frequency.

Images are N x 1 x H x W in [-1, 1]; every loss is a scalar, 0 when the fused image equals both
sources. The perceptual loss takes VGG-19's features, from a file of weights in one of two layouts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fusionbench import FusionBenchError, sha256_of

if TYPE_CHECKING:
    from .settings import Settings


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


TORCHVISION_URL = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"
_TORCHVISION = (0, 2, 5, 7, 10, 12)
_NORMALISED = (2, 5, 9, 12, 16)
_POOL_BEFORE = (2, 4)
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class VGGFeatures(nn.Module):
    """Three feature maps of a grey image in [-1, 1], N x 1 x H x W, repeated to three channels.

    Torchvision's layout (``features.<n>.weight``): zero padding, ImageNet mean and deviation, taps
    relu1_2, relu2_2, relu3_2, as published. The truncated normalised layout (``<n>.weight``, a 1x1
    convolution first that turns RGB in [0, 1] into what the network expects): reflection padding,
    taps relu1_2, relu2_2, relu3_1. The weights are fixed; gradients reach the image.
    """

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        self.torchvision = "features.0.weight" in state
        numbers, prefix = (_TORCHVISION, "features.") if self.torchvision else (_NORMALISED, "")
        needed = [f"{prefix}{n}" for n in (numbers if self.torchvision else (0, *numbers))]
        missing = [
            f"{n}.{p}" for n in needed for p in ("weight", "bias") if f"{n}.{p}" not in state
        ]
        if missing:
            raise ValueError(f"no VGG-19 weights in a known layout: {', '.join(missing)} missing")
        self.layers = len(numbers)
        for i, n in enumerate(numbers):
            weight, bias = state[f"{prefix}{n}.weight"].float(), state[f"{prefix}{n}.bias"].float()
            self.register_buffer(f"weight{i}", weight.contiguous(memory_format=torch.channels_last))
            self.register_buffer(f"bias{i}", bias)
        scale, shift = self._input_map(state)
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def _input_map(self, state: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Grey g in [0, 1] becomes the three channels scale g + shift."""
        if self.torchvision:
            mean, std = torch.tensor(_MEAN), torch.tensor(_STD)
            return (1 / std).view(1, 3, 1, 1), (-mean / std).view(1, 3, 1, 1)
        scale = state["0.weight"].float().sum(dim=(1, 2, 3))
        return scale.view(1, 3, 1, 1), state["0.bias"].float().view(1, 3, 1, 1)

    def forward(self, image: Tensor) -> list[Tensor]:
        """The three tapped maps, after their ReLU."""
        x = (image + 1) / 2 * self.get_buffer("scale") + self.get_buffer("shift")
        x = x.contiguous(memory_format=torch.channels_last)
        taps = []
        for i in range(self.layers):
            if i in _POOL_BEFORE:
                taps.append(x)
                x = F.max_pool2d(x, 2)
            weight, bias = self.get_buffer(f"weight{i}"), self.get_buffer(f"bias{i}")
            if self.torchvision:
                x = F.relu(F.conv2d(x, weight, bias, padding=1))
            else:
                x = F.relu(F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), weight, bias))
        return [*taps, x]


def load_features(path: Path) -> VGGFeatures:
    """VGG-19 features from a state dict file, read as tensors only."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise ValueError(f"{path}: a state dict was expected, got {type(state).__name__}")
    return VGGFeatures(state)


def find_features(settings: Settings) -> VGGFeatures | None:
    """The features that a run's perceptual term needs, or None where the term has no weight.

    Taken from ``perceptual_weights``; else from torchvision's VGG-19 where torch keeps downloads
    (``torch.hub``'s checkpoints), which ``download`` allows to fetch; both are verified by the
    checksum in the file's name.

    Raises:
        FusionBenchError: There are none; or they are not torchvision's and the weight of the term
            is still the published one, which belongs to torchvision's activations.
    """
    if not settings.loss_weights.perceptual:
        return None
    path = settings.perceptual_weights or _torchvision_file(settings.download)
    try:
        features = load_features(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise FusionBenchError(f"--perceptual-weights {path}: {error}") from error
    if (
        not features.torchvision
        and settings.weights.perceptual == type(settings.weights).perceptual
    ):
        raise FusionBenchError(
            f"{path} is not torchvision's VGG-19: its activations have another scale, to which the "
            f"published weight of {settings.weights.perceptual} does not belong. Name one with "
            "--weight-perceptual (0.01 was taken for the weights that ship)"
        )
    return features


def _torchvision_file(download: bool) -> Path:
    name = TORCHVISION_URL.rpartition("/")[2]
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    prefix = path.stem.rpartition("-")[2]
    if not path.is_file() and download:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(TORCHVISION_URL, str(path), hash_prefix=prefix)
    if path.is_file() and sha256_of(path).startswith(prefix):
        return path
    raise FusionBenchError(
        f"the perceptual loss needs VGG-19, and torchvision's {name} is not at {path}. Pass "
        "--download to fetch it (575 MB), --perceptual-weights FILE for another copy, or "
        "--no-perceptual to train without the term"
    )
