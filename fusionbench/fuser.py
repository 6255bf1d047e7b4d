"""Fusing images that a program gives: :func:`fuse`, and :func:`load_method` for many of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fusionbench.errors import DataError, FusionBenchError
from fusionbench.given import Image, Noticed, is_tensor, names_of, sources_of, take
from fusionbench.planning import prepare
from fusionbench.plugins import Method
from fusionbench.request import Request, joined
from fusionbench.seeding import seed_all, seed_of
from fusionbench.selecting import listed
from fusionbench.stages import WrittenColour
from fusionbench.stages.applying import fuse_checked
from fusionbench.stages.preparing import Prepared
from fusionbench.surroundings import kept


class LoadedMethod:
    """A fusion method with its weights in memory: call it with images.

    Attributes:
        name: The method's name.
        label: Its name in tables, which says which weights where there is a choice.
        record: What a run's manifest would say of it: weights with their checksum, options.
        method: The plug-in itself, whose ``fuse`` takes float tensors.
    """

    def __init__(self, prepared: Prepared, seed: int = 0) -> None:
        self.record, self.method, self._seed = prepared.record, prepared.method, seed
        self.name, self.label = prepared.record.name, prepared.record.label
        with kept():
            seed_all(seed)
            self.method.load()

    def __call__(
        self,
        ir: Image,
        vis: Image,
        *,
        colour: WrittenColour = "keep",
        accept: str | Sequence[str] = (),
    ) -> Any:
        """Fuse images; see :func:`fuse`."""
        taken = take(ir, "ir"), take(vis, "vis")
        names = names_of(*reversed(taken))
        checks = listed(joined(accept))
        noticed, made = Noticed(checks), []
        for name, pair in zip(names, sources_of(*taken, names, noticed), strict=True):
            with kept():
                seed_all(seed_of(self._seed, self.name, name))
                made += fuse_checked(
                    self.method,
                    [pair.ir],
                    [pair.vis],
                    colour,
                    accept_range="output-range" in checks,
                )
        noticed.tell()
        return taken[1].back([fused.image for fused in made])

    def __repr__(self) -> str:
        weights = f", weights {self.record.weights.file}" if self.record.weights else ""
        return f"LoadedMethod({self.name!r}: {self.label}{weights}, {self.method.setting.device})"


def load_method(
    name: str | type[Method],
    *,
    device: str = "cpu",
    weights: str | Path | None = None,
    options: Mapping[str, str] | None = None,
    seed: int = 0,
    plugin: str | Path | Sequence[str | Path] = (),
    weights_dir: str | Path | None = None,
    download: bool = False,
) -> LoadedMethod:
    """A fusion method, loaded once for many images.

    Args:
        name: Its name (:func:`fusionbench.methods`), or a class of yours with ``@method``.
        device: A torch device, such as ``cpu`` or ``cuda:0``.
        weights: ``authors``, ``retrained`` or a file, as ``--weights NAME=...`` takes it.
        options: The method's options, such as ``{"colour": "rgb"}``.
        seed: What random numbers of the method depend on, with its name and the image's.
        plugin: Files or folders that hold methods, as ``--plugin`` takes them.
        weights_dir: Folder searched for weight files.
        download: Download published weights that are not here.

    Raises:
        UnknownNameError: There is no such method; near names are suggested.
        FusionBenchError: An option, device or plug-in that is not right.
        WeightsError: The weights are not there, or do not fit.

    Example:
        >>> import numpy as np, fusionbench as fb
        >>> average = fb.load_method("average")
        >>> ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
        >>> average(ramp, ramp.T)[0, :4]
        array([ 0,  8, 17, 26], dtype=uint8)
    """
    called = name if isinstance(name, str) else _card_name(name)
    files = [plugin] if isinstance(plugin, str | Path) else list(plugin)
    request = Request(
        methods=called,
        device=device,
        weights=[f"{called}={weights}"] if weights else None,
        option=[f"{called}.{key}={value}" for key, value in (options or {}).items()],
        plugin=[Path(file) for file in files],
        weights_dir=Path(weights_dir) if weights_dir else None,
        download=download,
    )
    with kept():
        prepared = prepare(request.with_plugins())
    if len(prepared) > 1:
        names = ", ".join(one.record.name for one in prepared)
        raise FusionBenchError(f"'{called}' names {len(prepared)} methods ({names}); expected one")
    return LoadedMethod(prepared[0], seed)


def _card_name(method: type[Method]) -> str:
    if isinstance(method, type) and issubclass(method, Method) and hasattr(method, "card"):
        return method.card.name
    raise FusionBenchError(
        f"got {method!r}; expected a method's name, or a class that @method registered"
    )


def fuse(
    method: str | type[Method] | LoadedMethod,
    ir: Image,
    vis: Image,
    *,
    colour: WrittenColour = "keep",
    accept: str | Sequence[str] = (),
    **loading: Any,
) -> Any:
    """Fuse infrared and visible images: pixel by pixel what ``fusionbench fuse`` writes.

    Images are whatever :func:`score` takes. A method works on 8-bit values, and what it returns is
    clipped to [0, 1] and rounded to 8 bits; a fused luma goes back under the visible chroma.

    Args:
        method: A method's name, a class of yours with ``@method``, or what :func:`load_method`
            gave: loading takes time, and is done at each call otherwise.
        ir: The infrared image, or several; its luma is used.
        vis: The visible one, gray or RGB, or as many.
        colour: ``keep`` the chroma of the visible image, or ``gray``: luma alone.
        accept: Checks whose refused input is let through (``fusionbench list checks``), and
            ``output-range``: clip whatever the method returns.
        loading: What :func:`load_method` takes; ``device`` is that of the visible tensor where it
            is not given.

    Returns:
        The fused image in the kind, layout, type and place of ``vis``: an array, a tensor on its
        device, a PIL image, or a list; float values are levels divided by 255. Of a file's name a
        NumPy array, uint8, H×W or H×W×3.

    Raises:
        DataError: What is given is no image, cannot be told apart from something else, or differs
            in size or number.
        BadOutput: The method returned something that is no fused image.
        FusionBenchError: As :func:`load_method`.

    Example:
        >>> import numpy as np, fusionbench as fb
        >>> ir = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
        >>> vis = np.stack([ir.T, ir.T / 2, ir.T / 4], axis=-1)
        >>> fused = fb.fuse("average", ir, vis)
        >>> fused.shape, fused.dtype
        ((8, 8, 3), dtype('float32'))
    """
    if isinstance(method, LoadedMethod):
        if loading:
            raise DataError(f"got {', '.join(loading)} for a method that is loaded already")
        return method(ir, vis, colour=colour, accept=accept)
    if is_tensor(vis):
        loading = {"device": str(vis.device), **loading}
    return load_method(method, **loading)(ir, vis, colour=colour, accept=accept)
