"""Multiply-adds of a method, counted while it runs.

:class:`torch.utils.flop_counter.FlopCounterMode` counts convolutions, products of matrices and
attention from the shapes of their arguments; biases, activations, normalisation, pooling, resizing,
softmax and Fourier transforms count nothing, here and in every published count. What was left out
is listed, by operator, with the number of calls.

Two things are set right while counting: attention on a CPU has no formula in torch, and
``nn.MultiheadAttention`` and ``nn.TransformerEncoderLayer`` take a path in inference that no
counter sees into, which is switched off. A method is counted on torch's meta device, where tensors
have shapes and no values, so that it takes no time or memory.
"""

from __future__ import annotations

import contextlib
import copy
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from fusionbench.plugins import Method

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


Shape = list[int]
Formula = Callable[..., int]


def attention(query: Shape, key: Shape, value: Shape, *_: Any, **__: Any) -> int:
    """Scaled dot product attention, B×heads×tokens×width: Q Kᵀ and its product with V."""
    batch, heads, tokens, width = query
    return 2 * batch * heads * tokens * key[2] * (width + value[3])


def dot(a: Shape, *_: Any, **__: Any) -> int:
    """Inner product of two vectors: one multiply-add for each element."""
    return 2 * math.prod(a)


def addmv(_bias: Shape, matrix: Shape, *_: Any, **__: Any) -> int:
    """``bias + matrix @ vector``; the addition is not counted, as in ``addmm``."""
    return dot(matrix)


def addbmm(_bias: Shape, a: Shape, b: Shape, *_: Any, **__: Any) -> int:
    """``bias + sum of a[i] @ b[i]``."""
    return addmm(_bias, a, b)


def addmm(_bias: Shape, a: Shape, b: Shape, *_: Any, **__: Any) -> int:
    """``bias + a @ b``, of matrices or of batches of them."""
    return 2 * math.prod(a) * b[-1]


def formulas() -> dict[Any, Formula]:
    """Operators and what they cost, 2 for each multiply-add, from the shapes of their arguments."""
    aten = torch.ops.aten
    return {
        aten._scaled_dot_product_flash_attention_for_cpu: attention,
        aten._scaled_dot_product_fused_attention_overrideable: attention,
        aten.dot: dot,
        aten.vdot: dot,
        aten.mv: dot,
        aten.addmv: addmv,
        aten.addmv_: addmv,
        aten.addbmm: addbmm,
        aten.addbmm_: addbmm,
        aten.addmm_: addmm,
        aten.baddbmm_: addmm,
    }


_MOVEMENT = """
alias arange as_strided atleast_1d atleast_2d atleast_3d broadcast_tensors broadcast_to cat
channel_shuffle chunk clone column_stack concat concatenate constant_pad_nd contiguous copy
copy_ detach detach_ diag diag_embed diagonal dsplit dstack empty empty_like empty_permuted
empty_strided expand expand_as expand_copy eye fill fill_ flatten flip fliplr flipud full
full_like gather hsplit hstack im2col index index_copy index_copy_ index_put index_put_
index_select is_inference item lift lift_fresh lift_fresh_copy linspace masked_fill
masked_fill_ masked_select meshgrid moveaxis movedim narrow new_empty new_empty_strided
new_full new_ones new_zeros nonzero numpy_T one_hot ones ones_like pad permute pixel_shuffle
pixel_unshuffle positive rand rand_like randint randn randn_like ravel reflection_pad1d
reflection_pad2d reflection_pad3d repeat repeat_interleave replication_pad1d replication_pad2d
replication_pad3d reshape reshape_as resize_ resolve_conj resolve_neg roll rot90 scalar_tensor
scatter scatter_ select select_scatter set_ slice slice_scatter split split_with_sizes squeeze
squeeze_ stack swapaxes swapdims t take take_along_dim tensor_split tile to transpose tril triu
type_as unbind unflatten unfold unsafe_chunk unsafe_split unsafe_split_with_sizes unsqueeze
unsqueeze_ view view_as view_as_complex view_as_real vsplit vstack where zero_ zeros zeros_like
_conj _local_scalar_dense _neg_view _reshape_alias _reshape_copy _shape_as_tensor _to_copy
_unsafe_index _unsafe_view real imag conj device layout
"""
MOVEMENT = frozenset(_MOVEMENT.split())
"""Operators that lay values out anew, choose among them or write constants."""


def is_arithmetic(name: str) -> bool:
    """Whether an operator computes: what is not known to move values only is taken to compute."""
    return name not in MOVEMENT


def modules_of(value: Any) -> list[nn.Module]:
    """The networks that an object holds in its attributes, also inside lists, tuples and dicts."""
    return [part for part in _parts(vars(value)) if isinstance(part, nn.Module)]


def on_meta(method: Method) -> Method:
    """A copy of a loaded method on torch's meta device.

    Parameters keep their names and sharing; no value is copied. The method itself is not touched.
    """
    instead: dict[int, Any] = {}
    for part in _parts(vars(method)):
        for tensor in _tensors_of(part):
            instead[id(tensor)] = _hollow(tensor)
    twin = copy.copy(method)
    for name, value in vars(method).items():
        if any(True for _ in _parts(value)):
            setattr(twin, name, copy.deepcopy(value, instead))
    twin.setting = replace(method.setting, device="meta")
    return twin


def _parts(value: Any) -> Iterator[Any]:
    """The modules and tensors in a value, not looking into either."""
    if isinstance(value, nn.Module | Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _parts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _parts(item)


def _tensors_of(part: nn.Module | Tensor) -> Iterator[Tensor]:
    if isinstance(part, Tensor):
        yield part
        return
    yield from part.parameters()
    yield from part.buffers()
    for module in part.modules():
        yield from (value for value in vars(module).values() if isinstance(value, Tensor))


def _hollow(tensor: Tensor) -> Tensor:
    empty = torch.empty_like(tensor, device="meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(empty, requires_grad=tensor.requires_grad)
    return empty
