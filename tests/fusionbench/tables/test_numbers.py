"""Rounding and ranking."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionbench.tables.numbers import decimals, ranks, rounded, shown


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7.1, 6.9], 4),
        ([9.9999], 4),
        ([10.0, 0.5], 3),
        ([99.9], 3),
        ([100.0, 3.0], 2),
        ([54321.0], 2),
        ([0.5], 4),
        ([0.1], 4),
        ([0.034], 5),
        ([0.00123, 0.0001], 6),
        ([1e-12], 8),
        ([-45.0, 3.0], 3),
        ([0.0], 4),
        ([], 4),
        ([math.inf, math.nan, 12.0], 3),
    ],
)
def test_decimals_of_a_column(values, expected):
    assert decimals(values) == expected


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        (7.12345, 4, "7.1235"),
        (-0.00001, 4, "0.0000"),
        (-1.5, 2, "−1.50"),
        (math.inf, 4, "∞"),
        (-math.inf, 4, "−∞"),
    ],
)
def test_how_a_value_is_shown(value, places, expected):
    assert shown(value, places) == expected


def test_best_and_second():
    assert ranks([1.0, 3.0, 2.0], "higher") == ["", "best", "second"]
    assert ranks([1.0, 3.0, 2.0], "lower") == ["best", "", "second"]


def test_ties_are_all_marked_and_leave_a_second():
    assert ranks([3.0, 3.0, 2.0, 2.0, 1.0], "higher") == ["best", "best", "second", "second", ""]
    assert ranks([3.0, 3.0], "higher") == ["best", "best"]


def test_unranked_values_neither_win_nor_count():
    assert ranks([None, 1.0, 2.0], "higher") == ["", "second", "best"]
    assert ranks([None, 1.0], "higher") == ["", ""]
    assert ranks([], "higher") == []


def test_infinity_ranks_as_a_number():
    assert ranks([math.inf, 60.0, -math.inf], "higher") == ["best", "second", ""]


@given(
    st.lists(st.one_of(st.none(), st.integers(-5, 5).map(float)), max_size=12),
    st.sampled_from(["higher", "lower"]),
)
def test_marks_hold_for_any_column(values, better):
    marks = ranks(values, better)
    known = [v for v in values if v is not None]
    best = {v for v, mark in zip(values, marks, strict=True) if mark == "best"}
    if len(known) < 2:
        assert not any(marks)
        return
    top = max(known) if better == "higher" else min(known)
    assert best == {top}
    assert marks.count("best") == known.count(top)
    rest = [v for v in known if v != top]
    second = (max(rest) if better == "higher" else min(rest)) if rest else None
    assert marks.count("second") == (known.count(second) if rest else 0)


def test_rounding_makes_ties():
    assert rounded(0.12341, 4) == rounded(0.12344, 4) == 0.1234
