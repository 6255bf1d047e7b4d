"""YOLOX-Nano (Apache-2.0), an ONNX file that OpenCV runs: a detector that needs no extra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import cv2
import numpy as np

from fusionbench import Detections, WeightsError, detector, plainly

from ._suppression import F32, suppress
from ._weights import FileDetector

if TYPE_CHECKING:
    from fusionbench import U8, Thresholds


_NAMES = """
    person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light,
    fire hydrant, stop sign, parking meter, bench, bird, cat, dog, horse, sheep, cow,
    elephant, bear, zebra, giraffe, backpack, umbrella, handbag, tie, suitcase, frisbee,
    skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard,
    tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple,
    sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake, chair, couch,
    potted plant, bed, dining table, toilet, tv, laptop, mouse, remote, keyboard, cell phone,
    microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear,
    hair drier, toothbrush
"""

COCO = tuple(name.strip() for name in _NAMES.split(","))


SIZE = 416
STRIDES = (8, 16, 32)
PADDING = 114


@detector(
    "yolox-nano",
    title="YOLOX-Nano",
    licence="Apache-2.0",
    paper="YOLOX: Exceeding YOLO Series in 2021",
    authors="Zheng Ge, Songtao Liu, Feng Wang, Zeming Li, Jian Sun",
    year=2021,
    venue="arXiv:2107.08430",
    doi="10.48550/arXiv.2107.08430",
)
class YOLOXNano(FileDetector):
    """YOLOX-Nano trained on COCO at 416 pixels; always runs on the CPU, one image at a time.

    A box counts for its best class, with the score objectness times class probability.
    """

    published: ClassVar[dict[str, str]] = {"yolox-nano": "YOLOX-Nano"}

    @property
    def classes(self) -> tuple[str, ...]:
        """The 80 classes of COCO."""
        return COCO

    def load(self) -> None:
        """Read the network.

        Raises:
            WeightsError: The file is not such a network.
        """
        path = self.found.path
        try:
            self._network = cv2.dnn.readNetFromONNX(str(path))
            found = self._raw(np.zeros((SIZE, SIZE, 3), np.uint8)).shape
        except cv2.error as error:
            raise WeightsError(
                f"{path} could not be read as ONNX by OpenCV: {plainly(error)}"
            ) from error
        self._cells, self._strides = _grid()
        expected = (len(self._cells), 5 + len(COCO))
        if found != expected:
            raise WeightsError(f"{path} gives values of shape {found}, expected {expected}")

    def detect(self, images: Sequence[U8], thresholds: Thresholds) -> list[Detections]:
        """Find objects; see :meth:`fusionbench.Detector.detect`."""
        return [self._detect(image, thresholds) for image in images]

    def _detect(self, image: U8, thresholds: Thresholds) -> Detections:
        padded, scale = letterbox(image)
        raw = self._raw(padded)
        probabilities = raw[:, 4:5] * raw[:, 5:]
        classes = probabilities.argmax(1)
        scores = probabilities[np.arange(len(raw)), classes]
        kept = suppress(self._decode(raw), scores, classes, thresholds)
        height, width = image.shape[:2]
        edges = np.array([width, height, width, height], np.float32)
        return Detections(np.clip(kept.boxes / scale, 0, edges), kept.scores, kept.classes)

    def _raw(self, padded: U8) -> F32:
        """N×85 (centre, size, objectness, classes) from 416×416×3 RGB; levels stay 0..255."""
        planes = padded[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32)
        self._network.setInput(np.ascontiguousarray(planes))
        raw: F32 = self._network.forward()[0]
        return raw

    def _decode(self, raw: F32) -> F32:
        """N×4 corners in the letterboxed image: centre (x + cell) stride, size exp(x) stride."""
        centres = (raw[:, :2] + self._cells) * self._strides
        halves = np.exp(raw[:, 2:4]) * self._strides / 2
        return np.concatenate([centres - halves, centres + halves], axis=1)


def letterbox(image: U8) -> tuple[U8, float]:
    """Scale an image into the top left of a 416×416 square of level 114; also the scale."""
    height, width = image.shape[:2]
    scale = min(SIZE / height, SIZE / width)
    inner = (max(1, int(width * scale)), max(1, int(height * scale)))
    square = np.full((SIZE, SIZE, 3), PADDING, np.uint8)
    square[: inner[1], : inner[0]] = cv2.resize(image, inner, interpolation=cv2.INTER_LINEAR)
    return square, scale


def _grid() -> tuple[F32, F32]:
    """N×2 cell coordinates (x, y) and N×1 strides, coarser strides last, row by row."""
    cells, strides = [], []
    for stride in STRIDES:
        count = SIZE // stride
        y, x = np.mgrid[:count, :count]
        cells.append(np.stack([x, y], axis=-1).reshape(-1, 2))
        strides.append(np.full((count * count, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)
