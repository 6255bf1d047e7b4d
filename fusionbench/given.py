"""Images that a program gives: NumPy, torch, PIL or names of files, read for computing.

A float image is rounded to 8 bits as the fuse stage does when it saves one, so that what is
computed of an array is what would be computed of its PNG. What cannot be told apart is refused.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fusionbench.checks import Findings, Problem
from fusionbench.datasets import Pair
from fusionbench.datasets.checking import problems_of
from fusionbench.errors import DataError, FusionBenchWarning
from fusionbench.imagefiles import Header
from fusionbench.images import U8, Picture, open_picture
from fusionbench.sources import PairSources

Image: TypeAlias = Any
"""A NumPy array, a torch tensor, a PIL image or the name of a file; or a list or tuple of them.

Arrays are H×W, H×W×3, 1×H×W or 3×H×W; or a batch, B×1×H×W, B×3×H×W or B×H×W×3. Values are uint8 in
0..255 or float in [0, 1].
"""
Layout = Literal["HW", "HWC", "CHW", "BCHW", "BHWC"]
CHANNELS = (1, 3)
EXPECTED = "H×W, H×W×3, 1×H×W or 3×H×W; or a batch, B×1×H×W, B×3×H×W or B×H×W×3"


@dataclass(frozen=True)
class Given:
    """Images as they are given.

    Attributes:
        readers: What gives each of them, as it is stored; files are read when they are asked for.
        names: The names of files without folder and ending; empty for images that have none.
        many: Whether it is a batch or a list, and not one image.
        back: Makes the kind that came in from 8-bit images H×W or H×W×3.
    """

    readers: tuple[Callable[[], Picture], ...]
    names: tuple[str, ...]
    many: bool
    back: Callable[[Sequence[U8]], Any]

    def __len__(self) -> int:
        return len(self.readers)

    def __iter__(self) -> Iterator[Picture]:
        return (read() for read in self.readers)


def take(value: Image, what: str) -> Given:
    """What is given, read.

    Args:
        value: See :data:`Image`.
        what: What it is called in messages.

    Raises:
        DataError: It is no image, or cannot be told from something else.
    """
    if isinstance(value, list | tuple):
        return _several(value, what)
    if isinstance(value, str | os.PathLike):
        return _file(Path(value), what)
    if is_tensor(value):
        return _tensor(value, what)
    if isinstance(value, np.ndarray):
        return _array(value, what)
    if (pil := sys.modules.get("PIL.Image")) and isinstance(value, pil.Image):
        return _pil(value, what)
    raise DataError(
        f"{what}: got {type(value).__name__}; expected a NumPy array, a torch tensor, a PIL image "
        "or the name of a file, or a list of them"
    )


def is_tensor(value: object) -> bool:
    """Whether a value is a torch tensor; torch is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def layout_of(shape: Sequence[int], what: str) -> Layout:
    """Which axes of an array are which.

    Raises:
        DataError: The shape is none that is expected, or may be two of them.
    """
    shown = "×".join(map(str, shape)) or "a single number"
    if 0 in shape:
        raise DataError(f"{what}: got shape {shown}, which is empty; expected {EXPECTED}")
    if len(shape) == 2:
        return "HW"
    first: dict[int, Layout] = {3: "CHW", 4: "BCHW"}
    last: dict[int, Layout] = {3: "HWC", 4: "BHWC"}
    found = [first[len(shape)]] if len(shape) in first and shape[-3] in CHANNELS else []
    found += [last[len(shape)]] if len(shape) in last and shape[-1] in CHANNELS else []
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(
            f"{what}: got shape {shown}, in which the first or the last axis may be the channels; "
            "expected one that says it. Drop the axis of a gray image, or give PIL images"
        )
    hint = ""
    if len(shape) == 3:
        hint = ". A batch of gray images is B×1×H×W; alpha is to be dropped, as image[..., :3]"
    raise DataError(f"{what}: got shape {shown}; expected {EXPECTED}{hint}")


