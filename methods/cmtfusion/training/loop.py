"""The training loop: steps, validation, and what is written while it runs."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fusionbench import FusionBenchError, TrainingRequest

from ..network import CMTFusion, load_state, read_state
from .crops import Crops, GreyPair, equal_shares, load_pairs, to_network
from .losses import Features, find_features, objective
from .records import append, draw_losses, drop_after, made_from, write_card, write_samples
from .settings import Settings
from .state import Average, Run, pass_through

log = logging.getLogger(__name__)

Progress = Callable[[float, str], None]


def train(request: TrainingRequest, settings: Settings) -> Path:
    """Run to the end, from the last checkpoint if there is one; returns the file of weights.

    Raises:
        FusionBenchError: VGG-19 is wanted and not here, initial weights do not fit, or the run that
            is there was made from something else.
        FloatingPointError: A loss is not finite.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(request.seed)
    features = find_features(settings)
    pairs = load_pairs(request.training, request.device)
    held = load_pairs(request.validation, request.device)
    run = start(settings, request.device, request.seed)
    run.made_from = made_from(request, settings)
    if settings.start == "pass-through" and settings.initial is None:
        pass_through(run.network, *to_network(_few(pairs)))
        run.average = Average(run.network, settings.average)
    checkpoint = request.out / "checkpoint.pt"
    request.out.mkdir(parents=True, exist_ok=True)
    if checkpoint.exists():
        run.load(checkpoint)
        for name in ("train.csv", "validation.csv"):
            drop_after(request.out / name, run.step)
        log.info("going on from step %d", run.step)
    features = features.to(request.device) if features else None
    shares = equal_shares(request.training) if settings.balance else None
    crops = Crops(pairs, settings.crop, run.rng, tones=settings.tones, shares=shares)
    Loop(request, settings, run, crops, held, features).run_to_the_end()
    weights = save_average(run, request.out / "weights.safetensors")
    write_card(weights, request, settings, run)
    return weights


def start(settings: Settings, device: str = "cpu", seed: int = 0) -> Run:
    """A run at step 0.

    Raises:
        FusionBenchError: The initial weights cannot be read or do not fit.
    """
    network = CMTFusion(settings.variant)
    if settings.initial is not None:
        if not settings.initial.is_file():
            raise FusionBenchError(f"--initial {settings.initial}: there is no such file")
        load_state(network, read_state(settings.initial), str(settings.initial))
    network = network.to(device)
    kind = torch.optim.AdamW if settings.adamw else torch.optim.Adam
    optimizer = kind(
        network.parameters(),
        lr=settings.lr,
        betas=(settings.beta1, 0.999),
        weight_decay=settings.weight_decay,
    )
    average = Average(network, settings.average)
    return Run(network, optimizer, average, np.random.default_rng(seed))


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
    outputs = _forward(run, ir, vis, settings)
    terms = objective(outputs, ir, vis, features, settings.loss_weights)
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


def _forward(run: Run, ir: Tensor, vis: Tensor, settings: Settings) -> list[Tensor]:
    if settings.compile and run.compiled is None:
        run.compiled = torch.compile(run.network)
    network = run.network if run.compiled is None else run.compiled
    mixed = torch.autocast(ir.device.type, torch.bfloat16) if settings.amp else nullcontext()
    with mixed:
        outputs = network(ir, vis)
    return [output.float() for output in outputs]


@torch.no_grad()
def validate(
    network: CMTFusion, pairs: Sequence[GreyPair], features: Features | None, settings: Settings
) -> dict[str, float]:
    """Mean losses over the middle of each validation pair, at most 256 x 256 pixels."""
    sums: dict[str, float] = {}
    for pair in pairs:
        ir, vis = to_network(_middle(pair.images, 256)[None])
        terms = objective(network(ir, vis), ir, vis, features, settings.loss_weights)
        for name, term in terms.items():
            sums[name] = sums.get(name, 0.0) + float(term) / len(pairs)
    return sums


def _few(pairs: Sequence[GreyPair]) -> Tensor:
    """The middles of eight pairs, 2 x 64 x 64 each."""
    chosen = pairs[:: max(len(pairs) // 8, 1)][:8]
    return torch.stack([_middle(pair.images, 64) for pair in chosen])


def _middle(images: Tensor, size: int) -> Tensor:
    top, left = (max(n - size, 0) // 2 for n in images.shape[1:])
    return images[:, top : top + size, left : left + size]


def save_average(run: Run, path: Path) -> Path:
    """Write the averaged parameters."""
    from safetensors.torch import save_file

    save_file({name: p.contiguous().cpu() for name, p in run.average.state.items()}, path)
    return path


class Loop:
    """Steps until the run is over, with saving and validation at their times."""

    def __init__(
        self,
        request: TrainingRequest,
        settings: Settings,
        run: Run,
        crops: Crops,
        held: Sequence[GreyPair],
        features: Features | None,
    ) -> None:
        self.request, self.settings, self.run = request, settings, run
        self.crops, self.held, self.features = crops, held, features
        self.out = request.out

    def run_to_the_end(self) -> None:
        """Train, save and validate."""
        run, settings = self.run, self.settings
        saved = validated = run.seconds
        before = time.monotonic() - run.seconds
        while (done := progress(settings, run)) < 1:
            losses = self._step(time.monotonic, before)
            self.request.progress(done, f"step {run.step}, loss {losses['total']:.4f}")
            if run.seconds - saved > settings.checkpoint_seconds:
                run.save(self.out / "checkpoint.pt")
                saved = run.seconds
            if run.seconds - validated > settings.validate_seconds:
                self._judge()
                validated = run.seconds = time.monotonic() - before
        run.save(self.out / "checkpoint.pt")
        if validated != run.seconds:
            self._judge()
        self.request.progress(1.0, f"step {run.step}")

    def _step(self, now: Callable[[], float], before: float) -> dict[str, float]:
        crops = self.crops.batch(self.settings.batch)
        losses = train_step(self.run, *crops, self.features, self.settings)
        self.run.seconds = now() - before
        facts = {"step": self.run.step, "seconds": round(self.run.seconds, 1)}
        append(self.out / "train.csv", {**facts, **losses})
        return losses

    def _judge(self) -> None:
        """Validate the averaged parameters; draw losses and samples."""
        network = CMTFusion(self.settings.variant).to(self.request.device)
        network.load_state_dict(self.run.average.state)
        facts = {"step": self.run.step, "seconds": round(self.run.seconds, 1)}
        if self.held:
            losses = validate(network, self.held, self.features, self.settings)
            log.info("step %d, validation: %s", self.run.step, losses)
            append(self.out / "validation.csv", {**facts, **losses})
        samples = self.held[:: max(len(self.held) // 4, 1)]
        write_samples(network, samples, self.out / "samples", self.run.step)
        draw_losses(self.out)
