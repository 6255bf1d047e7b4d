"""Run local computations on strips of rows, so that what they make fits the processor's cache."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

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
