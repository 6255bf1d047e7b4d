"""CMTFusion's weights: loading them strictly into the network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusionbench import load_weights, read_weights

if TYPE_CHECKING:
    from torch import Tensor

    from .network import CMTFusion

UNUSED = re.compile(
    r"conv_g_(ir|rgb)\..+|conv_pre1\..+|up_eval[3478]\..+|conv[12]_[34]\..+|conv9\..+|fft\..+"
    r"|conv[678]\.(se|hd|cp|pw)_bn\..+|conv[678]\.conv8\..+"
)
"""Parameters of the published checkpoints that take no part in the forward pass."""


def read_state(path: Path) -> dict[str, Any]:
    """What a file holds by name (see :func:`fusionbench.checkpoints.read_weights`)."""
    return read_weights(path)


def load_state(network: CMTFusion, state: Mapping[str, Tensor], source: str = "weights") -> None:
    """Load a state dict, strictly; it may hold the known unused parameters.

    Raises:
        WeightsError: A parameter is unknown, missing or of another shape; all of them are listed.
    """
    load_weights(
        network,
        {name.removeprefix("module."): value for name, value in state.items()},
        source,
        unused=lambda name: None if UNUSED.fullmatch(name) else False,
        what=f"CMTFusion's '{network.variant}' variant",
    )
