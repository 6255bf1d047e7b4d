"""Images and true boxes written as the folder that ultralytics trains on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from fusionbench.detection.boxes import F64, Truths
from fusionbench.errors import FusionBenchError
from fusionbench.files import write_text
from fusionbench.images import read_image, write_png


def write_yolo_folder(
    folder: Path,
    images: Mapping[str, Path],
    truths: Mapping[str, Truths],
    classes: Sequence[str],
    pairs: Sequence[str],
) -> Path:
    """Write ``images/``, ``labels/`` and the file that names them.

    Images are numbered, because pair ids may hold what file names cannot, and are read and written
    by the suite, so that training sees the pixels that testing sees. The folder's validation part
    is one training image: nothing is chosen by validation, and the test pairs stay unseen.

    Returns:
        The YAML file to train with.

    Raises:
        FusionBenchError: None of the pairs has a labelled object.
    """
    import yaml

    shown = ""
    for number, pair in enumerate(pairs):
        image = read_image(images[pair])
        lines = label_lines(truths[pair], image.shape[1], image.shape[0])
        path = folder / "images" / f"{number:06}.png"
        write_png(path, image)
        write_text(folder / "labels" / f"{number:06}.txt", "".join(lines))
        shown = shown or (str(path.resolve()) if lines else "")
    if not shown:
        raise FusionBenchError(
            f"none of the {len(pairs)} training images has a labelled object; "
            "train on more pairs, or use --protocol frozen"
        )
    write_text(folder / "shown.txt", f"{shown}\n")
    description = {
        "path": str(folder.resolve()),
        "train": "images",
        "val": "shown.txt",
        "names": dict(enumerate(classes)),
    }
    write_text(folder / "data.yaml", yaml.safe_dump(description, allow_unicode=True))
    return folder / "data.yaml"


def label_lines(truth: Truths, width: int, height: int) -> list[str]:
    """One line for each object: class, centre x and y, width, height, over the image's size.

    The format has no regions to ignore: they are left out, so what is in them trains as background.
    Boxes are clipped to the image; one that lies outside of it is left out.
    """
    size = np.array([width, height, width, height], np.float64)
    corners: F64 = np.clip(truth.boxes[~truth.ignore] / size, 0, 1)
    centres, extents = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
    return [
        f"{number} {x:.9f} {y:.9f} {w:.9f} {h:.9f}\n"
        for number, (x, y), (w, h) in zip(
            truth.classes[~truth.ignore], centres, extents, strict=True
        )
        if w > 0 and h > 0
    ]
