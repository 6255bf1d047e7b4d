"""The ``finetuned`` protocol: the same detector trained on every method's images.

Every method's detector starts from the same weights and sees the same pairs, in the same order, for
the same number of epochs; only the pixels differ. Nothing is chosen by looking at a score: the
weights of the last epoch are taken, so the test pairs have no part in training.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fusionbench.errors import FusionBenchError
from fusionbench.files import digest, replacing, sha256_of, write_json
from fusionbench.recipes import Recipe
from fusionbench.registry import DETECTORS

if TYPE_CHECKING:
    from fusionbench.boxes import Truths
    from fusionbench.plugins import Detector

RECORD = "finetuned.json"
TRAINED_BY = 2
"""Version of how detectors are trained; raise it with any change that changes what they learn."""


class Schedule(BaseModel):
    """How a detector is trained, the same for every method.

    Attributes:
        epochs: Passes over the training images.
        size: Images are scaled to this many pixels, a multiple of 32.
        batch: Images of one step.
        seed: For everything random.
    """

    model_config = ConfigDict(extra="forbid")

    epochs: int = Field(30, ge=1)
    size: int = Field(640, ge=32, multiple_of=32)
    batch: int = Field(16, ge=1)
    seed: int = Field(0, ge=0)


class Split(BaseModel):
    """Which pairs train and which test; ``how`` says in a sentence where that comes from."""

    model_config = ConfigDict(extra="forbid")

    train: list[str]
    test: list[str]
    how: str


class FinetuningRecord(BaseModel):
    """What a finetuned detector was made from and which file it became.

    ``hash`` is over everything that training depends on: the training images and their objects,
    class names, starting weights, schedule, kind of device, this suite's code, and the package.
    """

    model_config = ConfigDict(extra="forbid")

    start: str
    start_sha256: str
    classes: list[str]
    schedule: Schedule
    split: Split
    device: str
    package: str
    hash: str
    sha256: str
    file: str = "weights.pt"


@dataclass(frozen=True)
class Finetuned:
    """The trained weights (``NAME:PATH`` detects with them) and their record."""

    weights: Path
    record: FinetuningRecord


def split_pairs(ids: Sequence[str], seed: int, train: Collection[str] | None = None) -> Split:
    """Divide labelled pairs into train and test, both in the order given.

    Args:
        ids: The pairs.
        seed: For the draw.
        train: The pairs of the data set's own training split, if it has one; the rest tests. None:
            half of the pairs (one fewer where their number is odd), drawn with the seed, train. The
            draw does not depend on the order of ``ids``.

    Raises:
        FusionBenchError: One side would be empty.
    """
    how = "the data set's training split trains, the rest tests"
    if train is None:
        train = random.Random(seed).sample(sorted(ids), len(ids) // 2)
        how = f"half of the pairs, drawn with seed {seed}, train, the other half tests"
    chosen = set(train)
    split = Split(
        train=[pair for pair in ids if pair in chosen],
        test=[pair for pair in ids if pair not in chosen],
        how=how,
    )
    if not split.train or not split.test:
        raise FusionBenchError(
            f"{len(ids)} labelled pairs give {len(split.train)} to train on and {len(split.test)} "
            "to test on; expected one each at least. Use more pairs, or --protocol frozen"
        )
    return split


def finetune(
    detector: Detector,
    images: Mapping[str, Path],
    truths: Mapping[str, Truths],
    classes: Sequence[str],
    split: Split,
    folder: Path,
    schedule: Schedule,
    recipes: Mapping[str, Recipe] | None = None,
) -> Finetuned:
    """Train a detector on one method's images of the training pairs.

    Args:
        detector: A trainable detector; its weights are what training starts from.
        images: The image of each pair id (those of the test pairs are not looked at).
        truths: The labelled objects of each pair id (``LabelSet.truths``).
        classes: The names that truths number (``LabelSet.classes``).
        split: Which pairs train.
        folder: Gets the weights and ``finetuned.json``; one folder per data set and method.
            Finished weights made from the same are reused.
        schedule: Epochs, image size, batch, seed.
        recipes: What is done to images when they are read, where something is.

    Raises:
        FusionBenchError: The detector's package is not installed, an image is missing, nothing is
            labelled, or training failed.
    """
    _check_images(images, truths, split)
    start = detector.weights().path
    record = FinetuningRecord(
        start=start.name,
        start_sha256=sha256_of(start),
        classes=list(classes),
        schedule=schedule,
        split=split,
        device=detector.setting.device,
        package=detector.package,
        hash="",
        sha256="",
    )
    record.hash = _made_from(detector, record, images, truths, recipes or {})
    if (finished := _finished(folder, record.hash)) is not None:
        return finished
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".training-") as place:
        as_used = [_as_used(images[i], (recipes or {}).get(i), Path(place)) for i in split.train]
        objects = [truths[pair] for pair in split.train]
        trained = detector.train(as_used, objects, classes, Path(place), schedule.model_dump())
        weights = folder / f"weights{trained.suffix}"
        with replacing(weights) as temporary:
            shutil.copyfile(trained, temporary)
    record.file, record.sha256 = weights.name, sha256_of(weights)
    write_json(folder / RECORD, record.model_dump())
    return Finetuned(weights, record)


def _as_used(image: Path, recipe: Recipe | None, folder: Path) -> Path:
    """An image file that needs nothing done to it: the file itself, or one in the folder."""
    if recipe is None:
        return image
    from fusionbench.images import read_image, write_png

    made = folder / "sources" / f"{digest([str(image), *recipe.content])}.png"
    write_png(made, read_image(image, recipe=recipe))
    return made


def _check_images(images: Mapping[str, Path], truths: Mapping[str, Truths], split: Split) -> None:
    there = {
        "image": {pair for pair in split.train if pair in images and images[pair].is_file()},
        "label": set(truths),
    }
    for what, having in there.items():
        missing = [pair for pair in split.train if pair not in having]
        if missing:
            raise FusionBenchError(
                f"{len(missing)} of {len(split.train)} training pairs have no {what}: "
                f"{', '.join(missing[:10])}; expected one for each, since every method is trained "
                "on the same pairs"
            )


def _made_from(
    detector: Detector,
    record: FinetuningRecord,
    images: Mapping[str, Path],
    truths: Mapping[str, Truths],
    recipes: Mapping[str, Recipe],
) -> str:
    made = {pair: recipes.get(pair, Recipe()).content for pair in record.split.train}
    return digest(
        [
            [[sha256_of(images[p]), *made[p], _objects(truths[p])] for p in record.split.train],
            record.classes,
            record.start_sha256,
            record.schedule.model_dump(),
            record.device.partition(":")[0],
            record.package,
            [TRAINED_BY, DETECTORS[detector.card.name].fingerprint],
        ]
    )


def _objects(truth: Truths) -> list[Any]:
    return [truth.boxes.tolist(), truth.classes.tolist(), truth.ignore.tolist()]


def _finished(folder: Path, made_from: str) -> Finetuned | None:
    """What an earlier call left, if it was made from the same and is whole."""
    try:
        written = (folder / RECORD).read_text(encoding="utf-8")
        record = FinetuningRecord.model_validate_json(written)
        weights = folder / record.file
        whole = record.hash == made_from and sha256_of(weights) == record.sha256
    except (OSError, ValidationError):
        return None
    return Finetuned(weights, record) if whole else None
