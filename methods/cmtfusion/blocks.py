"""The blocks of CMTFusion that see a neighbourhood only: stems, distillation, attention, fusion.

Shapes are N x C x H x W; every feature map has 32 channels. Parameters carry the names of the
published checkpoints; where a block computes with other weights than it stores (a residual folded
into a kernel, narrow groups merged), it derives them in the forward pass, so the result is the same
and gradients reach the parameters.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PIXELS = 20_480
"""Pixels of a strip, batch included: 32 rows of a 640 pixel wide image."""

Local = Callable[..., tuple[Tensor, ...]]


def in_strips(function: Local, inputs: Sequence[Tensor], halo: int) -> tuple[Tensor, ...]:
    """Apply ``function``, whose outputs are of the inputs' height and width, strip by strip.

    The function must be local: an output row may depend on input rows at most ``halo`` away (the
    number of 3x3 convolutions in a row). Then the result is the same as that of one call. With
    gradients, off the CPU, and where ``torch.compile`` fuses operations itself, one call it is.
    """
    n, _, height, width = inputs[0].shape
    rows = max(PIXELS // (n * width), 4 * halo, 8)
    at_once = torch.is_grad_enabled() or torch.compiler.is_compiling()
    if rows >= height or at_once or inputs[0].device.type != "cpu":
        return function(*inputs)
    outputs: tuple[Tensor, ...] = ()
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first, last = max(top - halo, 0), min(bottom + halo, height)
        parts = function(*(x[:, :, first:last] for x in inputs))
        if not outputs:
            outputs = tuple(_room(part, height) for part in parts)
        for whole, part in zip(outputs, parts, strict=True):
            whole[:, :, top:bottom] = part[:, :, top - first : bottom - first]
    return outputs


def _room(part: Tensor, height: int) -> Tensor:
    n, c, _, width = part.shape
    return part.new_empty(n, height, width, c).permute(0, 3, 1, 2)


def edge_strength(x: Tensor) -> Tensor:
    """Gradient magnitude of an image in [-1, 1], widened to its maximum in each 3x3 neighbourhood.

    Central differences on the [0, 1] image, halved (kernel [-0.5, 0, 0.5]), edges repeated.
    """
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    dx = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
    dy = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
    return F.max_pool2d(0.25 * torch.sqrt(dx * dx + dy * dy), 3, stride=1, padding=1)


def with_edges(ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor]:
    """Each image, N x 1 x H x W, with its share of the edge strength as a second channel.

    The share is 2 (u / (u_ir + u_vis + 1e-5) - 0.5), u the strength of one image.
    """
    with torch.no_grad():
        u_ir, u_vis = edge_strength(ir), edge_strength(vis)
        total = u_ir + u_vis + 1e-5
        edge_ir, edge_vis = 2 * (u_ir / total - 0.5), 2 * (u_vis / total - 0.5)
    return torch.cat([ir, edge_ir], dim=1), torch.cat([vis, edge_vis], dim=1)


CHANNELS = 32
_LINEAR = 1.5957691216057308  # 2 sqrt(2 / pi)
_CUBIC = 0.044715 * _LINEAR


def gelu(x: Tensor) -> Tensor:
    """Tanh approximation of GELU.

    Without gradients x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)), which is the same function and
    takes half the time.
    """
    if torch.is_grad_enabled() or x.device.type != "cpu":
        return F.gelu(x, approximate="tanh")
    z = x * x
    return z.mul_(_CUBIC).add_(_LINEAR).mul_(x).sigmoid_().mul_(x)


def bias_of(conv: nn.Conv2d) -> Tensor:
    """The bias, which every convolution here has."""
    assert conv.bias is not None
    return conv.bias


class Named(nn.Module):
    """A convolution that checkpoints call ``<name>.conv2d``."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve."""
        return self.conv2d(x)  # type: ignore[no-any-return]


