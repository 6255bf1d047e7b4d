"""The deep baselines with seeded random weights, and images for them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from fusionbench import Setting
from fusionbench.methods._deep import DeepMethod
from fusionbench.registry import METHODS


def random_network(method: DeepMethod) -> nn.Module:
    """The network with seeded weights, its batch norm statistics included.

    Kernels lean to the positive a little, so that no output ends in one flat colour.
    """
    torch.manual_seed(7)
    network: nn.Module = method.build()
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data += 0.1 * parameter.data.abs()
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.1)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 2)
    return network


@pytest.fixture
def weights_file(tmp_path: Path) -> Callable[..., Path]:
    """``weights_file("sdnet", change)``: random weights in a file, changed before saving."""

    def write(name: str, change: Callable[[dict[str, Any]], Any] = lambda state: None) -> Path:
        state = dict(random_network(METHODS[name].plugin()).state_dict())
        changed = change(state)
        path = tmp_path / f"{name}.pth"
        torch.save(state if changed is None else changed, path)
        return path

    return write


@pytest.fixture
def random_method(weights_file: Callable[..., Path]) -> Callable[..., DeepMethod]:
    """``random_method("sdnet", output="clip")``: a method loaded with random weights."""

    def make(name: str, **options: str) -> DeepMethod:
        setting = Setting(weights=str(weights_file(name)), options=options)
        method: DeepMethod = METHODS[name].plugin(setting)
        method.load()
        return method

    return make


@pytest.fixture
def pair() -> Callable[..., tuple[Tensor, Tensor]]:
    """``pair(2, 48, 56, channels=3)``: random 8-bit images, infrared and visible, over 255."""

    def draw(count: int, height: int, width: int, channels: int = 1) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(height * width)
        size = (count, 1 + channels, height, width)
        images = torch.randint(0, 256, size, generator=generator) / 255
        return images[:, :1], images[:, 1:]

    return draw
