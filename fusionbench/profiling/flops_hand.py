"""What torch's counter does not know: formulas for more operators, and which do no arithmetic.

``torch.utils.flop_counter`` has formulas for convolutions, products of matrices and attention on a
GPU. Products with a vector, the in-place forms and attention on a CPU count nothing there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

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