def as_levels(values: Any, what: str) -> Any:
    """Float values in [0, 1] as whole numbers 0..255 of the same type, rounded as on saving.

    Args:
        values: A float32 or float64 array or tensor.
        what: What it is called in messages.

    Raises:
        DataError: A value is no number, or rounds to something outside 0..255.
    """
    from fusionbench.stages.applying import remedy

    scaled = (values * 255).round()
    if float(scaled.min()) >= 0 and float(scaled.max()) <= 255:  # NaN is neither
        return scaled
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(f"{what}: got values that are not finite; expected float in [0, 1]")
    hint = remedy(low, high) or "; clip what lies outside if that is meant"
    raise DataError(
        f"{what}: got float values from {low:.4g} to {high:.4g}; expected uint8 in 0..255 or float "
        f"in [0, 1]{hint}"
    )


def _several(values: Sequence[Any], what: str) -> Given:
    found = [take(value, f"{what}[{place}]") for place, value in enumerate(values)]
    if not found:
        raise DataError(f"{what}: got an empty list; expected images")
    for place, one in enumerate(found):
        if one.many:
            raise DataError(f"{what}[{place}]: got a batch in a list; expected single images")

    def back(images: Sequence[U8]) -> list[Any]:
        return [one.back([image]) for one, image in zip(found, images, strict=True)]

    readers = tuple(one.readers[0] for one in found)
    return Given(readers, tuple(one.names[0] for one in found), True, back)


def _file(path: Path, what: str) -> Given:
    path = path.expanduser()
    if path.is_dir():
        raise DataError(
            f"{what}: {path} is a folder; expected a file, or a list of files such as "
            f"sorted(Path({str(path)!r}).glob('*.png')). `fusionbench score --fused` takes folders"
        )

    def read() -> Picture:
        return open_picture(path, thorough=True)

    return Given((read,), (path.stem,), False, lambda images: images[0])


def held(image: U8) -> Picture:
    """An 8-bit image H×W or H×W×3 RGB as if it had been read from a file."""
    header = Header("array", image.shape[1], image.shape[0])
    return Picture(header, np.ascontiguousarray(image), 255)


def _images(images: Sequence[U8], many: bool, back: Callable[[Sequence[U8]], Any]) -> Given:
    readers = tuple((lambda one=image: held(one)) for image in images)
    return Given(readers, ("",) * len(images), many, back)


def _array(array: NDArray[Any], what: str) -> Given:
    layout = layout_of(array.shape, what)
    if array.dtype == np.uint8:
        levels = array
    elif array.dtype.kind == "f":
        single = array.dtype.itemsize <= 4  # as a network's output is scaled in its own precision
        levels = as_levels(array.astype(np.float32 if single else np.float64), what)
    else:
        raise _wrong_type(array.dtype, what, "image.astype(np.uint8)")

    def back(images: Sequence[U8]) -> NDArray[Any]:
        made = laid_out(images, layout, array.shape)
        return made if array.dtype == np.uint8 else (made / 255).astype(array.dtype)

    return _images(_split(levels.astype(np.uint8), layout), layout[0] == "B", back)


def _tensor(tensor: Any, what: str) -> Given:
    import torch

    layout = layout_of(tuple(tensor.shape), what)
    levels = tensor_levels(tensor, what).cpu().numpy()

    def back(images: Sequence[U8]) -> Any:
        made = torch.from_numpy(laid_out(images, layout, tuple(tensor.shape)))
        if tensor.dtype != torch.uint8:
            made = (made.double() / 255).to(tensor.dtype)
        return made.to(tensor.device)

    return _images(_split(levels, layout), layout[0] == "B", back)


def tensor_levels(tensor: Any, what: str) -> Any:
    """A tensor of any layout as uint8 on its own device.

    Raises:
        DataError: It is neither uint8 nor float in [0, 1].
    """
    import torch

    tensor = tensor.detach()
    if tensor.dtype == torch.uint8:
        return tensor
    if not tensor.is_floating_point():
        raise _wrong_type(tensor.dtype, what, "image.to(torch.uint8)")
    return as_levels(tensor if tensor.dtype == torch.float64 else tensor.float(), what).to(
        torch.uint8
    )


def _wrong_type(got: object, what: str, cast: str) -> DataError:
    kind = str(got).removeprefix("torch.")
    return DataError(
        f"{what}: got {kind} values; expected uint8 in 0..255 or float in [0, 1]. Levels of 0..255 "
        f"are `{cast}`; other ranges, such as 16-bit infrared, have to be scaled to [0, 1] first"
    )


