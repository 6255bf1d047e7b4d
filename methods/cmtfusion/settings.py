"""What decides a training run, and its command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from .losses import Weights
from .transformer import Variant


@dataclass(frozen=True)
class Settings:
    """Everything that decides a run; with ``minutes`` the step count depends on the machine."""

    ir: Path
    vis: Path
    out: Path
    variant: Variant = "release"
    perceptual_weights: Path | None = None
    steps: int = 0
    minutes: float = 0.0
    crop: int = 256
    batch: int = 4
    lr: float = 1e-4
    final_lr: float = 1e-4
    warmup: int = 0
    beta1: float = 0.9
    weight_decay: float = 1e-8
    clip: float = 0.0
    average: float = 0.99
    seed: int = 0
    threads: int = 0
    hold_out_every: int = 10
    hold_out_offset: int = 5
    hold_out_most: int = 21
    checkpoint_seconds: float = 60.0
    validate_seconds: float = 300.0
    weights: Weights = field(default_factory=Weights)


def parse(arguments: Sequence[str] | None = None) -> Settings:
    """Settings from a command line: every field is an option, as is each loss's weight."""
    parser = argparse.ArgumentParser(description="Train CMTFusion on two folders of paired images.")
    kinds = {"int": int, "float": float, "Path": Path, "Path | None": Path}
    for item in (f for f in fields(Settings) if f.name != "weights"):
        name = (
            item.type
            if isinstance(item.type, str)
            else getattr(item.type, "__name__", str(item.type))
        )
        option = f"--{item.name.replace('_', '-')}"
        if item.name == "variant":
            parser.add_argument(option, choices=("paper", "release", "patch"), default="release")
        elif item.name in ("ir", "vis", "out"):
            parser.add_argument(option, type=Path, required=True)
        else:
            parser.add_argument(option, type=kinds.get(name, Path), default=item.default)
    for item in fields(Weights):
        parser.add_argument(f"--weight-{item.name}", type=float, default=item.default)
    values = vars(parser.parse_args(arguments))
    weights = Weights(**{f.name: values.pop(f"weight_{f.name}") for f in fields(Weights)})
    return Settings(**values, weights=weights)
