"""Multiply-adds of a method, counted while it runs.

:class:`torch.utils.flop_counter.FlopCounterMode` counts convolutions, products of matrices and
attention from the shapes of their arguments; biases, activations, normalisation, pooling, resizing,
softmax and Fourier transforms count nothing, here and in every published count. What was left out
is listed, by operator, with the number of calls.

Two things are set right while counting: attention on a CPU has no formula in torch, and
``nn.MultiheadAttention`` and ``nn.TransformerEncoderLayer`` take a path in inference that no
counter sees into, which is switched off.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from fusionbench.plugins import Method
from fusionbench.profiling.flops_hand import formulas, is_arithmetic
from fusionbench.profiling.flops_meta import modules_of, on_meta

_FASTPATH = threading.RLock()


@dataclass(frozen=True)
class FlopCount:
    """What one call of a method computes.

    Attributes:
        macs: Multiply-adds of the counted operators.
        bytes_moved: Sizes of the arguments and results of the counted operators, parameters among
            them, in bytes: what would be read and written if nothing else had to be and no cache
            kept anything from one operator to the next. An estimate.
        parameters: Elements of the parameters that took part, each counted once.
        by_operator: Multiply-adds of each operator (``conv2d``, ``linear`` ...).
        by_module: Multiply-adds in each module, those in the modules inside it included.
        uncounted: Calls of each operator that does arithmetic and has no count.
        device: Where the counting ran: ``meta`` (shapes alone), or the method's device.
    """

    macs: int
    bytes_moved: int
    parameters: int
    by_operator: dict[str, int] = field(default_factory=dict)
    by_module: dict[str, int] = field(default_factory=dict)
    uncounted: dict[str, int] = field(default_factory=dict)
    device: str = "meta"

    @property
    def flops(self) -> int:
        """Floating-point operations: two for each multiply-add."""
        return 2 * self.macs


def count(method: Method, ir: Tensor, vis: Tensor, *, meta: bool = True) -> FlopCount | None:
    """Count one call of ``method.fuse``.

    On the meta device a method runs as it would on a GPU, in no time and without memory. This is
    the count to compare with others. On a CPU a method may do more, for instance work in strips
    whose borders overlap; ``meta=False`` counts that. A network that cannot run without values is
    counted on its device in either case.

    Args:
        method: A loaded method, not compiled.
        ir: B×1×H×W in [0, 1], on the method's device.
        vis: B×{1,3}×H×W likewise.
        meta: Whether to try the meta device.

    Returns:
        The count, or None for a method in which nothing is counted: one that computes without
        torch, or by single values only.

    Example:
        >>> count(method, ir, vis).flops  # doctest: +SKIP
    """
    counted = None
    if meta:
        with contextlib.suppress(Exception):
            counted = _count(on_meta(method), ir.to("meta"), vis.to("meta"))
    if counted is None and (modules_of(method) or not meta):
        counted = _count(method, ir, vis)
    return counted if counted and counted.macs else None


def _count(method: Method, ir: Tensor, vis: Tensor) -> FlopCount:
    with counting() as counter, torch.inference_mode():
        method.fuse(ir, vis)
    return counter.result(str(ir.device))


@contextlib.contextmanager
def counting() -> Iterator[Counted]:
    """Count what this thread computes with torch inside the block.

    The fast path of ``nn.MultiheadAttention`` is a switch of the whole process; it is off until the
    block ends, however it ends, and blocks of several threads wait for each other. Operators are
    named as they are called under ``torch.inference_mode``; elsewhere they come in smaller parts.
    """
    with _FASTPATH:
        before = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            counter = FlopCounterMode(display=False, custom_mapping=formulas())
            with counter, Counted(counter) as counted:
                yield counted
        finally:
            torch.backends.mha.set_fastpath_enabled(before)


class Counted(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every operator before torch's counter takes it apart, and asks what it came to."""

    supports_higher_order_operators = True

    def __init__(self, counter: FlopCounterMode) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._counter = counter
        self._macs: Counter[str] = Counter()
        self._uncounted: Counter[str] = Counter()
        self._parameters: dict[int, Tensor] = {}
        self._bytes = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operator and note its name, count and arguments."""
        before = self._total()
        result = func(*args, **(kwargs or {}))
        macs = (self._total() - before) // 2
        name = _name(func)
        given = _tensors((args, kwargs))
        self._parameters |= {id(t): t for t in given if isinstance(t, nn.Parameter)}
        if macs:
            self._macs[name] += macs
            self._bytes += sum(_size(t) for t in (*given, *_tensors(result)))
        elif is_arithmetic(name):
            self._uncounted[name] += 1
        return result

    def _total(self) -> int:
        return int(self._counter.get_total_flops())

    def result(self, device: str) -> FlopCount:
        """The counts so far."""
        counts = self._counter.get_flop_counts().items()
        modules = {name: sum(by.values()) // 2 for name, by in counts if name != "Global"}
        return FlopCount(
            macs=self._total() // 2,
            bytes_moved=self._bytes,
            parameters=sum(p.numel() for p in self._parameters.values()),
            by_operator=dict(self._macs.most_common()),
            by_module={name: macs for name, macs in sorted(modules.items()) if macs},
            uncounted=dict(sorted(self._uncounted.items())),
            device=device,
        )


def _name(func: Any) -> str:
    """``conv2d`` for ``aten::conv2d.default``; other libraries' operators keep their prefix."""
    schema = getattr(func, "_schema", None)
    return str(schema.name if schema else func).removeprefix("aten::")


def _tensors(values: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]


def _size(tensor: Tensor) -> int:
    """Bytes of the elements that a tensor has; an expanded axis is read once."""
    elements = 1
    for length, stride in zip(tensor.shape, tensor.stride(), strict=True):
        elements *= length if stride else 1
    return elements * tensor.element_size()
