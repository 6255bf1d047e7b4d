"""Conventions supply every parameter, and columns are picked by name, group and convention."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fusionbench import images
from fusionbench.conventions import (
    DEFAULT,
    Column,
    Convention,
    convention_named,
    load_conventions,
    missing_parameters,
    score_images,
    select_columns,
)
from fusionbench.errors import FusionBenchError, UnknownNameError
from fusionbench.registry import METRICS, Entry

PAIRS = [(c, m) for c in load_conventions().values() for m in c.metrics]


@pytest.mark.parametrize(("convention", "metric"), PAIRS, ids=lambda v: getattr(v, "name", v))
def test_a_convention_supplies_exactly_the_parameters(convention: Convention, metric: str) -> None:
    assert missing_parameters(METRICS[metric], convention) == set()


@pytest.mark.parametrize("entry", list(METRICS), ids=lambda e: e.name)
def test_no_metric_hides_a_parameter(entry: Entry[Any]) -> None:
    first, *parameters = inspect.signature(entry.plugin).parameters.values()
    assert first.name == "triple"
    for parameter in parameters:
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY, parameter
        assert parameter.default is inspect.Parameter.empty, parameter


def test_every_metric_is_defined_by_the_default() -> None:
    assert not METRICS.broken
    assert {e.name for e in METRICS} == set(load_conventions()[DEFAULT].metrics)


@pytest.mark.parametrize("convention", load_conventions().values(), ids=lambda c: c.name)
def test_a_convention_says_what_it_reproduces(convention: Convention) -> None:
    assert convention.title and "\n" not in convention.title.strip()
    assert convention.source


def test_two_conventions_stand_side_by_side() -> None:
    names = [c.name for c in select_columns("VIF@tang,VIF@standard")]
    assert names == ["VIF@standard", "VIF@tang"]


def test_conventions_multiply_metrics() -> None:
    names = {c.name for c in select_columns("SSIM,EN", "standard,tang")}
    assert names == {"EN@standard", "SSIM@standard", "EN@tang", "SSIM@tang"}


def test_columns_can_be_dropped() -> None:
    columns = select_columns("all,-EN,-SD@standard")
    assert {"EN", "SD"}.isdisjoint(c.metric for c in columns)
    assert len(columns) == len(load_conventions()[DEFAULT].metrics) - 2


def test_case_does_not_matter() -> None:
    assert [c.name for c in select_columns("ssim@TANG")] == ["SSIM@tang"]


def test_unknown_names_suggest_near_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"convention 'tng'.*tang"):
        convention_named("tng")
    with pytest.raises(UnknownNameError, match=r"metric 'SIM'.*SSIM"):
        select_columns("SIM")


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(FusionBenchError, match="selects no metric"):
        select_columns("EN,-EN")


def test_fingerprints_tell_columns_apart() -> None:
    marks = {Column("SSIM", name).fingerprint() for name in ("standard", "tang")}
    assert len(marks) == 2
    assert Column("SSIM", "tang").fingerprint() in marks


def test_the_six_conventions() -> None:
    names = {"standard", "tang", "tang-legacy", "cddfuse", "vifb", "liu"}
    assert set(load_conventions()) == names


def test_seafusion_is_tang_legacy_and_warns() -> None:
    legacy = convention_named("SeaFusion")
    assert legacy.name == "tang-legacy"
    assert "uint8 saturation" in legacy.warning
    assert not convention_named("standard").warning
    assert [c.name for c in select_columns("SD@seafusion")] == ["SD@tang-legacy"]


def test_a_metric_that_the_convention_lacks_is_an_error() -> None:
    with pytest.raises(FusionBenchError, match="'liu' does not define EN"):
        select_columns("EN@liu")
    assert {c.metric for c in select_columns("all@liu")} == set(load_conventions()["liu"].metrics)


def test_channels_are_averaged_and_spatial_frequency_is_wide() -> None:
    red, green, blue = np.random.default_rng(0).integers(0, 256, (3, 20, 24), dtype=np.uint8)
    rgb, gray = np.stack([red, green, blue], axis=-1), np.full((20, 24), 7, np.uint8)
    columns = [Column(m, "vifb") for m in ("EN", "SF")]
    got = score_images(gray, rgb, rgb, columns)
    each = [score_images(gray, c, c, columns)["EN@vifb"] for c in (red, green, blue)]
    assert got["EN@vifb"] == pytest.approx(np.mean(each), rel=1e-14)
    wide = np.hstack([red, green, blue])
    assert got["SF@vifb"] == score_images(wide, wide, wide, columns)["SF@vifb"]


def test_luma_conventions_take_colour_images_too() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    gray, columns = images.luma(rgb), [Column("EN", "standard"), Column("MI", "standard")]
    assert score_images(gray, rgb, rgb, columns) == score_images(gray, gray, gray, columns)


def test_a_fingerprint_changes_with_the_version_of_the_code(monkeypatch) -> None:
    before = Column("EN", "standard").fingerprint()
    monkeypatch.setattr("fusionbench.conventions.SCORED_BY", 99)
    engine = Column("EN", "standard").fingerprint()
    monkeypatch.setitem(METRICS._entries, "EN", replace(METRICS["EN"], version="99"))
    assert len({before, engine, Column("EN", "standard").fingerprint()}) == 3
