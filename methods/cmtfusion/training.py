"""Train CMTFusion on two folders of paired images.

Run as ``python -m fusionbench.methods.cmtfusion.training --ir DIR --vis DIR --out DIR ...``. The
output folder gets ``checkpoint.pt`` (everything a killed run needs to go on: give the same command
again), ``train.csv``, ``validation.csv``, ``settings.json``, ``samples/*.png`` and, at the end,
``weights.safetensors`` (the average of the parameters over the last steps, which is what validation
judges).
"""

import csv
import json
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .checkpoint import Average, Run
from .dataset import Crops, Grey, GreyPair, hold_out, load_pairs, to_tensor
from .losses import Features, objective
from .network import CMTFusion
from .perceptual import load_features
from .settings import Settings, parse

log = logging.getLogger(__name__)


def learning_rate(settings: Settings, step: int, progress: float) -> float:
    """Linear warm-up over ``warmup`` steps, then a cosine to ``final_lr`` as progress goes 0..1."""
    if step < settings.warmup:
        return settings.lr * (step + 1) / settings.warmup
    wave = 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return settings.final_lr + (settings.lr - settings.final_lr) * wave


def progress(settings: Settings, run: Run) -> float:
    """Share of the run that is done, 0..1, by steps or by time, whichever is further."""
    by_steps = run.step / settings.steps if settings.steps else 0.0
    by_time = run.seconds / (60 * settings.minutes) if settings.minutes else 0.0
    return max(by_steps, by_time)


def train_step(
    run: Run, ir: Tensor, vis: Tensor, features: Features | None, settings: Settings
) -> dict[str, float]:
    """One update of the network and its average; the losses before it and the learning rate.

    A gradient that is not finite is not applied.

    Raises:
        FloatingPointError: The loss is not finite.
    """
    lr = learning_rate(settings, run.step, progress(settings, run))
    for group in run.optimizer.param_groups:
        group["lr"] = lr
    terms = objective(run.network(ir, vis), ir, vis, features, settings.weights)
    if not terms["total"].isfinite():
        raise FloatingPointError(f"step {run.step + 1}: the loss is not finite")
    run.optimizer.zero_grad(set_to_none=True)
    terms["total"].backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(run.network.parameters(), settings.clip or math.inf)
    if norm.isfinite():
        run.optimizer.step()
        run.average.update(run.network)
    else:
        log.warning("step %d: no update, its gradient is not finite", run.step + 1)
    run.step += 1
    return {"lr": lr, **{name: float(term.detach()) for name, term in terms.items()}}


@torch.no_grad()
def validate(
    network: CMTFusion, pairs: Sequence[GreyPair], features: Features | None, settings: Settings
) -> dict[str, float]:
    """Mean losses over the middle of each validation pair, at most 256 x 256 pixels."""
    sums: dict[str, float] = {}
    for pair in pairs:
        ir, vis = (to_tensor(_middle(image, 256)) for image in (pair.ir, pair.vis))
        for name, term in objective(network(ir, vis), ir, vis, features, settings.weights).items():
            sums[name] = sums.get(name, 0.0) + float(term) / len(pairs)
    return sums


@torch.no_grad()
def write_samples(network: CMTFusion, pairs: Sequence[GreyPair], folder: Path, step: int) -> None:
    """IR, VIS and fused side by side, one PNG per pair."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    for pair in pairs:
        fused = network(to_tensor(pair.ir), to_tensor(pair.vis), levels=1)[0][0, 0]
        grey = ((fused + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()
        Image.fromarray(np.hstack([pair.ir, pair.vis, grey])).save(
            folder / f"{step:06d}-{pair.id}.png"
        )


def train(settings: Settings) -> Path:
    """Run to the end, from the last checkpoint if there is one; returns the file of weights."""
    if not settings.steps and not settings.minutes:
        raise ValueError("a number of steps or of minutes is needed")
    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    pairs, held = hold_out(
        load_pairs(settings.ir, settings.vis),
        settings.hold_out_every,
        settings.hold_out_offset,
        settings.hold_out_most,
    )
    settings.out.mkdir(parents=True, exist_ok=True)
    _write_settings(settings, pairs, held)
    features = load_features(settings.perceptual_weights) if settings.perceptual_weights else None
    run = start(settings)
    checkpoint = settings.out / "checkpoint.pt"
    if checkpoint.exists():
        run.load(checkpoint)
        for name in ("train.csv", "validation.csv"):
            _drop_after(settings.out / name, run.step)
        log.info("going on from step %d", run.step)
    _loop(settings, run, Crops(pairs, settings.crop, run.rng), held, features)
    return save_average(run, settings.out / "weights.safetensors")


def start(settings: Settings) -> Run:
    """A run at step 0."""
    network = CMTFusion(settings.variant)
    optimizer = torch.optim.Adam(
        network.parameters(),
        lr=settings.lr,
        betas=(settings.beta1, 0.999),
        weight_decay=settings.weight_decay,
    )
    return Run(
        network, optimizer, Average(network, settings.average), np.random.default_rng(settings.seed)
    )


def save_average(run: Run, path: Path) -> Path:
    """Write the averaged parameters."""
    from safetensors.torch import save_file

    save_file({name: p.contiguous() for name, p in run.average.state.items()}, path)
    return path


def _loop(
    settings: Settings, run: Run, crops: Crops, held: Sequence[GreyPair], features: Features | None
) -> None:
    saved = validated = run.seconds
    before = time.monotonic() - run.seconds
    while progress(settings, run) < 1:
        losses = train_step(run, *crops.batch(settings.batch), features, settings)
        run.seconds = time.monotonic() - before
        _append(
            settings.out / "train.csv",
            {"step": run.step, "seconds": round(run.seconds, 1), **losses},
        )
        if run.step % 20 == 0:
            log.info("step %d, %.0f s, total %.4f", run.step, run.seconds, losses["total"])
        if run.seconds - saved > settings.checkpoint_seconds:
            run.save(settings.out / "checkpoint.pt")
            saved = run.seconds
        if run.seconds - validated > settings.validate_seconds:
            _judge(settings, run, held, features)
            validated = run.seconds = time.monotonic() - before
    run.save(settings.out / "checkpoint.pt")
    if validated != run.seconds:
        _judge(settings, run, held, features)


def _judge(
    settings: Settings, run: Run, held: Sequence[GreyPair], features: Features | None
) -> None:
    network = CMTFusion(settings.variant)
    network.load_state_dict(run.average.state)
    losses = validate(network, held, features, settings) if held else {}
    log.info("step %d, validation: %s", run.step, losses)
    _append(
        settings.out / "validation.csv",
        {"step": run.step, "seconds": round(run.seconds, 1), **losses},
    )
    write_samples(network, held[:: max(len(held) // 4, 1)], settings.out / "samples", run.step)


def _middle(image: Grey, size: int) -> Grey:
    top, left = (max(n - size, 0) // 2 for n in image.shape)
    return image[top : top + size, left : left + size]


def _append(path: Path, row: Mapping[str, object]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def _drop_after(path: Path, step: int) -> None:
    """Remove the rows of steps that will be done again."""
    if path.exists():
        header, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [row for row in rows if int(row.partition(",")[0]) <= step]
        path.write_text("".join([header, *kept]), encoding="utf-8")


def _write_settings(
    settings: Settings, pairs: Sequence[GreyPair], held: Sequence[GreyPair]
) -> None:
    ids = {"training_pairs": [p.id for p in pairs], "validation_pairs": [p.id for p in held]}
    text = json.dumps({**asdict(settings), **ids}, indent=1, default=str)
    (settings.out / "settings.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train(parse())
