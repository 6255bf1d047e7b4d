"""Matching detections with true boxes as COCO does, once, for all overlaps and sizes.

After Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014, as the code that comes with
it does it: per class and image the best 100 detections, best score first, each take the free true
box they overlap most, if they overlap enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from fusionbench.boxes import F64, I64, Bools, Detections, Truths
from fusionbench.errors import FusionBenchError
from fusionbench.labels.label_sets import LabelSet

OVERLAPS: F64 = np.linspace(0.5, 0.95, 10)
AREAS: F64 = np.array([[0, 1e10], [0, 32**2], [32**2, 96**2], [96**2, 1e10]])
RECALLS: F64 = np.linspace(0, 1, 101)
PER_IMAGE = 100


class Found(NamedTuple):
    """The detections of one class in all images, best score first (A sizes, T overlaps).

    Attributes:
        image: N, the image of each, as a position.
        boxes: N×4.
        scores: N.
        hit: A×T×N, whether it was matched to an object that counts.
        skipped: A×T×N, whether it counts neither as true nor as false.
        partner: N, the true box it was matched to at an overlap of 0.5, as a position among those
            of its image; -1 for none.
    """

    image: I64
    boxes: F64
    scores: F64
    hit: Bools
    skipped: Bools
    partner: I64


@dataclass(frozen=True)
class Matches:
    """Every box with what it was matched to.

    Attributes:
        pairs: Ids of the images.
        classes: Names of the classes.
        known: Whether the detector has a class that counts as each.
        truths: The true boxes of each image.
        objects: K×A×I: how many objects there are of each class, size (all, small, medium, large)
            and image, regions to ignore not counted.
        found: The detections of each class.
    """

    pairs: tuple[str, ...]
    classes: tuple[str, ...]
    known: tuple[bool, ...]
    truths: tuple[Truths, ...]
    objects: I64
    found: tuple[Found, ...]

    def scored(self) -> tuple[int, ...]:
        """The classes that means are taken over: known to the detector and with an object."""
        some = self.objects[:, 0].sum(axis=1) > 0
        return tuple(k for k, known in enumerate(self.known) if known and some[k])


class _OneImage(NamedTuple):
    """The detections of one class in one image, as in :class:`Found`."""

    boxes: F64
    scores: F64
    hit: Bools
    skipped: Bools
    partner: I64


def match(
    label_set: LabelSet,
    detections: Mapping[str, Detections],
    detector_classes: Sequence[str],
    *,
    most: int = PER_IMAGE,
) -> Matches:
    """Match detections with the true boxes of a label set.

    Args:
        label_set: The true boxes.
        detections: By pair id.
        detector_classes: Names of the detector's classes, in its order.
        most: Detections of one class and image that are looked at, best first.

    Raises:
        FusionBenchError: A pair with labels has no detections, or a box or score is not finite.
    """
    numbers = label_set.numbers(detector_classes)
    pairs = tuple(label_set.truths)
    truths = tuple(label_set.truths.values())
    mapped = [_mapped(pair, detections, numbers, len(detector_classes)) for pair in pairs]
    kinds = range(len(label_set.classes))
    return Matches(
        pairs,
        label_set.classes,
        tuple(kind in numbers.values() for kind in kinds),
        truths,
        np.array([[_count(t, k) for t in truths] for k in kinds], np.int64)
        .reshape(len(kinds), len(truths), len(AREAS))
        .transpose(0, 2, 1),
        tuple(_gather([_one(t, d, k, most) for t, d in _zip(truths, mapped)]) for k in kinds),
    )


def overlaps(found: F64, true: F64, ignore: Bools) -> F64:
    """Intersection over union of N boxes with M true boxes, N×M.

    For a region to ignore it is the intersection over the area of the detection. A box of no area
    overlaps nothing.
    """
    size, true_size = found[:, 2:] - found[:, :2], true[:, 2:] - true[:, :2]
    area, true_area = size.prod(axis=1), true_size.prod(axis=1)
    # edges as left + width, which is how COCO's arithmetic rounds
    end = np.minimum((found[:, :2] + size)[:, None], (true[:, :2] + true_size)[None])
    inside = np.clip(end - np.maximum(found[:, None, :2], true[None, :, :2]), 0, None)
    shared = inside[..., 0] * inside[..., 1]
    union = np.where(ignore[None], area[:, None], area[:, None] + true_area[None] - shared)
    result: F64 = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return result


def _mapped(
    pair: str, detections: Mapping[str, Detections], numbers: Mapping[int, int], count: int
) -> Detections:
    """The detections of a pair under the label set's classes, others dropped."""
    if pair not in detections:
        raise FusionBenchError(f"pair '{pair}' has labels but no detections were given for it")
    given = detections[pair]
    if not (np.isfinite(given.boxes).all() and np.isfinite(given.scores).all()):
        raise FusionBenchError(
            f"pair '{pair}': the detector gave a box or score that is not finite"
        )
    table = np.full(count, -1)
    table[list(numbers)] = list(numbers.values())
    classes = table[given.classes]
    kept = classes >= 0
    return Detections(given.boxes[kept], given.scores[kept], classes[kept])


