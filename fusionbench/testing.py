"""What every plug-in has to do, as checks: for ``fusionbench check`` and for a plug-in's own tests.

Example:
    A test in a package of your own::

        from fusionbench.testing import check_method

        def test_it_conforms():
            check_method("mynet").require()
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fusionbench.boxes import Thresholds
from fusionbench.cards import DetectorCard, MethodCard, MetricCard
from fusionbench.conventions import Column, load_conventions, missing_parameters, score_images
from fusionbench.datasets import dataset_named, open_dataset
from fusionbench.detection.planning import prepare_detector
from fusionbench.fuser import LoadedMethod, load_method
from fusionbench.images import U8, read_image
from fusionbench.pipeline import check_datasets
from fusionbench.plugins import Detector, metric_card
from fusionbench.registry import DETECTORS, METHODS, METRICS
from fusionbench.request import DATASET, Request
from fusionbench.seeding import seed_all
from fusionbench.sources import Plane, Sources, Triple
from fusionbench.stages.applying import fuse_checked
from fusionbench.surroundings import kept
from fusionbench.tables.model import Block, Entry, Header, Line, Table
from fusionbench.tables.notes import one_line

if TYPE_CHECKING:
    from torch import Tensor

Outcome = Literal["pass", "note", "fail"]
TICKS: dict[Outcome, tuple[str, Literal["good", "doubtful", "bad"]]] = {
    "pass": ("✓", "good"),
    "note": ("–", "doubtful"),
    "fail": ("✗", "bad"),
}
ODD, TINY, USUAL, LARGE = ((61, 83), (97, 50)), (16, 16), (96, 128), (192, 192)
"""Heights and widths of images."""
SPEED_SIZE = (240, 320)
CLASSES = ((0.04, "fast enough for video"), (1.0, "fast"), (10.0, "slow"), (math.inf, "very slow"))
"""Seconds for an image of that size, up to which a class goes."""


class Failed(AssertionError):
    """What a plug-in should do and does not, in words."""


class Remark(Exception):
    """Something worth knowing that is no fault."""


@dataclass(frozen=True)
class Tick:
    """One check: what was looked at, what came of it, and why."""

    name: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class Conformance:
    """What checks of a plug-in came to.

    Attributes:
        kind: ``method``, ``metric``, ``detector`` or ``data set``.
        name: Its name.
        ticks: The checks in order.
    """

    kind: str
    name: str
    ticks: tuple[Tick, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(tick.outcome != "fail" for tick in self.ticks)

    def require(self) -> None:
        """Go on only if no check failed.

        Raises:
            AssertionError: One did; lists every one with its reason.
        """
        wrong = [f"  {t.name}: {t.reason}" for t in self.ticks if t.outcome == "fail"]
        if wrong:
            raise AssertionError("\n".join([f"{self.kind} {self.name} does not conform:", *wrong]))

    def table(self) -> Table:
        """A row for each check."""
        lines = [
            Line(Entry(tick.name), (Entry(text, tone=tone), Entry(tick.reason)))
            for tick in self.ticks
            for text, tone in [TICKS[tick.outcome]]
        ]
        heads = Header("", left=True), Header("Why", left=True)
        return Table(self.name, f"{self.kind} {self.name}", heads, (Block(tuple(lines)),), "Check")


Check = tuple[str, Callable[[], str]]


def _conformance(kind: str, name: str, checks: Iterator[Check]) -> Conformance:
    """Run checks in order; the first one makes what the others need."""
    ticks = []
    with kept():
        for title, check in checks:
            tick = _tick(title, check)
            ticks.append(tick)
            if len(ticks) == 1 and tick.outcome == "fail":
                break
    return Conformance(kind, name, tuple(ticks))


def _tick(name: str, check: Callable[[], str]) -> Tick:
    try:
        return Tick(name, "pass", check())
    except Remark as remark:
        return Tick(name, "note", str(remark))
    except Failed as failed:
        return Tick(name, "fail", str(failed))
    except Exception as error:
        return Tick(name, "fail", one_line(f"{type(error).__name__}: {error}"))


# ------------------------------------------------------------------------------------- methods


def check_method(name: str, **loading: Any) -> Conformance:
    """Whether a method does what the engine and its users rely on.

    Args:
        name: The method's name.
        loading: What :func:`fusionbench.load_method` takes: ``weights``, ``device``, ``plugin`` ...

    Example:
        >>> from fusionbench.testing import check_method
        >>> check_method("average").passed
        True
    """
    return _conformance("method", name, _MethodChecks(name, loading).all())


class _MethodChecks:
    def __init__(self, name: str, loading: Mapping[str, Any]) -> None:
        self.name, self.loading = name, loading
        self.loaded: LoadedMethod

    def all(self) -> Iterator[Check]:
        yield "loads", self.loads
        yield "odd sizes", lambda: self.sizes(ODD)
        yield "tiny images", lambda: self.sizes([TINY])
        yield "batches", self.batches
        yield "range of values", self.value_range
        yield "determined", self.determined
        yield "leaves its input", self.input_kept
        yield "needs no gradients", self.gradients
        yield "colour as declared", self.colour
        yield "card", lambda: _card(self.card)
        yield "licence", self.licence
        yield "speed", self.speed

    @property
    def card(self) -> MethodCard:
        found: MethodCard = self.loaded.method.card
        return found

    def loads(self) -> str:
        self.loaded = load_method(self.name, **self.loading)
        weights = self.loaded.record.weights
        return (
            f"weights {weights.file}: {one_line(weights.note)}"
            if weights
            else "it needs no weights"
        )

    def fuse(
        self, height: int, width: int, count: int = 1, first: int = 0, seed: int = 0
    ) -> list[U8]:
        scenes = _scenes(height, width)[first : first + count]
        seed_all(seed)
        made = fuse_checked(self.loaded.method, [s[0] for s in scenes], [s[1] for s in scenes])
        return [fused.image for fused in made]

    def sizes(self, sizes: Sequence[tuple[int, int]]) -> str:
        for size in sizes:
            (image,) = self.fuse(*size)
            if image.shape[:2] != size:
                raise Failed(f"an image of {size} became {image.shape[:2]}")
        return ", ".join(f"{width}×{height}" for height, width in sizes)

    def batches(self) -> str:
        together = self.fuse(*USUAL, 2)
        alone = [*self.fuse(*USUAL, first=0), *self.fuse(*USUAL, first=1)]
        off = max(_levels_off(a, b) for a, b in zip(together, alone, strict=True))
        if off > 1 and self.draws():
            raise Remark("it draws random numbers: what comes of a pair depends on its batch")
        if off > 1:
            raise Failed(f"two images together differ from each alone by {off} levels")
        return f"two images together are as each alone, within {off} level{'s' * (off != 1)}"

    def value_range(self) -> str:
        ir, vis = _scenes(*USUAL)[0]
        (fused,) = fuse_checked(self.loaded.method, [ir], [vis])
        if fused.outside > 0.05:
            raise Remark(f"{fused.outside:.0%} of the values lie outside [0, 1] and are clipped")
        return f"[0, 1]; {fused.outside:.1%} of the values clipped"

    def determined(self) -> str:
        first, second = self.fuse(*USUAL), self.fuse(*USUAL)
        if off := _levels_off(first[0], second[0]):
            raise Failed(f"the same pair and seed gave images that differ by {off} levels")
        if self.draws():
            raise Remark("it draws random numbers: its images depend on --seed")
        return "the same pair gives the same image"

    def draws(self) -> bool:
        """Whether what it makes depends on the seed."""
        first, second = (self.fuse(*USUAL, seed=seed)[0] for seed in (0, 1))
        return _levels_off(first, second) > 0

    def tensors(self) -> tuple[Tensor, Tensor]:
        import torch

        device = self.loaded.method.setting.device
        shape = (1, 3, *USUAL) if self.card.colour == "rgb" else (1, 1, *USUAL)
        generator = torch.Generator().manual_seed(0)
        ir, vis = (torch.rand(s, generator=generator) for s in ((1, 1, *USUAL), shape))
        return ir.to(device), vis.to(device)

    def input_kept(self) -> str:
        import torch

        given = self.tensors()
        before = [tensor.clone() for tensor in given]
        with torch.inference_mode():
            self.loaded.method.fuse(*given)
        changed = [
            n for n, a, b in zip(("ir", "vis"), given, before, strict=True) if (a != b).any()
        ]
        if changed:
            raise Failed(f"it wrote into {' and '.join(changed)}: clone before working in place")
        return "ir and vis are as before"

    def gradients(self) -> str:
        import torch

        with torch.inference_mode():
            output = self.loaded.method.fuse(*self.tensors())
        if output.requires_grad:
            raise Failed("the output asks for gradients under torch.inference_mode()")
        return "runs under torch.inference_mode()"

    def colour(self) -> str:
        import torch

        ir, vis = self.tensors()
        with torch.inference_mode():
            seed_all(0)
            channels = self.loaded.method.fuse(ir, vis).shape[1]
            if self.card.colour == "luma":
                if channels != 1:
                    raise Failed('it sees luma and returns colour: declare colour="rgb"')
                return "luma: the engine puts the visible chroma back"
            seed_all(0)
            other = self.loaded.method.fuse(ir, vis.flip(1)).shape[1]
        return (
            f"rgb: it sees the visible image in colour and returns {max(channels, other)} channels"
        )

    def licence(self) -> str:
        if self.card.licence:
            return self.card.licence
        if self.loaded.record.weights is not None:
            raise Failed("it has weights and its card states no licence")
        raise Remark("the card states none")

    def speed(self) -> str:
        begun = time.perf_counter()
        self.fuse(*USUAL)
        return _speed(time.perf_counter() - begun, USUAL)


# ------------------------------------------------------------------------------------- metrics


def check_metric(name: str) -> Conformance:
    """Whether a metric does what scoring and its users rely on.

    Example:
        >>> from fusionbench.testing import check_metric
        >>> check_metric("EN").passed
        True
    """
    return _conformance("metric", name, _MetricChecks(name).all())


class _MetricChecks:
    def __init__(self, name: str) -> None:
        self.name = name
        self.columns: list[Column] = []
        self.size = USUAL

    def all(self) -> Iterator[Check]:
        yield "conventions", self.conventions
        yield "range of values", self.value_range
        yield "odd sizes", lambda: self.sizes(ODD)
        yield "tiny images", lambda: self.sizes([TINY, (3, 5), (1, 1)])
        yield "constant images", self.constant
        yield "batches", self.batches
        yield "torch", self.torch
        yield "determined", self.determined
        yield "leaves its input", self.input_kept
        yield "card", lambda: _card(self.card)
        yield "speed", self.speed

    @property
    def card(self) -> MetricCard:
        return metric_card(METRICS[self.name].plugin)

    def conventions(self) -> str:
        entry = METRICS[self.name]
        self.name = entry.name
        defining = [c for c in load_conventions().values() if c.defines(entry)]
        if not defining:
            raise Failed("no convention defines it: give its parameters with conventions={...}")
        for convention in defining:
            if wrong := missing_parameters(entry, convention):
                raise Failed(f"{convention.name} and the function differ in {', '.join(wrong)}")
        columns = [Column(entry.name, convention.name) for convention in defining]
        self.columns = list({str(column.params): column for column in columns[::-1]}.values())[::-1]
        return ", ".join(convention.name for convention in defining)

    def values(self, *images: U8) -> dict[str, float]:
        ir, vis, fused = images
        found = score_images(ir, vis, fused, self.columns)
        return {column.convention: found[column.name] for column in self.columns}

    def value_range(self) -> str:
        values = self.values(*_triple(USUAL))
        if not all(map(math.isfinite, values.values())):
            self.size, values = LARGE, self.values(*_triple(LARGE))
        for convention, value in values.items():
            if not math.isfinite(value):
                raise Failed(f"{value} under {convention} for an ordinary image of 192×192")
        main = next(iter(values.values()))
        low, high = self.card.low, self.card.high
        if not low <= main <= high and not any(low <= v <= high for v in values.values()):
            raise Failed(f"{main:.4g}; the card says {low:g} to {high:g}")
        return ", ".join(f"{value:.4g} ({name})" for name, value in values.items())

    def sizes(self, sizes: Sequence[tuple[int, int]]) -> str:
        undefined = set()
        for size in sizes:
            if any(map(math.isnan, self.values(*_triple(size)).values())):
                undefined.add(f"{size[1]}×{size[0]}")
        shown = ", ".join(f"{width}×{height}" for height, width in sizes)
        return f"{shown}; undefined for {', '.join(sorted(undefined))}" if undefined else shown

    def constant(self) -> str:
        ir, vis, fused = _triple(USUAL)
        flat = np.full_like(ir, 90)
        with np.errstate(all="ignore"):
            for images in ((flat, vis, fused), (ir, flat, fused), (ir, vis, flat), (flat,) * 3):
                self.values(*images)
        return "a value, or NaN where it is not defined"

    def batch(self, make: Callable[[Any], Any]) -> float:
        """The largest relative difference between a batch and single images."""
        scenes = [_triple(self.size, place) for place in range(2)]
        ir, vis, fused = (Plane.of(make(np.stack(images))) for images in zip(*scenes, strict=True))
        worst = 0.0
        for column in self.columns:
            alone = [column.value(Triple(Sources(*one[:2]), one[2])) for one in scenes]
            got = column.values(Triple(Sources(ir, vis), fused))
            if got.shape != (2,):
                raise Failed(f"a batch of 2 gave {got.shape}: reduce over the last two axes only")
            off = np.abs(got - alone) / np.maximum(np.abs(alone), 1e-12)
            worst = max(worst, float(np.nan_to_num(off).max()))
        return worst

    def batches(self) -> str:
        if (off := self.batch(lambda images: images)) > 1e-9:
            raise Failed(f"two images together differ from each alone by {off:.1g}")
        return f"two images together are as each alone, within {off:.0g}"

    def torch(self) -> str:
        import torch

        try:
            off = self.batch(torch.from_numpy)
        except Failed:
            raise
        except Exception as error:
            raise Remark(f"NumPy alone: a torch batch gives {type(error).__name__}") from error
        if off > 1e-4:  # where ties between sources decide, rounding does
            raise Failed(f"torch differs from NumPy by {off:.1g}")
        return f"as NumPy, within {off:.0g}"

    def determined(self) -> str:
        images = _triple(USUAL)
        if self.values(*images) != self.values(*images) and self.finite(images):
            raise Failed("the same images gave two values")
        return "the same images give the same value"

    def finite(self, images: Sequence[U8]) -> bool:
        return all(map(math.isfinite, self.values(*images).values()))

    def input_kept(self) -> str:
        images = _triple(USUAL)
        before = [image.copy() for image in images]
        self.values(*images)
        if any((a != b).any() for a, b in zip(images, before, strict=True)):
            raise Failed("it wrote into the images")
        return "images are as before"

    def speed(self) -> str:
        images = _triple(self.size)
        begun = time.perf_counter()
        self.values(*images)
        return _speed((time.perf_counter() - begun) / len(self.columns), self.size)


# ----------------------------------------------------------------------------------- detectors


def check_detector(name: str, device: str = "cpu") -> Conformance:
    """Whether a detector (``NAME`` or ``NAME:WEIGHTS``) does what detection relies on."""
    return _conformance("detector", name, _DetectorChecks(name, device).all())


class _DetectorChecks:
    def __init__(self, name: str, device: str) -> None:
        self.name, self.device = name, device
        self.detector: Detector

    def all(self) -> Iterator[Check]:
        yield "loads", self.loads
        yield "classes", self.classes
        yield "boxes", self.boxes
        yield "thresholds", self.thresholds
        yield "odd sizes", lambda: self.sizes(ODD)
        yield "tiny images", lambda: self.sizes([TINY])
        yield "batches", self.batches
        yield "determined", self.determined
        yield "leaves its input", self.input_kept
        yield "card", lambda: _card(self.detector.card)
        yield "licence", self.licence
        yield "speed", self.speed

    def loads(self) -> str:
        self.detector = prepare_detector(self.name, self.device).detector
        self.detector.load()
        weights = self.detector.weights()
        return f"weights {weights.path.name}: {weights.note}"

    def classes(self) -> str:
        names = self.detector.classes
        if not names or len(set(names)) != len(names):
            raise Failed(f"names of classes are missing or repeated: {names}")
        return f"{len(names)}, such as {names[0]}"

    def find(self, images: Sequence[U8], **thresholds: float) -> list[Any]:
        return self.detector.detect(images, Thresholds(**thresholds))  # type: ignore[arg-type]

    def images(self, count: int = 1) -> list[U8]:
        return [vis for _, vis in _scenes(*SPEED_SIZE)[:count]]

    def boxes(self) -> str:
        (image,) = self.images()
        (found,) = self.find([image], score=0.01)
        height, width = image.shape[:2]
        count = len(found.boxes)
        if found.boxes.shape != (count, 4) or len(found.scores) != count != len(found.classes):
            raise Failed("boxes are N×4, scores and classes N each")
        sides = found.boxes[:, 2:] - found.boxes[:, :2]
        if count and ((sides < 0).any() or (found.boxes > [width * 2, height * 2] * 2).any()):
            raise Failed("boxes are left, top, right, bottom in pixels of the image")
        if ((found.scores < 0) | (found.scores > 1) | (np.diff(found.scores, prepend=1) > 0)).any():
            raise Failed("scores are 0..1, the best first")
        if count and not 0 <= found.classes.min() <= found.classes.max() < len(
            self.detector.classes
        ):
            raise Failed("a class number has no name")
        return f"{count} on a sample scene"

    def thresholds(self) -> str:
        (found,) = self.find(self.images(), score=0.3, most=1)
        if len(found.boxes) > 1 or (found.scores < 0.3).any():
            raise Failed("it does not keep to the score or to the number of boxes asked for")
        return "kept to"

    def sizes(self, sizes: Sequence[tuple[int, int]]) -> str:
        for size in sizes:
            self.find([_scenes(*size)[0][1]])
        return ", ".join(f"{width}×{height}" for height, width in sizes)

    def batches(self) -> str:
        images = self.images(2)
        together = self.find(images, score=0.05)
        alone = [self.find([image], score=0.05)[0] for image in images]
        for a, b in zip(together, alone, strict=True):
            if len(a.boxes) != len(b.boxes) or not np.allclose(a.scores, b.scores, atol=1e-3):
                raise Failed("two images together give other boxes than each alone")
        return "two images together are as each alone"

    def determined(self) -> str:
        first, second = (self.find(self.images())[0] for _ in range(2))
        if not np.array_equal(first.boxes, second.boxes):
            raise Failed("the same image gave two answers")
        return "the same image gives the same boxes"

    def input_kept(self) -> str:
        (image,) = self.images()
        before = image.copy()
        self.find([image])
        if (image != before).any():
            raise Failed("it wrote into the image")
        return "the image is as before"

    def licence(self) -> str:
        if not self.detector.card.licence:
            raise Failed("its card states no licence")
        return self.detector.card.licence

    def speed(self) -> str:
        begun = time.perf_counter()
        self.find(self.images())
        return _speed(time.perf_counter() - begun, SPEED_SIZE)


# ----------------------------------------------------------------------------------- data sets


def check_dataset(name: str, *, data_root: str | Path | None = None) -> Conformance:
    """Whether a data set is there, whole, and described: every file is read."""
    return _conformance("data set", name, _DataSetChecks(name, data_root).all())


class _DataSetChecks:
    def __init__(self, name: str, root: str | Path | None) -> None:
        self.name = name
        self.root = Request(data_root=Path(root) if root else None).root()

    def all(self) -> Iterator[Check]:
        yield "card", self.described
        card = dataset_named(self.name)
        for split in card.splits:
            yield f"split {split}", lambda split=split: self.split(split)  # type: ignore[misc]

    def described(self) -> str:
        card = dataset_named(self.name)
        lacking = [n for n in ("title", "home", "terms") if not getattr(card, n)]
        if lacking and not card.packaged:
            raise Failed(f"it states no {' and no '.join(lacking)}")
        if not card.cite and not card.packaged:
            raise Remark("it does not say whom to cite")
        return card.title

    def split(self, split: str) -> str:
        opened, findings = open_dataset(self.name, self.root, split), Request().findings()
        (record,) = check_datasets([opened], findings)
        said = [found.text(names=False) for found in findings.records if found.outcome != "note"]
        if said:
            raise Remark(f"{len(record.pairs)} pairs; {'; '.join(said)}")
        return f"{len(record.pairs)} pairs"


# -------------------------------------------------------------------------------------- shared


def check(name: str, *, device: str = "cpu", data_root: str | Path | None = None,
          weights: str | None = None) -> list[Conformance]:  # fmt: skip
    """The checks of whatever has a name: a method, metric, detector or data set.

    Raises:
        UnknownNameError: Nothing has it.
    """
    from fusionbench.datasets import load_datasets
    from fusionbench.errors import UnknownNameError

    makers: list[tuple[set[str], Callable[[], Conformance]]] = [
        ({e.name for e in METHODS}, lambda: check_method(name, device=device, weights=weights)),
        ({e.name for e in METRICS}, lambda: check_metric(name)),
        ({e.name for e in DETECTORS}, lambda: check_detector(name, device)),
        (set(load_datasets()), lambda: check_dataset(name, data_root=data_root)),
    ]
    base = name.partition(":")[0].casefold()
    found = [make for names, make in makers if base in {one.casefold() for one in names}]
    if not found:
        known = {one for names, _ in makers for one in names}
        raise UnknownNameError("plug-in", name, known, "fusionbench list")
    return [make() for make in found]


def _card(card: MethodCard | MetricCard | DetectorCard) -> str:
    if not card.title:
        raise Failed("it states no title")
    lacking = [key for key in ("paper", "authors", "year") if not getattr(card, key)]
    if lacking:
        raise Remark(f"it states no {', no '.join(lacking)}: tables cannot cite it")
    return f"{card.title}, {card.year}"


def _speed(seconds: float, size: tuple[int, int]) -> str:
    seconds *= math.prod(SPEED_SIZE) / math.prod(size)
    name = next(name for limit, name in CLASSES if seconds <= limit)
    height, width = SPEED_SIZE
    return f"{name}: about {seconds * 1000:.0f} ms for {width}×{height}"


def _levels_off(a: U8, b: U8) -> int:
    return int(np.abs(a.astype(int) - b).max()) if a.shape == b.shape else 255


@cache
def _sample() -> tuple[tuple[U8, U8], ...]:
    pairs = open_dataset(DATASET, None).pairs[:2]
    return tuple((read_image(pair.ir), read_image(pair.vis)) for pair in pairs)


def _scenes(height: int, width: int) -> list[tuple[U8, U8]]:
    """Infrared and visible of two of the sample scenes, cut to a size."""
    if (height, width) == SPEED_SIZE:
        return list(_sample())

    def cut(image: U8) -> U8:
        return np.ascontiguousarray(image[40 : 40 + height, 60 : 60 + width])

    return [(cut(ir), cut(vis)) for ir, vis in _sample()]


def _triple(size: tuple[int, int], place: int = 0) -> tuple[U8, U8, U8]:
    """Gray infrared, visible and their mean with some noise."""
    from fusionbench.images import luma

    ir, vis = (luma(image) for image in _scenes(*size)[place])
    noise = np.random.default_rng(place).integers(-2, 3, ir.shape)
    mean = (ir.astype(int) + vis) // 2 + noise
    return ir, vis, mean.clip(0, 255).astype(np.uint8)
