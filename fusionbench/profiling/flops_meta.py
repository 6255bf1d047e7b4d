"""A method whose tensors have shapes and no values, so that counting it takes no time or memory."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from fusionbench.plugins import Method


def modules_of(value: Any) -> list[nn.Module]:
    """The networks that an object holds in its attributes, also inside lists, tuples and dicts."""
    return [part for part in _parts(vars(value)) if isinstance(part, nn.Module)]


def on_meta(method: Method) -> Method:
    """A copy of a loaded method on torch's meta device.

    Parameters keep their names and sharing; no value is copied. The method itself is not touched.
    """
    instead: dict[int, Any] = {}
    for part in _parts(vars(method)):
        for tensor in _tensors(part):
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


def _tensors(part: nn.Module | Tensor) -> Iterator[Tensor]:
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
