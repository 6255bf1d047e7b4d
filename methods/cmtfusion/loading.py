"""Checkpoints: reading them safely, and loading them strictly into the network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fusionbench import WeightsError

if TYPE_CHECKING:
    from torch import Tensor

    from .network import CMTFusion

UNUSED = re.compile(
    r"conv_g_(ir|rgb)\..+|conv_pre1\..+|up_eval[3478]\..+|conv[12]_[34]\..+|conv9\..+|fft\..+"
    r"|conv[678]\.(se|hd|cp|pw)_bn\..+|conv[678]\.conv8\..+"
)
"""Parameters of the published checkpoints that take no part in the forward pass."""


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a ``.safetensors`` file or of a PyTorch state dict.

    Raises:
        WeightsError: The file is neither, or holds anything but tensors.
    """
    import torch

    from .._deep import checkpoint

    state = checkpoint.read_state(path)
    if not all(torch.is_tensor(value) for value in state.values()):
        raise WeightsError(f"{path}: expected a state dict, names and tensors and nothing else")
    return state


def load_state(network: CMTFusion, state: Mapping[str, Tensor], source: str = "weights") -> None:
    """Load a state dict, strictly.

    Its names may carry DataParallel's ``module.``, and it may hold the known unused parameters.

    Raises:
        WeightsError: A parameter is unknown, missing or of another shape; all of them are listed.
    """
    given = {name.removeprefix("module."): value for name, value in state.items()}
    own = network.state_dict()
    problems = [
        f"unknown: {name}" for name in given if name not in own and not UNUSED.fullmatch(name)
    ]
    for name, value in own.items():
        if name not in given:
            problems.append(f"missing: {name}")
        elif given[name].shape != value.shape:
            shapes = f"{tuple(given[name].shape)}, expected {tuple(value.shape)}"
            problems.append(f"wrong shape: {name} is {shapes}")
    if problems:
        listed = "\n  ".join(problems)
        raise WeightsError(
            f"{source} do not fit CMTFusion's '{network.variant}' variant "
            f"({len(problems)} differences):\n  {listed}"
        )
    network.load_state_dict({name: given[name] for name in own})
