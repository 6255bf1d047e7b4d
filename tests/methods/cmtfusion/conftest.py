"""The plain network, its random weights, and the reference material's arrays."""

from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

from fusionbench.methods.cmtfusion.network import CMTFusion
from fusionbench.methods.cmtfusion.transformer import Variant


@pytest.fixture(scope="session")
def plain() -> ModuleType:
    """``plain.py`` beside this file."""
    spec = spec_from_file_location("cmtfusion_plain", Path(__file__).with_name("plain.py"))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def random_network() -> Callable[[Variant], CMTFusion]:
    """A network whose weights are large enough for every block to matter."""

    def build(variant: Variant) -> CMTFusion:
        torch.manual_seed(7)
        network = CMTFusion(variant)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.mul_(2)
        return network

    return build


@pytest.fixture
def images() -> Callable[..., tuple[Tensor, Tensor]]:
    """Two random images in [-1, 1]."""

    def draw(*shape: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng(sum(shape))
        first, second = (rng.uniform(-1, 1, shape).astype(np.float32) for _ in range(2))
        return torch.from_numpy(first), torch.from_numpy(second)

    return draw