def _split(levels: NDArray[Any], layout: Layout) -> list[U8]:
    """The images H×W or H×W×3 in an array."""
    batch = levels if layout[0] == "B" else levels[None]
    if layout == "HW":
        return list(batch)
    images = batch.transpose(0, 2, 3, 1) if layout.endswith("CHW") else batch
    return [image[..., 0] if image.shape[-1] == 1 else image for image in images]


def laid_out(images: Sequence[U8], layout: Layout, shape: Sequence[int]) -> U8:
    """Images H×W or H×W×3 as an array whose axes lie as in one of that layout and shape."""

    def one(image: U8) -> U8:
        if layout.endswith("CHW"):
            return image[None] if image.ndim == 2 else image.transpose(2, 0, 1)
        gray = image.ndim == 2 and (layout == "BHWC" or (layout == "HWC" and shape[-1] == 1))
        return image[..., None] if gray else image

    made = [one(image) for image in images]
    return np.ascontiguousarray(np.stack(made) if layout[0] == "B" else made[0])


def _pil(image: Any, what: str) -> Given:
    from PIL import Image, ImageOps

    def back(images: Sequence[U8]) -> Any:
        return Image.fromarray(images[0])

    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("L", "RGB"):
        return _images([np.asarray(upright)], False, back)
    if upright.mode == "F":
        return _images([as_levels(np.asarray(upright), what).astype(np.uint8)], False, back)
    if upright.mode not in ("1", "P", "PA", "LA", "RGBA") and not upright.mode.startswith("I;16"):
        raise DataError(
            f"{what}: got a PIL image of mode {upright.mode}; expected L, RGB, RGBA, P or I;16. "
            "image.convert('RGB') makes one"
        )
    stream = io.BytesIO()  # read as the file that it would be saved to
    upright.save(stream, "PNG")
    picture = open_picture(Path(what), stream.getvalue())
    return Given((lambda: picture,), ("",), False, back)


MEANT = frozenset({"same-image", "constant-source"})
"""Checks that stop a run and that a program gets a warning of: it may mean what they find."""


class Noticed:
    """What checks find in images that a program gives.

    Args:
        accept: Names of checks whose refused input is let through.
    """

    def __init__(self, accept: Collection[str] = ()) -> None:
        self._findings, self._meant = Findings(accept), Findings()

    def add(self, problems: Iterable[Problem], of: int) -> None:
        """Add what checks found in an image of ``of``.

        Raises:
            DataError: It cannot give a right number.
        """
        for problem in problems:
            (self._meant if problem.check in MEANT else self._findings).extend([problem], of=of)
        self._findings.settle()

    def tell(self, *more: str) -> None:
        """Warn of what is suspicious, a line a kind."""
        for record in (*self._findings.records, *self._meant.records):
            if record.outcome != "note":
                more = (*more, record.text())
        for text in more:
            warnings.warn(text, FusionBenchWarning, stacklevel=_outside())


def _outside() -> int:
    """How many calls away the code is that called this package."""
    folder, depth, frame = str(Path(__file__).parent), 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(folder):
        depth, frame = depth + 1, frame.f_back
    return depth


def names_of(*given: Given) -> list[str]:
    """A name for each of the images that belong together: that of a file, or their place.

    Raises:
        DataError: Their numbers differ.
    """
    first, *others = given
    if any(len(one) != len(first) for one in others):
        counts = " and ".join(str(len(one)) for one in given)
        raise DataError(f"got {counts} images; expected as many of each")
    found = [next(filter(None, names), "") for names in zip(*(g.names for g in given), strict=True)]
    return (
        found if all(found) and len(set(found)) == len(found) else list(map(str, range(len(first))))
    )


def sources_of(
    ir: Given, vis: Given, names: Sequence[str], noticed: Noticed
) -> Iterator[PairSources]:
    """The sources of each pair, checked as those of a data set are.

    Raises:
        DataError: Checks refuse them; says which.
    """
    for name, *pictures in zip(names, ir, vis, strict=True):
        pair = Pair(name, Path("infrared"), Path("visible"))
        noticed.add(problems_of(pair, *pictures), len(names))
        yield PairSources(*(picture.as_8_bit() for picture in pictures))
