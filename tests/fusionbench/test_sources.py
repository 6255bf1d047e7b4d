"""Planes, sources and triples check what they are given and compute nothing twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fusionbench import Plane, Sources, Triple

IMAGE = np.arange(12, dtype=np.uint8).reshape(3, 4)


@pytest.mark.parametrize(
    "bad",
    [np.zeros((3, 4, 3), np.uint8), np.zeros((0, 4), np.uint8), np.zeros((3, 4)), np.uint8(3)],
)
def test_plane_refuses_what_is_not_an_8_bit_plane(bad: Any) -> None:
    with pytest.raises(ValueError, match="plane is"):
        Plane(bad)


def test_a_batch_is_asked_for_by_name() -> None:
    assert Plane.of(np.stack([IMAGE, IMAGE])).shape == (2, 3, 4)
    with pytest.raises(ValueError, match="B×H×W"):
        Plane.of(IMAGE)


def test_sizes_must_agree() -> None:
    with pytest.raises(ValueError, match="ir \\(3, 4\\), vis \\(3, 3\\)"):
        Sources(IMAGE, IMAGE[:, :3])
    with pytest.raises(ValueError, match="fused \\(2, 4\\)"):
        Triple(Sources(IMAGE, IMAGE), IMAGE[:2])


def test_float_views_are_exact_and_read_only() -> None:
    plane = Plane(IMAGE)
    assert plane.f64.dtype == np.float64
    assert np.array_equal(plane.f64, IMAGE)
    assert plane.offset == 6
    assert np.array_equal(plane.centred, IMAGE - 6.0)
    with pytest.raises(ValueError, match="read-only"):
        plane.f64[0, 0] = 1.0


def test_a_plane_is_contiguous_whatever_it_was_made_of() -> None:
    assert Plane(IMAGE.T).u8.flags.c_contiguous


def test_nothing_is_computed_twice() -> None:
    calls: list[tuple[Any, ...]] = []

    def alone(plane: Plane, factor: int) -> int:
        calls.append((plane, factor))
        return factor

    def together(source: Plane, fused: Plane) -> tuple[Plane, Plane]:
        calls.append((source, fused))
        return source, fused

    triple = Triple(Sources(IMAGE, IMAGE), IMAGE)
    assert [triple.ir.remember(alone, f) for f in (2, 2, 3)] == [2, 2, 3]
    assert len(calls) == 2
    assert triple.both(together) == triple.both(together)
    assert len(calls) == 4
    again = Triple(triple.sources, IMAGE)
    again.both(together)
    assert len(calls) == 6, "another fused image is another triple"


def test_sources_share_their_planes_between_methods() -> None:
    sources = Sources(IMAGE, IMAGE)
    assert Triple(sources, IMAGE).ir is Triple(sources, IMAGE).ir
    assert sources.remember(id) == id(sources)
