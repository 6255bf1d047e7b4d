"""Labelled boxes as an evaluation may use them: inside the image, the right way round, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from fusionbench.boxes import Truths
from fusionbench.checks import Findings, Problem
from fusionbench.labels.class_names import Naming
from fusionbench.labels.readers import RawBox, Size

SAME = 0.5
"""Pixels: two boxes of one class whose edges lie no further apart are one, up to rounding."""
BEYOND = 1.0
"""Pixels that a box may reach out of the image before it is said."""
LEAST_SIDE = 0.5
"""Pixels of width and height below which a box has no area."""
FAR_OUT, CONSIDERABLE = 0.05, 0.25
"""The share of the image's side that few boxes reach out by, and the share that is not few."""
UNFIT = ("box-outside", "box-turned-over")
Edges = tuple[float, float, float, float]


@dataclass
class BoxChecks:
    """What was found in the boxes of a label set.

    Attributes:
        in_pixels: Whether the files state pixels, not shares of the image.
        total: How many boxes there are.
        problems: What a check found, box by box.
        far_out: Boxes that reach far out of the image.
        odd: One line for each box that was left out, because nothing of it is inside the image.
    """

    in_pixels: bool = True
    total: int = 0
    problems: list[Problem] = field(default_factory=list)
    far_out: list[Problem] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)

    def truths(self, boxes: Sequence[RawBox], naming: Naming, size: Size) -> Truths:
        """Boxes clipped to the image, with class numbers; those that are of no use are left out.

        Raises:
            DataError: A class is not known; names file and line.
        """
        rows: dict[tuple[int, bool], list[Edges]] = {}
        kept: list[tuple[Edges, int, bool]] = []
        for box in boxes:
            kind, ignored = naming.number(box)
            ignored = ignored or box.ignore
            edges = self._usable(box, size, ignored)
            if edges is not None and not self._repeated(box, edges, rows.get((kind, ignored), [])):
                rows.setdefault((kind, ignored), []).append(edges)
                kept.append((edges, kind, ignored))
        return Truths(
            np.array([edges for edges, _, _ in kept], np.float64).reshape(-1, 4),
            np.array([kind for _, kind, _ in kept], np.int64),
            np.array([ignored for _, _, ignored in kept], bool),
        )

    def _usable(self, box: RawBox, size: Size, ignored: bool) -> Edges | None:
        """The box clipped to the image; None where nothing is left of it."""
        self.total += 1
        wide, high = map(float, size)
        left, right = (min(max(x, 0.0), wide) for x in (box.left, box.right))
        top, bottom = (min(max(y, 0.0), high) for y in (box.top, box.bottom))
        flat = False
        if box.largest:
            self._add("boxes-in-pixels", box, f"numbers up to {box.largest:g}")
        elif self.in_pixels and right > left and max(box.right, box.bottom) <= 1:
            self._add("boxes-in-shares", box, _corners(box))
        elif flat := min(box.right - box.left, box.bottom - box.top) < LEAST_SIDE:
            self._leave_out("box-turned-over", box, ignored)
        elif right <= left or bottom <= top:
            self._leave_out("box-outside", box, ignored)
        if flat or right <= left or bottom <= top:
            self.odd.append(f"{box.where}: nothing of the box is inside the image; left out")
            return None
        over = max(left - box.left, box.right - right), max(top - box.top, box.bottom - bottom)
        if max(over) > BEYOND:
            far = over[0] > FAR_OUT * wide or over[1] > FAR_OUT * high
            self._add("box-clipped", box)
            if far:
                self.far_out.append(Problem("boxes-reach-out", box.where_short, _corners(box)))
        if box.outlined:
            self._add("polygons", box)
        return left, top, right, bottom

    def _leave_out(self, check: str, box: RawBox, ignored: bool) -> None:
        if not ignored:  # a region to ignore with nothing in the image changes no number
            self._add(check, box, _corners(box))

    def _repeated(self, box: RawBox, edges: Edges, others: Sequence[Edges]) -> bool:
        apart = (max(abs(a - b) for a, b in zip(edges, other, strict=True)) for other in others)
        again = any(distance <= SAME for distance in apart)
        if again:
            self._add("box-repeated", box)
        return again

    def _add(self, check: str, box: RawBox, detail: str = "") -> None:
        self.problems.append(Problem(check, box.where_short, detail))

    def tell(self, findings: Findings, dataset: str) -> None:
        """Add what was found; where most boxes are of no use, that is another matter."""
        unfit = [problem for problem in self.problems if problem.check in UNFIT]
        others = [problem for problem in self.problems if problem.check not in UNFIT]
        far_out = self.far_out if len(self.far_out) > 1 else []  # one may be cut by the border
        if 2 * len(unfit + far_out) > self.total:
            unfit = [p._replace(check="boxes-do-not-fit") for p in unfit + far_out]
        elif len(far_out) > CONSIDERABLE * self.total:
            others += far_out
        findings.extend([*unfit, *others], dataset=dataset, of=self.total)


def _corners(box: RawBox) -> str:
    return "corners " + ", ".join(f"{x:g}" for x in (box.left, box.top, box.right, box.bottom))
