"""A request is the same plan from the command line, a suite and a program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from fusionbench.boxes import Thresholds
from fusionbench.cli.options import OPTIONS
from fusionbench.detection.finetuning import Schedule
from fusionbench.errors import FusionBenchError, UnknownNameError
from fusionbench.planning import carry_out, open_data, open_one, plan, plan_to_profile
from fusionbench.profiling.settings import Effort
from fusionbench.request import ProfileRequest, Request
from fusionbench.runs import Run
from fusionbench.suites.schema import SuiteDetection

SMALL = Request(methods="average,ir", metrics="EN", convention="standard", limit=2, workers=1)


def test_every_field_has_an_option_and_every_option_a_field() -> None:
    assert {field.name for field in fields(ProfileRequest)} == set(OPTIONS)


def test_defaults_are_those_of_what_they_fill() -> None:
    asked, thresholds, schedule = Request(), Thresholds(), Schedule.model_validate({})
    assert (asked.conf, asked.iou, asked.max_det) == (
        thresholds.score, thresholds.overlap, thresholds.most
    )  # fmt: skip
    assert (asked.epochs, asked.train_size, asked.train_batch) == (
        schedule.epochs, schedule.size, schedule.batch
    )  # fmt: skip
    suite = SuiteDetection()
    assert (suite.score, suite.overlap, suite.most, suite.resamples) == (
        asked.conf, asked.iou, asked.max_det, asked.bootstrap
    )  # fmt: skip
    effort = Effort()
    assert (ProfileRequest().calls, ProfileRequest().seconds) == (effort.calls, effort.seconds)


def test_a_program_gets_what_the_command_line_gets(
    cli: Callable[..., SimpleNamespace], tmp_path: Path
) -> None:
    here = carry_out(plan(replace(SMALL, out=tmp_path / "here")))
    asked = ("--methods", "average,ir", "--metrics", "EN", "--limit", 2, "--workers", 1)
    done = cli("run", *asked, "--out", tmp_path / "there", "--no-figures", "--no-html")
    assert done.code == 0, done.err
    there = Run(tmp_path / "there")
    for method in ("average", "ir"):
        rows = here.scores("sample", method)
        assert len(rows) == 2 and rows == there.scores("sample", method)
    kept = [dict(run.manifest.configuration) for run in (here, there)]
    assert kept[1].pop("figures") is False and kept[1].pop("html") is False
    assert {k: v for k, v in kept[0].items() if k != "out"} == {
        k: v for k, v in kept[1].items() if k != "out"
    }


def test_only_choices_are_recorded() -> None:
    assert Request().recorded() == {}
    asked = Request(colour="gray", plugin=[Path("a/b.py")], detect=False)
    assert asked.recorded() == {"colour": "gray", "plugin": [str(Path("a/b.py"))]}


def test_what_takes_one_data_set_refuses_two(pair_folders: Callable[..., Path]) -> None:
    root = pair_folders(2).parent
    two = Request(dataset="TNO,sample", data_root=root)
    assert [found.name for found in open_data(two)] == ["TNO", "sample"]
    with pytest.raises(FusionBenchError, match="names 2 data sets"):
        open_one(two)
    with pytest.raises(FusionBenchError, match="--ir and --vis go together"):
        open_data(Request(ir=root))


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"scope": ["modle"]}, UnknownNameError, "model"),
        ({"size": ["640"]}, FusionBenchError, "640"),
        ({"compare_profiler": True}, FusionBenchError, "needs a CUDA --device"),
        ({"dataset": "TNO,MSRS"}, FusionBenchError, "data sets|TNO"),
    ],
)
def test_a_profile_is_planned_before_anything_is_written(asked, error, said, tmp_path) -> None:
    with pytest.raises(error, match=said):
        plan_to_profile(ProfileRequest(methods="average", out=tmp_path / "out", **asked))
    assert not (tmp_path / "out").exists()


def test_a_profile_takes_what_was_asked_for(tmp_path) -> None:
    asked = ProfileRequest(methods="average", out=tmp_path, scope=["end-to-end", "model"], amp=True)
    settings = plan_to_profile(asked).settings
    assert settings.scopes == ("model", "end_to_end") and settings.variants == ("fp32", "amp")


def test_a_run_and_a_folder_are_not_scored_at_once(tmp_path) -> None:
    with pytest.raises(FusionBenchError, match="--fused DIR"):
        plan(replace(SMALL, run=tmp_path, fused=tmp_path))
