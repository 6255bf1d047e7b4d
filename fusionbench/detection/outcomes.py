"""What became of every box of one image: found, false, missed. For pictures and disagreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from fusionbench.detection.boxes import F64, I64, Bools
from fusionbench.detection.matching import Found, Matches


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
