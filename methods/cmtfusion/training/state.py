"""The state of a training run in one file, enough to go on as if it had not stopped; its start.

``--start pass-through`` starts with kernels that pass images through, plus noise.

PyTorch's own initial kernels shrink what they pass by sqrt(3) each; after the dozen convolutions
between an image and the fused one, and the attention's factors of one half, nothing but a constant
is left, and fine detail is learnt last. Here every convolution between source and output starts as
the identity (as in Zagoruyko and Komodakis, DiracNets, 2017) plus a share of PyTorch's own start,
with the sign of every other channel turned, since gelu(x) - gelu(-x) = x. The last layer of each
level is then scaled so that its output on some crops is nearest to the mean of the sources.
Attention and gates keep PyTorch's start.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fusionbench import FusionBenchError, WeightsError, read_checkpoint

from ..network import CMTFusion
from .losses import halved


class Average:
    """Exponential moving average of a network's parameters, with a faster start."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay, self.updates = decay, 0
        self.state = {name: p.detach().clone() for name, p in network.named_parameters()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move towards the network; early on the decay is (1 + n) / (10 + n) of the n-th update."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, p in network.named_parameters():
            self.state[name].lerp_(p, 1 - decay)


@dataclass
class Run:
    """What changes while training, and what it was made from, by name."""

    network: CMTFusion
    optimizer: torch.optim.Optimizer
    average: Average
    rng: np.random.Generator
    step: int = 0
    seconds: float = 0.0
    made_from: dict[str, Any] = field(default_factory=dict)
    compiled: Callable[..., Any] | None = None

    def save(self, path: Path) -> None:
        """Write all of it, by way of a temporary file."""
        temporary = path.with_suffix(".part")
        torch.save(self._state(), temporary)
        temporary.replace(path)

    def _state(self) -> dict[str, Any]:
        generator = self.rng.bit_generator.state
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state,
            "updates": self.average.updates,
            "rng": {key: str(value) for key, value in generator["state"].items()},
            "rng_rest": {key: generator[key] for key in ("has_uint32", "uinteger")},
            "torch_rng": torch.get_rng_state(),
            "step": self.step,
            "seconds": self.seconds,
            "made_from": json.dumps(self.made_from),
        }

    def load(self, path: Path) -> None:
        """Continue from a file that :meth:`save` wrote.

        Raises:
            FusionBenchError: What it holds was made from something else, or it cannot be read.
        """
        device = next(self.network.parameters()).device
        try:
            state = read_checkpoint(path, str(device))
        except WeightsError as error:
            raise WeightsError(f"{error}. Remove it to begin again") from error
        if not isinstance(state, dict) or not state.keys() >= self._state().keys() - {"made_from"}:
            raise WeightsError(
                f"{path} is no checkpoint of a training run; remove it, or name another --out"
            )
        _check_same(json.loads(state.get("made_from", "{}")), self.made_from, path.parent)
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        average: dict[str, Tensor] = state["average"]
        self.average.state, self.average.updates = average, state["updates"]
        inner = {key: int(value) for key, value in state["rng"].items()}
        self.rng.bit_generator.state = {
            "bit_generator": "PCG64",
            "state": inner,
            **state["rng_rest"],
        }
        torch.set_rng_state(state["torch_rng"].cpu())
        self.step, self.seconds = state["step"], state["seconds"]


def _check_same(before: dict[str, Any], now: dict[str, Any], folder: Path) -> None:
    """Going on with other data or settings would make a card that does not say the truth."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if names:
        named = [f"{name} ({before.get(name)}, now {now.get(name)})" for name in names[:5]]
        raise FusionBenchError(
            f"{folder} holds a run with other settings: {', '.join(named)}; "
            "go on with the same ones, or name another --out"
        )


NOISE = 0.25
"""Share of PyTorch's own initial values that stays."""
KEPT = ("esa.", "channel_conv", "spatial_", "bot_conv")
RESIDUAL = ("c1_r", "c2_r", "c3_r")
HEADS = ("conv8", "conv7", "conv6")


@torch.no_grad()
def pass_through(network: CMTFusion, ir: Tensor, vis: Tensor) -> None:
    """Set the parameters of a fresh network; ``ir`` and ``vis`` are crops to scale the output by.

    Args:
        network: Changed in place.
        ir: N x 1 x H x W in [-1, 1].
        vis: As ``ir``.
    """
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and not any(k in name for k in KEPT):
            for parameter in module.parameters():
                parameter.mul_(NOISE)
            if not name.endswith(RESIDUAL):
                module.weight += _identity(name, module)
    _scale_outputs(network, ir, vis)


def _identity(name: str, conv: nn.Conv2d | nn.ConvTranspose2d) -> Tensor:
    weight = torch.zeros_like(conv.weight)
    outputs, inputs, height, width = weight.shape
    if isinstance(conv, nn.ConvTranspose2d):
        tap = weight.new_tensor([0.25, 0.75, 0.75, 0.25])
        weight[range(outputs), range(inputs)] = torch.outer(tap, tap)
        return weight
    middle = weight[:, :, height // 2, width // 2]
    every = torch.arange(max(outputs, inputs))
    middle[every % outputs, every % inputs] = min(outputs / inputs, 1.0)
    if name.startswith(("conv_ir1", "conv_rgb1")):
        middle[:] = 0
        middle[:, 0] = _signs(outputs)
    if name.endswith("pw_conv"):
        middle *= _signs(inputs)
    return weight


def _signs(count: int) -> Tensor:
    return 1.0 - 2.0 * (torch.arange(count) % 2)


def _scale_outputs(network: CMTFusion, ir: Tensor, vis: Tensor) -> None:
    """One factor and one offset for each level's last layer, by least squares."""
    for level, head in enumerate(HEADS):
        conv = network.get_submodule(f"{head}.pw_conv")
        assert isinstance(conv, nn.Conv2d) and conv.bias is not None
        before = network(ir, vis)[level].clamp(-0.999, 0.999).atanh().flatten()
        a, b = ir, vis
        for _ in range(level):
            a, b = halved(a), halved(b)
        wanted = (0.98 * (a + b) / 2).atanh().flatten()
        spread = before - before.mean()
        factor = (spread @ (wanted - wanted.mean())) / (spread @ spread)
        conv.weight *= factor
        conv.bias.mul_(factor).add_(wanted.mean() - factor * before.mean())
