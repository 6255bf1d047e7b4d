"""Where training starts: kernels that pass images through, plus noise (``--start pass-through``).

PyTorch's own initial kernels shrink what they pass by sqrt(3) each; after the dozen convolutions
between an image and the fused one, and the attention's factors of one half, nothing but a constant
is left, and fine detail is learnt last. Here every convolution between source and output starts as
the identity (as in Zagoruyko and Komodakis, DiracNets, 2017) plus a share of PyTorch's own start,
with the sign of every other channel turned, since gelu(x) - gelu(-x) = x. The last layer of each
level is then scaled so that its output on some crops is nearest to the mean of the sources.
Attention and gates keep PyTorch's start.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..network import CMTFusion
from .losses import halved

NOISE = 0.25
"""Share of PyTorch's own initial values that stays."""
KEPT = ("esa.", "channel_conv", "spatial_", "bot_conv")
RESIDUAL = ("c1_r", "c2_r", "c3_r")
HEADS = ("conv8", "conv7", "conv6")


@torch.no_grad()
def pass_through(network: CMTFusion, ir: Tensor, vis: Tensor) -> None:
    """Set the parameters of a fresh network; ``ir`` and ``vis`` are crops to scale the output by.

    Args:
        network: Changed in place.
        ir: N x 1 x H x W in [-1, 1].
        vis: As ``ir``.
    """
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and not any(k in name for k in KEPT):
            for parameter in module.parameters():
                parameter.mul_(NOISE)
            if not name.endswith(RESIDUAL):
                module.weight += _identity(name, module)
    _scale_outputs(network, ir, vis)


def _identity(name: str, conv: nn.Conv2d | nn.ConvTranspose2d) -> Tensor:
    weight = torch.zeros_like(conv.weight)
    outputs, inputs, height, width = weight.shape
    if isinstance(conv, nn.ConvTranspose2d):
        tap = weight.new_tensor([0.25, 0.75, 0.75, 0.25])
        weight[range(outputs), range(inputs)] = torch.outer(tap, tap)
        return weight
    middle = weight[:, :, height // 2, width // 2]
    every = torch.arange(max(outputs, inputs))
    middle[every % outputs, every % inputs] = min(outputs / inputs, 1.0)
    if name.startswith(("conv_ir1", "conv_rgb1")):
        middle[:] = 0
        middle[:, 0] = _signs(outputs)
    if name.endswith("pw_conv"):
        middle *= _signs(inputs)
    return weight


def _signs(count: int) -> Tensor:
    return 1.0 - 2.0 * (torch.arange(count) % 2)


def _scale_outputs(network: CMTFusion, ir: Tensor, vis: Tensor) -> None:
    """One factor and one offset for each level's last layer, by least squares."""
    for level, head in enumerate(HEADS):
        conv = network.get_submodule(f"{head}.pw_conv")
        assert isinstance(conv, nn.Conv2d) and conv.bias is not None
        before = network(ir, vis)[level].clamp(-0.999, 0.999).atanh().flatten()
        a, b = ir, vis
        for _ in range(level):
            a, b = halved(a), halved(b)
        wanted = (0.98 * (a + b) / 2).atanh().flatten()
        spread = before - before.mean()
        factor = (spread @ (wanted - wanted.mean())) / (spread @ spread)
        conv.weight *= factor
        conv.bias.mul_(factor).add_(wanted.mean() - factor * before.mean())
