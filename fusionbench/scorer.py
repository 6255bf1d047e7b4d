"""Metrics of images that a program gives: :func:`score`, and :class:`Scorer` for training loops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fusionbench.checks.fused import Look, judge
from fusionbench.conventions import Column, select_columns, shown_names
from fusionbench.errors import DataError, FusionBenchError
from fusionbench.given import (
    Given,
    Image,
    Noticed,
    is_tensor,
    layout_of,
    names_of,
    sources_of,
    take,
    tensor_levels,
)
from fusionbench.images import weighed
from fusionbench.primitives import Array, on_device
from fusionbench.request import CONVENTION, METRICS, joined
from fusionbench.results import Cell
from fusionbench.selecting import listed
from fusionbench.sources import Plane, Seen, Sources, Triple
from fusionbench.stages.collecting import triple_of
from fusionbench.stages.undefined import why_undefined

if TYPE_CHECKING:
    import pandas as pd

F64 = NDArray[np.float64]
KEPT = 8
"""Reasons that a warning names."""


def score(
    ir: Image,
    vis: Image,
    fused: Image,
    metrics: str | Sequence[str] = METRICS,
    convention: str | Sequence[str] = CONVENTION,
    *,
    accept: str | Sequence[str] = (),
) -> pd.Series[float] | pd.DataFrame:
    """Quality of fused images, to the last digit what ``fusionbench score`` says of their PNGs.

    Images are NumPy arrays, torch tensors, PIL images or names of files, or lists of them: H×W,
    H×W×3, 1×H×W or 3×H×W, or a batch B×1×H×W or B×3×H×W; uint8 in 0..255, or float in [0, 1], which
    is rounded to 8 bits as an image is that is saved. Sources and fused images have one size each.
    Infrared is used as its luma, and so are the others where the convention says so.

    Args:
        ir: The infrared image, or several.
        vis: The visible one, gray or RGB, or as many.
        fused: The fused one, gray or RGB, or as many.
        metrics: Names, globs, ``core`` or ``all``; ``NAME@CONVENTION`` picks a convention.
        convention: Whose definition: ``standard``, ``tang`` ... (:func:`fusionbench.conventions`);
            several give a column each.
        accept: Checks whose refused input is let through (``fusionbench list checks``).

    Returns:
        A Series with a value for each metric, as ``EN``, or ``EN@tang`` where there are several
        conventions; of a batch or list a DataFrame with a row for each image, called after its
        file where it has one. Units and ranges are those of the metrics' cards
        (:func:`fusionbench.metrics`); NaN is where a metric is not defined, and a warning says why.

    Raises:
        DataError: What is given is no image, cannot be told apart from something else, differs in
            size or number, or holds what no right number can be computed of.
        UnknownNameError: A metric, convention or check that there is not.

    Example:
        >>> import numpy as np, fusionbench as fb
        >>> y, x = np.mgrid[:64, :80]
        >>> ir = (128 + 100 * np.sin(x / 9)).astype(np.uint8)
        >>> vis = (128 + 100 * np.cos(y / 7)).astype(np.uint8)
        >>> fused = (ir / 510 + vis / 510).astype(np.float32)
        >>> fb.score(ir, vis, fused, "EN,SD").round(2).to_dict()
        {'EN': 7.28, 'SD': 49.07}
        >>> fb.score([ir, ir], [vis, vis], [fused, fused], "VIF,SSIM", "tang").shape
        (2, 2)
    """
    import pandas as pd

    columns = select_columns(joined(metrics), joined(convention))
    taken = [take(*one) for one in ((ir, "ir"), (vis, "vis"), (fused, "fused"))]
    names = names_of(taken[2], taken[1], taken[0])
    values = _values(taken, names, columns, joined(accept))
    shown = shown_names(columns)
    if not any(one.many for one in taken):
        return pd.Series(values[0], index=shown)
    index = names if any(map(any, (one.names for one in taken))) else None
    return pd.DataFrame(values, columns=shown, index=index)


def _values(
    taken: Sequence[Given], names: Sequence[str], columns: Sequence[Column], accept: str
) -> F64:
    """The value of each column for each image, N×K."""
    ir, vis, fused = taken
    noticed = Noticed(listed(accept))
    values = np.empty((len(names), len(columns)))
    looks: dict[str, Look] = {}
    undefined: list[str] = []
    sources = sources_of(ir, vis, names, noticed)
    for place, (name, pair, picture) in enumerate(zip(names, sources, fused, strict=True)):
        odd: list[Any] = []
        triple = triple_of(pair, picture, name, odd, "fused")
        noticed.add(odd, len(names))
        assert triple is not None  # what does not fit is refused
        looks[name] = Look.of(triple)
        for at, column in enumerate(columns):
            values[place, at] = column.value(triple)
            if math.isnan(values[place, at]):
                undefined.append(f"{column.name} of image {name}: {why_undefined(column, triple)}")
    noticed.add(judge(looks), len(names))
    noticed.tell(*undefined[:KEPT])
    return values


class Scorer:
    """Metrics of many batches, in the manner of torchmetrics: update, compute, reset.

    For training and validation loops. Tensors on a GPU stay there: no image is copied to the host,
    and their values agree with those of the CPU to nine digits; what is on the CPU is computed as
    :func:`score` does it, to the last digit. No gradient flows: these are the metrics exactly as
    papers report them, on 8-bit images, and not differentiable losses.

    Args:
        metrics: As in :func:`score`.
        convention: As in :func:`score`.

    Raises:
        UnknownNameError: A metric or convention that there is not.

    Example:
        >>> import torch, fusionbench as fb
        >>> scorer = fb.Scorer("EN,SD", convention="standard")
        >>> ir, vis = torch.rand(2, 4, 1, 32, 40, generator=torch.Generator().manual_seed(0))
        >>> scorer.update(ir, vis, (ir + vis) / 2)
        >>> {name: round(mean, 1) for name, mean in scorer.compute().items()}
        {'EN': 7.6, 'SD': 52.1}
        >>> scorer.values().shape
        (4, 2)
        >>> scorer.reset()
    """

    def __init__(
        self,
        metrics: str | Sequence[str] = METRICS,
        convention: str | Sequence[str] = CONVENTION,
    ) -> None:
        self._columns = select_columns(joined(metrics), joined(convention))
        self._batches: list[Array] = []

    @property
    def names(self) -> list[str]:
        """The metrics, as ``EN``; as ``EN@tang`` where there are several conventions."""
        return shown_names(self._columns)

    def update(self, ir: Image, vis: Image, fused: Image) -> None:
        """Score a batch, or an image.

        Args:
            ir: Infrared, B×1×H×W or B×3×H×W, uint8 or float in [0, 1]; or whatever :func:`score`
                takes.
            vis: Visible, likewise.
            fused: Fused, likewise.

        Raises:
            DataError: As :func:`score`; tensors are on different devices, or a metric that was
                asked for cannot be computed on theirs.
        """
        self._batches.append(self._scored(ir, vis, fused))

    def __call__(self, ir: Image, vis: Image, fused: Image) -> dict[str, float]:
        """Add a batch, and give the means over it alone."""
        self.update(ir, vis, fused)
        return self._means(_rows(self._batches[-1:], len(self._columns)))

    def compute(self) -> dict[str, float]:
        """The mean of each metric over all images so far on which it is defined.

        Raises:
            FusionBenchError: Nothing was added.
        """
        values = _rows(self._batches, len(self._columns))
        if not len(values):
            raise FusionBenchError("nothing was scored; expected a call of update() before this")
        return self._means(values)

    def values(self) -> pd.DataFrame:
        """The value of each metric for each image so far: a row an image, in their order."""
        import pandas as pd

        return pd.DataFrame(_rows(self._batches, len(self._columns)), columns=self.names)

    def reset(self) -> None:
        """Forget every image."""
        self._batches.clear()

    def torchmetric(self) -> Any:
        """The same metrics as a ``torchmetrics.Metric``, which starts empty.

        It gathers over processes and can be logged; ``compute`` gives a dict of float64 tensors.

        Raises:
            FusionBenchError: torchmetrics is not installed.
        """
        return _adapter(self)

    def __repr__(self) -> str:
        held = sum(len(batch) for batch in self._batches)
        return f"Scorer({', '.join(column.name for column in self._columns)}): {held} images"

    def _means(self, values: F64) -> dict[str, float]:
        return dict(zip(self.names, map(_mean, values.T), strict=True))

    def _scored(self, ir: Image, vis: Image, fused: Image) -> Array:
        """The values of a batch, N×K, on the device of its images."""
        given = {"ir": ir, "vis": vis, "fused": fused}
        devices = {str(one.device) for one in given.values() if is_tensor(one)}
        if devices <= {"cpu"}:
            taken = [take(image, name) for name, image in given.items()]
            return _values(taken, names_of(*reversed(taken)), self._columns, "")
        if len(devices) > 1 or not all(map(is_tensor, given.values())):
            kinds = [str(getattr(one, "device", type(one).__name__)) for one in given.values()]
            raise DataError(
                f"got images in different places ({', '.join(kinds)}); expected ir, vis and fused "
                "on one device"
            )
        return batch_values(ir, vis, fused, self._columns)


def batch_values(ir: Any, vis: Any, fused: Any, columns: Sequence[Column]) -> Any:
    """The value of each column for each image of torch batches, N×K float64 on their device.

    Raises:
        DataError: They are no batches of one size, or a metric needs images on the CPU.
    """
    import torch

    with torch.no_grad(), on_device():
        batch = BatchTriple(
            *(_planes(i, n) for i, n in ((ir, "ir"), (vis, "vis"), (fused, "fused")))
        )
        return torch.stack([column.array(batch) for column in columns], dim=-1)


def _planes(tensor: Any, what: str) -> Any:
    """A tensor as B×C×H×W uint8 with one or three channels."""
    layout = layout_of(tuple(tensor.shape), what)
    levels = tensor_levels(tensor, what)
    if layout == "HW":
        return levels[None, None]
    if layout.endswith("HWC"):
        levels = levels.movedim(-1, -3)
    return levels if levels.ndim == 4 else levels[None]


class BatchTriple:
    """Batches of sources and fused images, B×{1,3}×H×W uint8 tensors on one device.

    What :class:`fusionbench.sources.PairTriple` is for one pair of NumPy images.

    Raises:
        DataError: Numbers or sizes differ.
    """

    def __init__(self, ir: Any, vis: Any, fused: Any) -> None:
        shapes = [(len(one), *one.shape[-2:]) for one in (ir, vis, fused)]
        if len(set(shapes)) > 1:
            got = ", ".join(
                f"{name} {count}×{height}×{width}"
                for name, (count, height, width) in zip(("ir", "vis", "fused"), shapes, strict=True)
            )
            raise DataError(f"numbers or sizes of images differ: {got}; expected them alike")
        self.images = ir, vis, fused
        self._seen: dict[str, tuple[Triple, ...]] = {}

    def seen(self, planes: Seen) -> tuple[Triple, ...]:
        """The triples of single planes to compute a metric of, and to average over."""
        if planes not in self._seen:
            self._seen[planes] = self._triples(planes)
        return self._seen[planes]

    def _triples(self, planes: Seen) -> tuple[Triple, ...]:
        colours = [image.shape[1] == 3 for image in self.images]
        if planes == "luma" or not (colours[2] if planes == "wide" else any(colours)):
            return (_triple([_luma(image) for image in self.images]),)
        channels = [_channels(image) for image in self.images]
        if planes == "wide":
            return (_triple([_beside(three) for three in channels]),)
        return tuple(_triple(three) for three in zip(*channels, strict=True))


def _triple(planes: Sequence[Any]) -> Triple:
    ir, vis, fused = (Plane.of(plane) for plane in planes)
    return Triple(Sources(ir, vis), fused)


def _luma(image: Any) -> Any:
    if image.shape[1] == 1:
        return image[:, 0]
    return weighed(*image.int().unbind(1)).byte()


def _channels(image: Any) -> list[Any]:
    return [image[:, place % image.shape[1]] for place in range(3)]


def _beside(planes: Sequence[Any]) -> Any:
    import torch

    return torch.cat(list(planes), dim=-1)


def _rows(batches: Sequence[Array], columns: int) -> F64:
    """The values of all batches on the host, N×K."""
    found = [np.asarray(one.cpu() if is_tensor(one) else one, np.float64) for one in batches]
    return np.concatenate(found) if found else np.empty((0, columns))


def _mean(values: Any) -> float:
    """The mean as tables have it: over the images that have a value, correctly rounded."""
    known = enumerate(values.tolist())
    return Cell({str(place): value for place, value in known if not math.isnan(value)}).mean


def _adapter(scorer: Scorer) -> Any:
    try:
        from torchmetrics import Metric
    except ImportError as error:
        raise FusionBenchError(
            f"this needs torchmetrics, which is not installed ({error}). Install it with: "
            "pip install torchmetrics; Scorer itself works without"
        ) from error
    import torch

    class FusionMetric(Metric):
        """Fusion metrics for torchmetrics: exact, on 8-bit images, without gradients."""

        is_differentiable = False
        full_state_update = False
        scores: list[torch.Tensor]

        def __init__(self) -> None:
            super().__init__()
            self.add_state("scores", default=[], dist_reduce_fx="cat")

        def update(self, ir: Any, vis: Any, fused: Any) -> None:
            """Score a batch; see :meth:`fusionbench.Scorer.update`."""
            self.scores.append(torch.as_tensor(scorer._scored(ir, vis, fused)))

        def compute(self) -> dict[str, torch.Tensor]:
            """The mean of each metric over all images so far on which it is defined."""
            held = self.scores if isinstance(self.scores, list) else [self.scores]
            means = scorer._means(_rows(held, len(scorer.names)))
            return {name: torch.tensor(mean, dtype=torch.float64) for name, mean in means.items()}

    return FusionMetric()
