"""The score stage: run and score agree to the last digit, nothing is computed twice."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fusionbench import Sources, Triple
from fusionbench.checks import Findings
from fusionbench.checks.fused import Look
from fusionbench.conventions import Column, select_columns
from fusionbench.datasets import check_pairs, open_dataset
from fusionbench.images import luma, read_image, write_png
from fusionbench.runs import Run, read_rows
from fusionbench.stages.collecting import collect
from fusionbench.stages.fusing import fuse
from fusionbench.stages.preparing import prepare_methods
from fusionbench.stages.scoring import score

COLUMNS = select_columns("EN,SD,SSIM")


@pytest.fixture
def fused(tmp_path, pair_folders):
    dataset = check_pairs(open_dataset("TNO", pair_folders(3)))
    run = Run(tmp_path / "run")
    prepared = prepare_methods("average,visible")
    for each in prepared:
        fuse(run, each, dataset)
    return run, dataset, [p.record for p in prepared]


def rows_of(run: Run, method: str = "average") -> list[dict]:
    return list(read_rows(run.score_rows("TNO", method)))


def test_values_are_those_of_the_saved_image(fused) -> None:
    run, dataset, methods = fused
    assert score(run, dataset, methods, COLUMNS).errors == 0
    for pair in dataset.pairs:
        sources = Sources(luma(read_image(pair.ir)), luma(read_image(pair.vis)))
        saved = read_image(run.fused_image(dataset, methods[0], pair))
        row = run.scores("TNO", "average")[pair.id]
        for column in COLUMNS:
            assert row["values"][column.name] == column.value(Triple(sources, luma(saved)))


def test_somebody_elses_copy_of_the_images_scores_the_same(fused, tmp_path) -> None:
    run, dataset, methods = fused
    score(run, dataset, methods, COLUMNS)
    folder = run.root / "fused" / "TNO" / "average"
    collected = collect({"theirs": folder}, dataset)
    other = Run(tmp_path / "other")
    score(other, collected.dataset, collected.methods, COLUMNS)
    ours, theirs = run.scores("TNO", "average"), other.scores("TNO", "theirs")
    assert {p: r["values"] for p, r in ours.items()} == {p: r["values"] for p, r in theirs.items()}


def test_processes_give_the_same_as_one(fused, tmp_path) -> None:
    run, dataset, methods = fused
    score(run, dataset, methods, COLUMNS, workers=2)
    parallel = rows_of(run)
    score(run, dataset, methods, COLUMNS, workers=1, overwrite="always")
    assert rows_of(run)[3:] == parallel


def test_scored_once(fused) -> None:
    run, dataset, methods = fused
    assert score(run, dataset, methods, COLUMNS).images == 6
    assert score(run, dataset, methods, COLUMNS).images == 0
    assert len(rows_of(run)) == 3


def test_a_new_metric_joins_the_old_ones(fused) -> None:
    run, dataset, methods = fused
    score(run, dataset, methods, COLUMNS)
    score(run, dataset, methods, select_columns("MI"))
    assert len(rows_of(run)) == 6
    newest = run.scores("TNO", "average")["0"]
    assert set(newest["values"]) == {c.name for c in COLUMNS} | {"MI@standard"}


def test_a_changed_image_is_scored_again_and_loses_its_old_values(fused) -> None:
    run, dataset, methods = fused
    score(run, dataset, methods, COLUMNS)
    path = run.fused_image(dataset, methods[0], dataset.pairs[1])
    write_png(path, 255 - read_image(path))
    score(run, dataset, methods, select_columns("EN"))
    assert len(rows_of(run)) == 4
    assert set(run.scores("TNO", "average")["1"]["values"]) == {"EN@standard"}


def test_changed_code_or_parameters_are_scored_again(fused, monkeypatch) -> None:
    run, dataset, methods = fused
    score(run, dataset, methods, COLUMNS)
    monkeypatch.setattr(Column, "fingerprint", lambda self: "another")
    score(run, dataset, methods, COLUMNS, overwrite="missing")
    assert len(rows_of(run)) == 3
    score(run, dataset, methods, COLUMNS)
    assert len(rows_of(run)) == 6


def test_a_metric_that_raises_loses_its_cell_only(fused, monkeypatch) -> None:
    run, dataset, methods = fused
    honest = Column.value

    def value(self, *args):
        if self.metric == "SD":
            raise FloatingPointError("boom")
        return honest(self, *args)

    monkeypatch.setattr(Column, "value", value)
    assert score(run, dataset, methods, COLUMNS).errors == 6
    row = run.scores("TNO", "average")["0"]
    assert row["errors"] == {"SD@standard": "FloatingPointError: boom"}
    assert set(row["values"]) == {"EN@standard", "SSIM@standard"}
    monkeypatch.setattr(Column, "value", honest)
    assert score(run, dataset, methods, COLUMNS).errors == 0
    assert run.scores("TNO", "average")["0"]["errors"] == {}


def test_an_image_that_went_missing_is_left_out(fused) -> None:
    run, dataset, methods = fused
    run.fused_image(dataset, methods[0], dataset.pairs[0]).unlink()
    score(run, dataset, methods, COLUMNS)
    assert set(run.scores("TNO", "average")) == {"1", "2"}


def test_nan_is_kept_as_nan(tmp_path, pair_folders) -> None:
    folder = pair_folders(1)
    write_png(folder / "ir" / "0.png", np.full((48, 64), 9, np.uint8))
    write_png(folder / "vi" / "0.png", np.full((48, 64), 10, np.uint8))
    dataset = check_pairs(open_dataset("TNO", folder), Findings(["constant-source"]))
    run = Run(tmp_path / "run")
    (prepared,) = prepare_methods("average")
    fuse(run, prepared, dataset)
    score(run, dataset, [prepared.record], select_columns("VIF"))
    value = run.scores("TNO", "average")["0"]["values"]["VIF@standard"]
    assert math.isnan(float(value))


def test_a_look_that_is_there_already_is_taken_where_the_image_is_the_same(fused) -> None:
    run, dataset, methods = fused
    score(run, dataset, methods, COLUMNS)
    rows = run.scores("TNO", "average")
    look = Look.from_row(rows["0"]["look"])
    assert look is not None
    given = replace(look, levels=7)
    for sha256, levels in ((rows["0"]["fused"], 7), ("another", look.levels)):
        known = {"average": {"0": (sha256, given)}}
        score(run, dataset, methods, COLUMNS, looks=known, overwrite="always")
        assert run.scores("TNO", "average")["0"]["look"]["levels"] == levels


def test_sources_that_were_changed_since_give_no_number(fused) -> None:
    run, dataset, methods = fused
    write_png(Path(dataset.pairs[1].ir), np.random.default_rng(7).integers(0, 255, (48, 64), "u1"))
    assert score(run, dataset, methods, COLUMNS).errors == 2 * len(COLUMNS)
    rows = run.scores("TNO", "average")
    assert rows["0"]["errors"] == {} and rows["1"]["values"] == {}
    assert "is not what it was when the run was made" in rows["1"]["errors"]["EN@standard"]
