"""The variants of a method: each changes one thing, and is compared with plain fp32."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fusionbench.errors import FusionBenchError
from fusionbench.profiling.records import Deviation, DeviceKind, Variant

if TYPE_CHECKING:
    from torch import Tensor, nn

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
