"""What decides a training run of CMTFusion, and its options on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Literal, NoReturn, get_args

from fusionbench import FusionBenchError

from ..transformer import Variant
from .losses import Weights

Start = Literal["random", "pass-through"]

MEANINGS = {
    "variant": "the network",
    "initial": "weights to start from, in place of random ones",
    "start": "random kernels as PyTorch's, or such that pass the images through (initial.py)",
    "perceptual_weights": "VGG-19: torchvision's, or a truncated one (see perceptual.py)",
    "no_perceptual": "leave the perceptual loss out",
    "download": "download torchvision's VGG-19 if it is not on this machine",
    "steps": "end after so many steps; 0 for no such end",
    "minutes": "end after so many minutes; how many steps that is depends on the machine",
    "crop": "pixels on a side of a random crop",
    "batch": "crops in a step",
    "balance": "draw as many crops from each data set as from any other, however few its pairs",
    "tones": "move half of the crops towards black or white, so that night is learnt too",
    "lr": "peak learning rate, reached after the warm-up",
    "final_lr": "learning rate at the end of the cosine that follows",
    "warmup": "steps over which the learning rate rises to its peak",
    "beta1": "first beta of Adam; the second is 0.999",
    "weight_decay": "weight decay of Adam",
    "adamw": "AdamW in place of Adam",
    "clip": "largest norm of the gradient; 0 for any",
    "average": "decay of the parameters' moving average, which is validated and saved",
    "amp": "run the network in bfloat16 where that is safe; losses stay in float32",
    "compile": "run the network through torch.compile",
    "threads": "threads of torch on the CPU; 0 leaves torch its choice",
    "checkpoint_seconds": "how often to save what a killed run needs to go on",
    "validate_seconds": "how often to validate, and to draw losses and samples",
}
"""What each of the :class:`Settings` is, in the words of the command line."""


@dataclass(frozen=True)
class Settings:
    """The schedule, the losses and the numerics of a run (see :data:`MEANINGS`)."""

    variant: Variant = "release"
    initial: Path | None = None
    start: Start = "random"
    perceptual_weights: Path | None = None
    no_perceptual: bool = False
    download: bool = False
    steps: int = 0
    minutes: float = 0.0
    crop: int = 256
    batch: int = 4
    balance: bool = False
    tones: bool = False
    lr: float = 1e-4
    final_lr: float = 1e-4
    warmup: int = 0
    beta1: float = 0.9
    weight_decay: float = 1e-8
    adamw: bool = False
    clip: float = 0.0
    average: float = 0.99
    amp: bool = False
    compile: bool = False
    threads: int = 0
    checkpoint_seconds: float = 60.0
    validate_seconds: float = 300.0
    weights: Weights = field(default_factory=Weights)

    @property
    def loss_weights(self) -> Weights:
        """The weight of each loss, the perceptual one 0 where that term is left out."""
        return replace(self.weights, perceptual=0.0) if self.no_perceptual else self.weights


class _Parser(argparse.ArgumentParser):
    """Says what is wrong the way the rest of the command line does."""

    def error(self, message: str) -> NoReturn:
        raise FusionBenchError(f"{message}; `fusionbench train cmtfusion --options` lists them")


def _parser(variant: Variant) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="train",
        add_help=False,
        allow_abbrev=False,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    kinds = {"int": int, "float": float}
    for item in (f for f in fields(Settings) if f.name != "weights"):
        option, help_text = f"--{item.name.replace('_', '-')}", MEANINGS[item.name]
        if item.name == "variant":
            choices = get_args(Variant)
            parser.add_argument(option, choices=choices, default=variant, help=help_text)
        elif item.name == "start":
            parser.add_argument(option, choices=get_args(Start), default="random", help=help_text)
        elif item.type == "bool":
            parser.add_argument(option, action="store_true", help=help_text)
        else:
            kind = kinds.get(str(item.type), Path)
            parser.add_argument(option, type=kind, default=item.default, help=help_text)
    for item in fields(Weights):
        option = f"--weight-{item.name}"
        parser.add_argument(option, type=float, default=item.default, help="weight of this loss")
    return parser


def describe(variant: Variant) -> str:
    """The options in words."""
    text = _parser(variant).format_help()
    return text[text.index("options:") :].rstrip()


def parse(arguments: Sequence[str], variant: Variant = "release") -> Settings:
    """Settings from options.

    Raises:
        FusionBenchError: An option is unknown or its value is not right.
    """
    values = vars(_parser(variant).parse_args(list(arguments)))
    weights = Weights(**{f.name: values.pop(f"weight_{f.name}") for f in fields(Weights)})
    settings = Settings(**values, weights=weights)
    if not settings.steps and not settings.minutes:
        raise FusionBenchError("how long to train is not said: name --steps or --minutes")
    return settings
