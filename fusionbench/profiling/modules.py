"""Which modules run inside ``Method.fuse``, found with forward hooks; no plug-in has to say so.

The scope ``model`` is the forward passes of the *outermost* modules that run: those that no other
module calls. Their arguments, tensors on the device, are kept during one call of ``Method.fuse``,
and the same passes are made again for timing, without what the method does before, between and
after them. Nearly always that is one network and one pass; a method that calls an encoder for
each image and then a decoder has three. A method in which no module runs has no model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from fusionbench.errors import FusionBenchError
from fusionbench.profiling.records import Deviation, DeviceKind, Variant

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Pass:
    """One forward pass: a module and what it was given."""

    module: nn.Module
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]

    def __call__(self) -> Any:
        """Make the pass again."""
        return self.module(*self.arguments, **self.keywords)


@dataclass
class Observed:
    """What ran during a call.

    Attributes:
        passes: Forward passes of outermost modules, in order.
        used: Every parameter that an operator was given, by identity, with its size. Hooks alone
            would miss weights that a module reads from another module which itself never runs, as
            attention does with its output projection.
    """

    passes: list[Pass] = field(default_factory=list)
    used: dict[int, int] = field(default_factory=dict)

    @property
    def outermost(self) -> list[nn.Module]:
        """The outermost modules, each once."""
        return list({id(p.module): p.module for p in self.passes}.values())

    @property
    def parameters(self) -> int | None:
        """How many parameters took part, each counted once; None where no module ran."""
        return sum(self.used.values()) if self.passes else None

    def replay(self) -> None:
        """Make every pass again, in order."""
        for one in self.passes:
            one()


class _Parameters(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes the parameters that operators are given."""

    def __init__(self, used: dict[int, int]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.used = used

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        for given in tree_leaves((args, kwargs or {})):
            if isinstance(given, nn.Parameter):
                self.used[id(given)] = given.numel()
        return func(*args, **(kwargs or {}))


def observe(call: Callable[[], object]) -> Observed:
    """Make a call and see which modules run in it; compiled modules must not be among them."""
    seen = Observed()
    depth = 0

    def enter(module: nn.Module, arguments: object) -> None:
        nonlocal depth
        depth += 1

    def leave(module: nn.Module, arguments: Any, *rest: Any) -> None:
        nonlocal depth
        depth -= 1
        if depth == 0 and len(rest) == 2:  # keywords and output; a pass that raised has no output
            seen.passes.append(Pass(module, arguments, rest[0]))

    hooks = (
        register_module_forward_pre_hook(enter),
        register_module_forward_hook(leave, with_kwargs=True, always_call=True),
    )
    try:
        with torch.inference_mode(), _Parameters(seen.used):
            call()
    finally:
        for hook in hooks:
            hook.remove()
    return seen


class _HostCopies(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notices whole images that leave another device for the CPU."""

    def __init__(self, pixels: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.pixels, self.found = pixels, False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.is_cpu and result.numel() >= self.pixels:
            self.found |= any(isinstance(a, torch.Tensor) and not a.is_cpu for a in args)
        return result


def computes_on_host(call: Callable[[], object], pixels: int) -> bool:
    """Whether a call copies as much as an image from another device to the CPU.

    A method that does computes there, and its time is a CPU's, wherever its images came from.

    Args:
        call: One call of ``Method.fuse`` with tensors that are not on the CPU.
        pixels: Of one image.
    """
    with _HostCopies(pixels) as mode:
        call()
    return bool(mode.found)


RESHAPING: tuple[Variant, ...] = ("channels-last", "compile")
"""Variants that change modules, which have to be observed first."""


@contextmanager
def precision(variant: Variant, kind: DeviceKind) -> Iterator[None]:
    """Inference mode in the arithmetic of a variant.

    TF32 is off but for ``tf32`` (PyTorch would have it on for convolutions). ``amp`` is autocast
    to float16 on CUDA and to bfloat16 on a CPU, PyTorch's defaults.
    """
    import torch

    tf32 = variant == "tf32"
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    try:
        with torch.inference_mode(), torch.autocast(kind, enabled=variant == "amp"):
            yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def reshape(variant: Variant, modules: Iterable[nn.Module]) -> None:
    """Change modules in place as a variant asks: memory layout, or compilation."""
    import torch

    for module in modules:
        if variant == "channels-last":
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        elif variant == "compile":
            module.compile()


def check_variants(variants: Iterable[Variant], device: str) -> None:
    """Raise where a variant means nothing on a device.

    Raises:
        FusionBenchError: ``tf32`` without CUDA.
    """
    if "tf32" in variants and not device.startswith("cuda"):
        raise FusionBenchError(f"--tf32 is an arithmetic of CUDA GPUs; --device is {device}")


def deviation(output: Tensor, reference: Tensor) -> Deviation:
    """The largest difference between two fused images, B×C×H×W.

    Raises:
        ValueError: The variant's output is not finite.
    """
    a, b = (x.detach().to("cpu").double() for x in (output, reference))
    if not bool(a.isfinite().all()):
        raise ValueError("the variant's output is not finite (NaN or infinity)")
    a, b = a.clamp(0, 1), b.clamp(0, 1)
    levels = ((a * 255).round() - (b * 255).round()).abs().max()
    return Deviation(absolute=float((a - b).abs().max()), levels=int(levels))