def _zip(
    truths: Sequence[Truths], detections: Sequence[Detections]
) -> Iterator[tuple[Truths, Detections]]:
    return zip(truths, detections, strict=True)


def _outside(boxes: F64) -> Bools:
    """A×N: whether each box is smaller or larger than each range of areas."""
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    outside: Bools = (area < AREAS[:, :1]) | (area > AREAS[:, 1:])
    return outside


def _count(truth: Truths, kind: int) -> I64:
    mine = (truth.classes == kind) & ~truth.ignore
    counted: I64 = (~_outside(truth.boxes[mine])).sum(axis=1)
    return counted


def _one(truth: Truths, given: Detections, kind: int, most: int) -> _OneImage:
    mine = np.flatnonzero(given.classes == kind)
    mine = mine[np.argsort(-given.scores[mine], kind="stable")][:most]
    boxes, scores = given.boxes[mine].astype(np.float64), given.scores[mine].astype(np.float64)
    places = np.flatnonzero(truth.classes == kind)
    true, crowd = truth.boxes[places], truth.ignore[places]
    excluded = crowd | _outside(true)
    taken_by = _greedy(overlaps(boxes, true, crowd), excluded, crowd)
    matched = taken_by >= 0
    padded = np.pad(excluded, ((0, 0), (0, 1)))
    on_excluded = np.take_along_axis(padded[:, None], taken_by, axis=2) & matched
    unmatched_outside = ~matched & _outside(boxes)[:, None]
    partner = np.append(places, -1)[taken_by[0, 0]]
    skipped = on_excluded | unmatched_outside
    return _OneImage(boxes, scores, matched & ~on_excluded, skipped, partner)


def _greedy(overlap: F64, excluded: Bools, crowd: Bools) -> I64:
    """Which true box each detection takes, A×T×N; -1 for none.

    Args:
        overlap: N×M, detections best first.
        excluded: A×M, true boxes that do not count for a range of areas.
        crowd: M, regions that any number of detections may take.
    """
    shape = (len(AREAS), len(OVERLAPS))
    taken_by = np.full((*shape, len(overlap)), -1)
    free = np.ones((*shape, overlap.shape[1]), bool)
    least = np.minimum(OVERLAPS, 1 - 1e-10)[:, None]
    areas, levels = np.ogrid[: shape[0], : shape[1]]
    for place in np.flatnonzero((overlap >= OVERLAPS[0]).any(axis=1)):
        row = overlap[place]
        possible = (row >= least) & free
        counting = possible & ~excluded[:, None]
        allowed = np.where(counting.any(axis=2, keepdims=True), counting, possible)
        # of equal overlaps the last one wins, as in COCO's loop
        best = len(row) - 1 - np.where(allowed, row, -1)[..., ::-1].argmax(axis=2)
        some = allowed.any(axis=2)
        taken_by[..., place] = np.where(some, best, -1)
        free[areas, levels, best] &= ~some | crowd[best]
    return taken_by


