"""The gated bottleneck and the cross-modal transformer of one pyramid level.

A transformer finds what its own modality's map (query, q) has and the other modality's (key, k) has
not. The published code runs four 1x1 convolutions of 32 channels over every pixel and reduces
afterwards. Convolution and reduction are both linear, so here the reduction comes first wherever
that is exact, and the convolution is a 32 x 32 matrix applied to one vector.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import CHANNELS, bias_of, in_strips

Variant = Literal["paper", "release", "patch"]

LOWEST = -80.0
"""Floor under the gates' logits. Far below it, where trained networks do get, both sigmoids of the
release's a / (a + b) vanish in float32 and the published formula is 0 / 0."""


class CrossTransformer(nn.Module):
    """Query and key map, N x 32 x H x W, to the query map without what the key map has too."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.variant = variant
        self.channel_conv_1 = nn.Conv2d(CHANNELS, 1, 1)
        self.channel_conv_2 = nn.Conv2d(CHANNELS, CHANNELS, 1)
        names = ("spatial_conv_1", "spatial_conv_2")
        if variant == "patch":
            names = ("spatial_key_conv", "spatial_query_conv")
        for name in names:
            setattr(self, name, nn.Conv2d(CHANNELS, CHANNELS, 1))
        self._names = names
        self.conv11 = nn.Conv2d(2 * CHANNELS, CHANNELS, 1)

    def scales(self, q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        """Irrelevance of each channel, N x 32 x 1 x 1, and the spatial half.

        The spatial half is the irrelevance of each pixel, N x 1 x H x W, except in the ``patch``
        variant, where it is the scaled and rearranged map, N x 32 x H x W.
        """
        channel = self._channel(_tokens(q), _tokens(k))
        if self.variant == "paper":
            return channel, self._by_pixel(q, k.mean(dim=(2, 3)))
        if self.variant == "release":
            return channel, self._by_buffer(q, k)
        return channel, self._by_patch(q, k)

    def join(self, q: Tensor, spatial: Tensor, channel: Tensor) -> Tensor:
        """Both halves of the result, joined to 32 channels; per pixel, so strips may be passed."""
        half = spatial if spatial.shape[1] == CHANNELS else q * spatial
        return self.conv11(torch.cat([q * channel, half], dim=1))  # type: ignore[no-any-return]

    def _channel(self, q: Tensor, k: Tensor) -> Tensor:
        """Sum over pixels of Q K^T = W (sum of q K) + b (sum of K), with K one value per pixel."""
        key = k @ self.channel_conv_1.weight.view(CHANNELS, 1) + bias_of(self.channel_conv_1)
        pooled = (key.transpose(1, 2) @ q).transpose(1, 2)
        bias = bias_of(self.channel_conv_2)
        score = self.channel_conv_2.weight.view(CHANNELS, CHANNELS) @ pooled
        return 1 - torch.sigmoid(score + bias.view(-1, 1) * key.sum(1, keepdim=True)).unsqueeze(-1)

    def _key_query(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        key, query = (getattr(self, name) for name in self._names)
        square = (CHANNELS, CHANNELS)
        return key.weight.view(square), key.bias, query.weight.view(square), query.bias

    def _by_pixel(self, q: Tensor, mean_k: Tensor) -> Tensor:
        """One token per pixel: Q . mean K = q . (W_Q^T mean K) + b_Q . mean K."""
        key_w, key_b, query_w, query_b = self._key_query()
        key = mean_k @ key_w.T + key_b
        n, _, h, w = q.shape
        score = _tokens(q) @ (key @ query_w).unsqueeze(-1) + (key @ query_b).view(n, 1, 1)
        return 1 - torch.sigmoid(score).view(n, 1, h, w)

    def _by_buffer(self, q: Tensor, k: Tensor) -> Tensor:
        """The release's tokens: 32 neighbouring values of the contiguous N x C x H x W buffer.

        Where 32 divides H W, a token lies inside one channel and starts at a multiple of 32, so the
        dot product with the mean key can come before the convolution, which then has 32 times fewer
        values to work on.
        """
        key_w, key_b, query_w, query_b = self._key_query()
        n, c, h, w = q.shape
        key = _mean_buffer_key(k, key_w, key_b)
        if h * w % c:
            maps = F.conv2d(q, query_w.view(c, c, 1, 1), query_b).contiguous()
            return 1 - torch.sigmoid(maps.view(n, h * w, c) @ key.unsqueeze(-1)).view(n, 1, h, w)
        dots = (key.view(n, 1, 1, c) @ _tokens(q).reshape(n, -1, c, c)).view(n, -1, c)
        score = query_w @ dots.transpose(1, 2) + (query_b.view(c, 1) * key.sum(1).view(n, 1, 1))
        return 1 - torch.sigmoid(score).reshape(n, 1, h, w)

    def _by_patch(self, q: Tensor, k: Tensor) -> Tensor:
        """2x2 patches, axes swapped in memory and channels mixed, as in the published code."""
        n, c, height, width = q.shape
        h, w = height // 2, width // 2
        scaled = []
        for rows in (slice(0, h), slice(h, 2 * h)):
            for columns in (slice(0, w), slice(w, 2 * w)):
                part = q[:, :, rows, columns]
                mask = self._by_pixel(part, k[:, :, rows, columns].mean(dim=(2, 3)))
                scaled.append((part * mask).transpose(2, 3).reshape(n, c, h, w))
        stacked = torch.cat(scaled, dim=1).view(n, c, 2, 2, h, w)
        joined = stacked.permute(0, 1, 4, 2, 5, 3).reshape(n, c, 2 * h, 2 * w)
        return joined if joined.shape == q.shape else F.interpolate(joined, size=(height, width))


class Stage(nn.Module):
    """One level: gates that let a part of each key through, one transformer per modality."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.paper = variant == "paper"
        if self.paper:
            self.bot_conv0 = nn.Conv2d(2 * CHANNELS, CHANNELS, 1)
        self.bot_conv1 = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.bot_conv2 = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.fusionTransformer_vis = CrossTransformer(variant)
        self.fusionTransformer_ir = CrossTransformer(variant)

    def keys(self, ir: Tensor, vis: Tensor) -> tuple[Tensor, ...]:
        """``ir * G_ir`` and ``vis * G_vis``."""
        weight = torch.cat([self.bot_conv1.weight, self.bot_conv2.weight])
        bias = torch.cat([bias_of(self.bot_conv1), bias_of(self.bot_conv2)])

        def gate(ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor]:
            shared = self.bot_conv0(torch.cat([vis, ir], dim=1)) if self.paper else vis + ir
            both = F.conv2d(shared, weight, bias, padding=1)
            if self.paper:
                a, b = both.chunk(2, dim=1)
                g_vis = torch.sigmoid(a - b)
                return ir * (1 - g_vis), vis * g_vis
            a, b = torch.sigmoid(both.clamp_min(LOWEST)).chunk(2, dim=1)
            g_vis = a / (a + b)
            return ir * (b / (b + g_vis)), vis * g_vis

        return in_strips(gate, [ir, vis], halo=1)


def _tokens(x: Tensor) -> Tensor:
    """N x C x H x W to N x HW x C: one row per pixel."""
    return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, x.shape[1])


def _mean_buffer_key(k: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Mean over the release's tokens of the convolved key map, N x 32; the map is not convolved.

    Entry j is the mean over all buffer positions that are j modulo 32. In channel c those are the
    pixels p with (c HW + p) mod 32 = j, so it is enough to know k summed over the pixels of each
    remainder.
    """
    n, c, h, w = k.shape
    pixels = h * w
    tokens = _tokens(k)
    if pixels % c:
        tokens = F.pad(tokens, (0, 0, 0, -pixels % c))
    sums = tokens.view(n, -1, c, c).sum(1)
    remainder = torch.arange(c, device=k.device)
    counts = (pixels - remainder + c - 1) // c
    maps = sums @ weight.T + counts.to(k.dtype).view(c, 1) * bias
    at = (remainder.view(c, 1) - remainder * pixels) % c
    return maps.gather(1, at.expand(n, c, c)).sum(2) / pixels
