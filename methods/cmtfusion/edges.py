"""The edge map that the released networks take as a second input channel."""

import torch
import torch.nn.functional as F
from torch import Tensor


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
