"""Checkpoints: reading them without running code, and loading them strictly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from fusionbench import WeightsError


def read_state(path: Path, inside: str = "") -> dict[str, Any]:
    """The state dict of a ``.safetensors`` or PyTorch file, without DataParallel's prefix.

    Args:
        path: The file; nothing in it is executed.
        inside: The key that holds the state dict, where the file wraps it (it may be bare).

    Raises:
        WeightsError: The file cannot be read, or holds no dict of names.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state: Any = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsError(f"{path} could not be read as weights: {error}") from error
    if isinstance(state, Mapping) and isinstance(state.get(inside), Mapping):
        state = state[inside]
    if not isinstance(state, Mapping) or not all(isinstance(name, str) for name in state):
        raise WeightsError(f"{path}: expected a state dict (names and tensors)")
    return {name.removeprefix("module."): value for name, value in state.items()}


def load_state(
    network: nn.Module,
    state: Mapping[str, Any],
    unused: Mapping[str, tuple[int, ...] | None],
    source: str,
) -> None:
    """Load a state dict, strictly.

    Args:
        network: What it is loaded into.
        state: Every parameter and running statistic of the network, and possibly what is unused.
            Batch norm's step counters are not looked at.
        unused: Names and shapes (None: no tensor) of what may be there and is not loaded.
        source: The file, for the error.

    Raises:
        WeightsError: A name is unknown or missing, or a shape is wrong; all of them are listed.
    """
    own = {name: tuple(value.shape) for name, value in _wanted(network.state_dict())}
    given = dict(_wanted(state))
    allowed = {**unused, **own}
    problems = [f"missing: {name}" for name in own if name not in given]
    for name, value in given.items():
        if name not in allowed:
            problems.append(f"unknown: {name}")
        elif (expected := allowed[name]) is not None and _shape(value) != expected:
            problems.append(f"wrong shape: {name} is {_shape(value)}, expected {expected}")
    if problems:
        raise WeightsError(
            f"{source} does not fit {type(network).__name__} ({len(problems)} differences):\n  "
            + "\n  ".join(problems)
        )
    network.load_state_dict({name: given[name] for name in own}, strict=False)


def _wanted(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((k, v) for k, v in state.items() if not k.endswith(".num_batches_tracked"))


def _shape(value: object) -> tuple[int, ...] | str:
    return tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
