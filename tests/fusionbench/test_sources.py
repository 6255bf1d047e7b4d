"""Planes, sources and triples check what they are given and compute nothing twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fusionbench import Plane, Sources, Triple, images
from fusionbench.sources import PairSources, Seen

SEEN: tuple[Seen, ...] = ("luma", "channels", "wide")
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


GRAY = np.arange(20, dtype=np.uint8).reshape(4, 5)
RGB = np.stack([GRAY, GRAY + 40, GRAY + 90], axis=-1)


def test_gray_images_have_one_plane_under_every_view() -> None:
    triple = PairSources(GRAY, GRAY).triple(GRAY)
    for planes in SEEN:
        (seen,) = triple.seen(planes)
        assert np.array_equal(seen.fused.u8, GRAY)


def test_colour_images_are_seen_as_luma_as_channels_or_wide() -> None:
    triple = PairSources(GRAY, RGB).triple(RGB)
    (luma,) = triple.seen("luma")
    assert np.array_equal(luma.fused.u8, images.luma(RGB))
    channels = triple.seen("channels")
    assert [t.fused.u8[0, 0] for t in channels] == [0, 40, 90]
    assert all(t.ir is channels[0].ir for t in channels), "a gray source is one plane"
    (wide,) = triple.seen("wide")
    assert np.array_equal(wide.fused.u8, np.hstack([GRAY, GRAY + 40, GRAY + 90]))
    (gray,) = PairSources(GRAY, RGB).triple(GRAY).seen("wide")
    assert gray.fused.shape == (4, 5), "a gray fused image is not repeated"


def test_gray_stored_as_rgb_is_one_plane() -> None:
    triple = PairSources(GRAY, np.stack([GRAY] * 3, axis=-1)).triple(GRAY)
    first, second, third = triple.seen("channels")
    assert first.vis is second.vis is third.vis


def test_pairs_refuse_what_is_not_an_8_bit_image_of_one_size() -> None:
    with pytest.raises(ValueError, match="ir is a uint8 image"):
        PairSources(GRAY / 255, GRAY)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="vis is a uint8 image"):
        PairSources(GRAY, RGB[..., :2])
    with pytest.raises(ValueError, match=r"ir \(4, 5\), vis \(3, 5\)"):
        PairSources(GRAY, RGB[:3])
    with pytest.raises(ValueError, match=r"fused \(4, 4\)"):
        PairSources(GRAY, RGB).triple(RGB[:, :4])
