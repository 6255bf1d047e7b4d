"""Which pairs a qualitative grid shows, and where it zooms in: where the methods differ most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fusionbench.images import U8, luma
from fusionbench.manifest import ColumnRecord, DataSetRecord, PairRecord
from fusionbench.report.collect import Result

Floats = NDArray[np.float64]

BOX_WIDTH = 0.25
BOX_ASPECT = 0.62
DETAIL_FLOOR = 0.1
COMPARED_ACROSS = 320


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels: its left upper corner and its size."""

    x: int
    y: int
    width: int
    height: int

    def cut(self, image: U8) -> U8:
        """The part of an image that the box holds."""
        return image[self.y : self.y + self.height, self.x : self.x + self.width]


def choose_pairs(
    dataset: DataSetRecord,
    results: Sequence[Result],
    columns: Sequence[ColumnRecord],
    images: Mapping[str, int],
    count: int,
) -> list[PairRecord]:
    """The pairs on which the scores of the methods differ most, in the data set's order.

    The difference is the standard deviation over the methods, in units of the column's standard
    deviation over everything, averaged over the columns. Pairs with more fused images come first;
    equal pairs are taken in order.

    Args:
        dataset: The pairs.
        results: Scores of the methods that are compared.
        columns: Metrics that count.
        images: How many fused images each pair has.
        count: How many pairs to choose.
    """
    spread = np.zeros(len(dataset.pairs))
    for column in columns:
        cells = [result.cell(column).values for result in results]
        table = [[cell.get(pair.id, np.nan) for cell in cells] for pair in dataset.pairs]
        spread += _spread(np.array(table, np.float64).reshape(len(dataset.pairs), -1))
    order = sorted(
        range(len(dataset.pairs)),
        key=lambda i: (-images[dataset.pairs[i].id], -round(float(spread[i]), 9), i),
    )
    return [dataset.pairs[i] for i in sorted(order[:count])]


def _spread(table: Floats) -> Floats:
    """Standard deviation along each row of finite values, in units of the whole table's."""
    known = np.isfinite(table)
    values = np.where(known, table, 0)
    count = known.sum(axis=1)
    mean = values.sum(axis=1) / np.maximum(count, 1)
    square = (np.where(known, table - mean[:, None], 0) ** 2).sum(axis=1) / np.maximum(count, 1)
    whole = float(np.std(table[known])) if known.any() else 0.0
    return np.sqrt(square) / whole if whole > 0 else np.zeros(len(table))


def choose_boxes(sources: Sequence[U8], fused: Sequence[U8]) -> tuple[Box, Box]:
    """The two boxes apart in which the fused images differ most where there is something to see.

    Each image's luma is brought to zero mean and unit standard deviation, so that a method that is
    brighter as a whole does not differ everywhere. The standard deviation over the images counts
    as much as the sources have detail there (an empty sky shows little, however much methods differ
    on it). The box with the largest mean is chosen, then the one with the largest mean among those
    that do not touch it; where fewer than two were fused, the sources take part. Large images are
    compared at about 320 pixels across.

    Args:
        sources: The infrared and the visible image, one size.
        fused: Fused images of that size.
    """
    compared = list(fused) if len(fused) > 1 else [*sources, *fused]
    height, width = sources[0].shape[:2]
    step = max(1, width // COMPARED_ACROSS)
    difference = np.std([_standard(_small(image, step)) for image in compared], axis=0)
    difference *= sum(_detail(_small(image, step)) for image in sources)
    places = _two_places(difference)
    box_width = max(1, round(width * BOX_WIDTH))
    box_height = max(1, min(height, round(box_width * BOX_ASPECT)))
    first, second = (
        Box(
            min(x * step, width - box_width),
            min(y * step, height - box_height),
            *(box_width, box_height),
        )
        for x, y in places
    )
    return first, second


def _small(image: U8, step: int) -> U8:
    """Luma, each side divided by ``step``."""
    values = luma(image)
    if step == 1:
        return values
    size = (max(1, values.shape[1] // step), max(1, values.shape[0] // step))
    small: U8 = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.uint8)
    return small


def _two_places(difference: Floats) -> tuple[tuple[int, int], tuple[int, int]]:
    """Left upper corners ``(x, y)`` of the best box and of the best one apart from it."""
    height, width = difference.shape
    wide = max(1, round(width * BOX_WIDTH))
    tall = max(1, min(height, round(wide * BOX_ASPECT)))
    total = cv2.integral(difference, sdepth=cv2.CV_64F)
    inside = (
        total[tall:, wide:] - total[:-tall, wide:] - total[tall:, :-wide] + total[:-tall, :-wide]
    )
    inside = np.round(inside, 6)
    y, x = (int(i) for i in np.unravel_index(int(np.argmax(inside)), inside.shape))
    apart = inside.copy()
    apart[max(0, y - tall) : y + tall + 1, max(0, x - wide) : x + wide + 1] = -np.inf
    below, along = (int(i) for i in np.unravel_index(int(np.argmax(apart)), apart.shape))
    return (x, y), (along, below) if np.isfinite(apart).any() else (x, y)


def _detail(image: U8) -> Floats:
    """Local contrast in units of its mean, with a floor so that no place counts for nothing."""
    values = image.astype(np.float64)
    scale = max(1.0, image.shape[1] / 100)
    contrast = np.abs(values - cv2.GaussianBlur(values, (0, 0), scale))
    mean = contrast.mean()
    return contrast / mean + DETAIL_FLOOR if mean > 0 else np.ones_like(contrast)


def _standard(image: U8) -> Floats:
    values = image.astype(np.float64)
    deviation = values.std()
    centred: Floats = values - values.mean()
    return centred / deviation if deviation > 0 else centred
