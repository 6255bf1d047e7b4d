"""Weights of the published networks: read as the engine does, and loaded strictly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from fusionbench import load_weights, read_weights


def read_state(path: Path, inside: str = "") -> dict[str, Any]:
    """What a file holds by name (see :func:`fusionbench.checkpoints.read_weights`)."""
    return read_weights(path, inside)


def load_state(
    network: nn.Module,
    state: Mapping[str, Any],
    unused: Mapping[str, tuple[int, ...] | None],
    source: str,
) -> None:
    """Load tensors, strictly (see :func:`fusionbench.checkpoints.load_weights`).

    Args:
        network: What they are loaded into.
        state: The tensors.
        unused: Names and shapes (None: any) of what may be there and is not loaded.
        source: The file, for the error.

    Raises:
        WeightsError: They do not fit; every difference is listed.
    """
    load_weights(network, state, source, unused=lambda name: unused.get(name, False))