class Down(nn.Sequential):
    """3x3 convolution of stride 2, GELU: H x W to ceil(H/2) x ceil(W/2)."""

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(CHANNELS, CHANNELS, 3, stride=2, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """Halve."""
        return gelu(self[0](x))


class Up(nn.Module):
    """4x4 transposed convolution of stride 2, cropped; its GELU is the caller's.

    The published code pads by reflection where the result is too small. It never is: the lower
    level has ceil(n/2) rows and twice that is n or n + 1, so one row or column at most is cropped,
    at the far end.
    """

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Sequential(nn.ConvTranspose2d(CHANNELS, CHANNELS, 4, stride=2, padding=1))

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        """Double, before the GELU."""
        return self.up(x)[:, :, :height, :width]  # type: ignore[no-any-return]


class ESA(nn.Module):
    """Enhanced spatial attention: one weight per value, from a coarse view of the map."""

    def __init__(self) -> None:
        super().__init__()
        f = CHANNELS // 4
        self.conv1 = nn.Conv2d(CHANNELS, f, 1)
        self.conv_f = nn.Conv2d(f, f, 1)
        self.conv_max = nn.Conv2d(f, f, 3, padding=1)
        self.conv2 = nn.Conv2d(f, f, 3, stride=2)
        self.conv3 = nn.Conv2d(f, f, 3, padding=1)
        self.conv3_ = nn.Conv2d(f, f, 3, padding=1)
        self.conv4 = nn.Conv2d(f, CHANNELS, 1)

    def coarse(self, a: Tensor) -> Tensor:
        """The coarse branch at full size; ``a`` is ``conv1`` of the input, N x 8 x H x W."""
        c = F.max_pool2d(self.conv2(a), kernel_size=7, stride=3)
        c = self.conv3_(F.relu(self.conv3(F.relu(self.conv_max(c)))))
        return F.interpolate(c, a.shape[-2:], mode="bilinear", align_corners=False)

    def scale(self, x: Tensor, a: Tensor, coarse: Tensor) -> Tensor:
        """The block's input times its attention."""
        return x * torch.sigmoid(self.conv4(coarse + self.conv_f(a)))


class RFDB(nn.Module):
    """Residual feature distillation: three refining steps, each keeping a part, then attention."""

    def __init__(self) -> None:
        super().__init__()
        half = CHANNELS // 2
        self.c1_d = nn.Conv2d(CHANNELS, half, 1)
        self.c1_r = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.c2_d = nn.Conv2d(CHANNELS, half, 1)
        self.c2_r = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.c3_d = nn.Conv2d(CHANNELS, half, 1)
        self.c3_r = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.c4 = nn.Conv2d(CHANNELS, half, 3, padding=1)
        self.c5 = nn.Conv2d(4 * half, CHANNELS, 1)
        self.esa = ESA()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The arguments of :meth:`ESA.scale`, left to the caller: it can share a pass."""
        steps = [
            (self.c1_d, self.c1_r.bias, _with_identity(self.c1_r.weight)),
            (self.c2_d, self.c2_r.bias, _with_identity(self.c2_r.weight)),
            (self.c3_d, self.c3_r.bias, _with_identity(self.c3_r.weight)),
        ]

        def refine(r: Tensor) -> tuple[Tensor, Tensor]:
            kept = []
            for distil, bias, weight in steps:
                kept.append(gelu(distil(r)))
                r = gelu(F.conv2d(r, weight, bias, padding=1))
            kept.append(gelu(self.c4(r)))
            y = self.c5(torch.cat(kept, dim=1))
            return y, self.esa.conv1(y)

        y, a = in_strips(refine, [x], halo=4)
        return y, a, self.esa.coarse(a)


class SFC(nn.Module):
    """Fusion block: both modalities' maps to one image in [-1, 1], by 32 groups of four."""

    def __init__(self) -> None:
        super().__init__()
        groups, wide = CHANNELS, 4 * CHANNELS
        self.fused = Named(2 * CHANNELS, CHANNELS, 1)
        self.se_conv = nn.Conv2d(CHANNELS, wide, 3, padding=1, groups=groups)
        self.hd_conv = nn.Conv2d(wide, wide, 3, padding=1, groups=groups)
        self.cp_conv = nn.Conv2d(wide, CHANNELS, 1, groups=groups)
        self.pw_conv = nn.Conv2d(CHANNELS, 1, 1)

    def weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Kernels of the two grouped layers, and the last two layers, both linear, as one.

        On a CPU narrow groups are merged to eight input channels each, which multiplies zeros and
        is quicker; elsewhere, and where operations are counted, they stay as the authors have them.
        """
        widen, mix = self.se_conv.weight, self.hd_conv.weight
        if not torch.is_grad_enabled():
            widen, mix = widen.detach(), mix.detach()
        if widen.device.type == "cpu":
            widen, mix = merged(widen, CHANNELS, 8), merged(mix, CHANNELS, 2)
        last = self.pw_conv.weight.view(CHANNELS, 1) * self.cp_conv.weight.view(CHANNELS, 4)
        bias = self.pw_conv.weight.view(1, CHANNELS) @ bias_of(self.cp_conv) + bias_of(self.pw_conv)
        return widen, mix, last.view(1, 4 * CHANNELS, 1, 1), bias

    def forward(self, both: Tensor, weights: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
        """``both``: VIS then IR, N x 64 x H x W; to N x 1 x H x W. Local with a halo of two."""
        widen, mix, last, bias = weights
        x = gelu(_grouped(self.fused(both), widen, self.se_conv.bias))
        x = gelu(_grouped(x, mix, self.hd_conv.bias))
        return torch.tanh(F.conv2d(x, last, bias))


def _grouped(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return F.conv2d(x, weight, bias, padding=1, groups=x.shape[1] // weight.shape[1])


def merged(weight: Tensor, groups: int, factor: int) -> Tensor:
    """The kernel of the same grouped convolution with ``factor`` times fewer groups.

    Neighbouring groups become one; the added entries are zero. Groups of one or four channels are
    too narrow for the vector units, eight fill them.
    """
    inputs = weight.shape[1]
    parts = weight.view(groups // factor, factor, -1, inputs, *weight.shape[2:])
    padded = [
        F.pad(parts[:, i], (0, 0, 0, 0, i * inputs, (factor - 1 - i) * inputs))
        for i in range(factor)
    ]
    return torch.stack(padded, dim=1).view(weight.shape[0], factor * inputs, *weight.shape[2:])


def _with_identity(weight: Tensor) -> Tensor:
    """The 3x3 kernel that adds its input to its output."""
    identity = torch.eye(weight.shape[0], dtype=weight.dtype, device=weight.device)
    return weight + F.pad(identity[:, :, None, None], (1, 1, 1, 1))