def _gather(images: Sequence[_OneImage]) -> Found:
    """The detections of all images in one list, best score first."""
    shape = (len(AREAS), len(OVERLAPS), 0)
    image = np.repeat(np.arange(len(images)), [len(one.scores) for one in images])
    scores = np.concatenate([np.zeros(0), *(one.scores for one in images)])
    order = np.argsort(-scores, kind="stable")
    boxes = np.concatenate([np.zeros((0, 4)), *(one.boxes for one in images)])
    hit = np.concatenate([np.zeros(shape, bool), *(one.hit for one in images)], axis=2)
    skipped = np.concatenate([np.zeros(shape, bool), *(one.skipped for one in images)], axis=2)
    partner = np.concatenate([np.zeros(0, np.int64), *(one.partner for one in images)])
    return Found(
        image[order],
        boxes[order],
        scores[order],
        hit[..., order],
        skipped[..., order],
        partner[order],
    )


@dataclass(frozen=True)
class Outcome:
    """One image at an overlap of 0.5 and a least score.

    Attributes:
        boxes: N×4, left, top, right, bottom: the detections shown, best first.
        scores: N.
        classes: N, positions in the label set's classes.
        correct: N, True for a true positive, False for a false one. Detections that lie on a
            region to ignore are not in these arrays.
        truths: M×4, the labelled objects (regions to ignore left out).
        truth_classes: M.
        found: M, whether a detection matched it; the others are missed.
    """

    boxes: F64
    scores: F64
    classes: I64
    correct: Bools
    truths: F64
    truth_classes: I64
    found: Bools


def outcome(matches: Matches, pair: str, *, score: float = 0.25) -> Outcome:
    """What became of every box of one pair at an overlap of 0.5.

    Args:
        matches: ``Evaluation.matches``.
        pair: A pair id.
        score: Detections below it are not shown.
    """
    place = matches.pairs.index(pair)
    truth = matches.truths[place]
    chosen = [_chosen(found, place, score) for found in matches.found]
    parts = list(zip(matches.found, chosen, strict=True))
    scores = np.concatenate([found.scores[at] for found, at in parts])
    correct = np.concatenate([found.hit[0, 0, at] for found, at in parts])
    partner = np.concatenate([found.partner[at] for found, at in parts])
    order = np.argsort(-scores, kind="stable")
    hit = np.zeros(len(truth.boxes), bool)
    hit[partner[correct]] = True
    return Outcome(
        np.concatenate([found.boxes[at] for found, at in parts])[order],
        scores[order],
        np.repeat(np.arange(len(chosen)), [len(at) for at in chosen])[order],
        correct[order],
        truth.boxes[~truth.ignore],
        truth.classes[~truth.ignore],
        hit[~truth.ignore],
    )


def _chosen(found: Found, place: int, score: float) -> I64:
    """Places of the detections in one image that are shown."""
    kept = (found.image == place) & (found.scores >= score) & ~found.skipped[0, 0]
    return np.flatnonzero(kept)


def disagreement(outcomes: Sequence[Outcome]) -> float:
    """How much methods differ on one image.

    The mean over pairs of methods of (objects that one finds and the other misses) + (difference
    of their numbers of false positives); 0 for fewer than two methods.

    Args:
        outcomes: One for each method, all of the same pair and label set.
    """
    pairs = list(combinations(outcomes, 2))
    if not pairs:
        return 0.0
    return sum(_apart(one, other) for one, other in pairs) / len(pairs)


def _apart(one: Outcome, other: Outcome) -> int:
    false = abs(int((~one.correct).sum()) - int((~other.correct).sum()))
    return int((one.found != other.found).sum()) + false
