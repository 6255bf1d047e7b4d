"""Building blocks of the published networks; attribute names are those of the state dicts."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

Border = Literal["zeros", "reflect", "replicate"]


def conv(
    inputs: int,
    outputs: int,
    size: int = 3,
    *,
    border: Border = "zeros",
    dilation: int = 1,
    bias: bool = True,
) -> nn.Conv2d:
    """A convolution that keeps the size: stride 1, odd kernel, border of half its reach."""
    reach = dilation * (size // 2)
    return nn.Conv2d(
        inputs, outputs, size, padding=reach, dilation=dilation, bias=bias, padding_mode=border
    )


class Conv(nn.Module):
    """A convolution named ``conv``; keywords as in :func:`conv`."""

    def __init__(self, inputs: int, outputs: int, size: int = 3) -> None:
        super().__init__()
        self.conv = conv(inputs, outputs, size)

    def forward(self, x: Tensor) -> Tensor:
        """N×inputs×H×W to N×outputs×H×W."""
        y: Tensor = self.conv(x)
        return y


class ConvNorm(nn.Module):
    """A convolution named ``conv`` with replicated border, and batch norm named ``bn``."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, *, bias: bool = True) -> None:
        super().__init__()
        self.conv = conv(inputs, outputs, size, border="replicate", bias=bias)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """N×inputs×H×W to N×outputs×H×W."""
        y: Tensor = self.bn(self.conv(x))
        return y
