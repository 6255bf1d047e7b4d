"""What detection passes around: true boxes, found boxes, and how boxes are filtered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Truths:
    """The labelled objects of one image.

    Attributes:
        boxes: N×4, left, top, right, bottom in pixels (a box of one pixel is 1 wide).
        classes: N class numbers, into the class names of the label set.
        ignore: N, regions whose detections count neither as true nor as false.
    """

    boxes: F64
    classes: I64
    ignore: Bools


@dataclass(frozen=True)
class Detections:
    """The objects that a detector found in one image, best score first.

    Attributes:
        boxes: N×4, left, top, right, bottom in pixels of the image.
        scores: N, 0..1.
        classes: N class numbers, into the class names of the detector.
    """

    boxes: F32
    scores: F32
    classes: I64


@dataclass(frozen=True)
class Thresholds:
    """What a detector drops.

    Attributes:
        score: Boxes below this score are dropped.
        overlap: Of two boxes of one class whose intersection over union is greater, the one with
            the lower score is dropped (non-maximum suppression).
        most: Boxes kept for an image at most.
    """

    score: float = 0.001
    overlap: float = 0.7
    most: int = 300
