"""The driver: order, resuming, failures, the drift check; and one real fresh process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fusionbench.errors import FusionBenchError
from fusionbench.pipeline import Plan
from fusionbench.profiling import running, worker
from fusionbench.profiling.ceilings import Ceilings, read_ceilings
from fusionbench.profiling.measuring import measure
from fusionbench.profiling.records import (
    MANIFEST,
    ScopeTimes,
    Size,
    Verdict,
    profile_path,
    read_profile,
    read_profiles,
)
from fusionbench.profiling.running import ProfilePlan, check, profile, shuffled
from fusionbench.profiling.settings import Effort, ProfileSettings, Reply, Request
from fusionbench.profiling.timing import statistics
from fusionbench.registry import METHODS, PLUGIN_VARIABLE, add_plugin_files
from fusionbench.runs import Run
from fusionbench.stages.preparing import prepare_methods

SMALL = Size(width=64, height=48)
QUICK = Effort(warmup_calls=2, warmup_s=0, calls=3, least=3)
NAMES = ["average", "laplacian", "maximum", "visible"]

TINY = """
import torch
from fusionbench import Method, method

@method("tiny-network", title="Tiny", family="test")
class Tiny(Method):
    def load(self):
        self.network = torch.nn.Conv2d(2, 1, 3, padding=1).to(self.setting.device).eval()

    def fuse(self, ir, vis):
        return torch.sigmoid(self.network(torch.cat([ir, vis], 1)))
"""


class Answers:
    """Answers requests without a process; remembers them."""

    def __init__(self, *, failing=(), hosts=(), networks=(), medians=None) -> None:
        self.asked: list[Request] = []
        self.failing, self.hosts, self.networks = failing, hosts, networks
        self.medians = medians or iter(range(100, 10_000))

    def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        if request.method in self.failing:
            return Reply(row=request.failed("ValueError: no", "Traceback ..."))
        if request.method in self.hosts and request.settings.device != "cpu":
            return Reply(on_host=True)
        row = request.row("fake")
        samples = [float(next(self.medians))] * 3
        row.scopes["method"] = ScopeTimes(
            wall_ms=statistics(samples),
            device_ms=None,
            wall_samples_ms=samples,
            device_samples_ms=None,
            warmup_calls=2,
            warmup_s=0.0,
        )
        if request.method in self.networks:
            row.modules, row.flops = ["Net"], {"macs": 1, "flops": 2}
        row.verdict = Verdict(light="green")
        return Reply(row=row)

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        return [(r.method, str(r.size), r.variant) for r in self.asked]


def plan(out: Path, answers: Answers, names=NAMES, **choices) -> ProfilePlan:
    settings = {"sizes": (SMALL,), "threads": 1, "effort": QUICK, "seed": 5}
    overwrite = choices.pop("overwrite", "changed")
    return ProfilePlan(
        prepare_methods(",".join(names)),
        ProfileSettings(**{**settings, **choices}),
        out,
        overwrite=overwrite,
        asking=answers,
    )


def test_the_order_is_shuffled_stored_and_ends_with_the_first(tmp_path: Path) -> None:
    answers = Answers()
    assert profile(plan(tmp_path, answers)) == []
    manifest, profiles = read_profiles(tmp_path)
    asked = [request.method for request in answers.asked]
    assert asked == [*manifest.order, manifest.order[0]]
    assert sorted(manifest.order) == sorted(NAMES) and manifest.seed == 5
    assert [p.method for p in profiles] == NAMES
    assert [p.rows[0].position for p in profiles] == [manifest.order.index(n) for n in NAMES]
    assert manifest.drift is not None
    assert (manifest.drift.first_ms, manifest.drift.again_ms) == (100, 104)
    assert manifest.drift.share == pytest.approx(0.04)
    assert answers.asked[-1].settings.scopes == ("method",)


def test_a_seed_gives_an_order_whatever_the_order_of_the_names() -> None:
    names = [str(n) for n in range(12)]
    assert shuffled(names, 1) == shuffled(names[::-1], 1) != shuffled(names, 2)
    assert shuffled(names, 1) != sorted(names) and set(shuffled(names, 1)) == set(names)


def test_a_failing_method_loses_its_rows_only(tmp_path: Path) -> None:
    failing = shuffled(NAMES, 5)[0]
    failed = profile(plan(tmp_path, Answers(failing=[failing])))
    assert len(failed) == 1 and failing in failed[0] and "ValueError: no" in failed[0]
    manifest, profiles = read_profiles(tmp_path)
    errors = {p.method: p.rows[0].error for p in profiles}
    assert errors.pop(failing) == "ValueError: no"
    assert set(errors.values()) == {None} and len(errors) == 3
    assert manifest.drift is not None and manifest.drift.method == manifest.order[1]


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    profile(plan(tmp_path, Answers(failing=["visible"])))
    again = Answers()
    profile(plan(tmp_path, again))
    assert again.rows[0] == ("visible", "64x48", "fp32")
    assert {name for name, _, _ in again.rows} == {"visible"}
    manifest, _ = read_profiles(tmp_path)
    assert len(manifest.earlier) == 1
    for choice in ({"threads": 2}, {"seed": 6}, {"overwrite": "always"}):
        other = Answers()
        profile(plan(tmp_path, other, ["average", "visible"], **choice))
        assert len({name for name, _, _ in other.rows}) == 2, choice
    kept = Answers()
    profile(plan(tmp_path, kept, threads=7, overwrite="never"))
    assert kept.rows == []
    assert len(read_profiles(tmp_path)[1]) == 4


def test_sizes_and_variants_are_rows_of_their_own(tmp_path: Path) -> None:
    big = Size(width=80, height=64)
    answers = Answers(networks=["average"])
    choices = {"sizes": (big, SMALL), "variants": ("channels-last", "amp")}
    profile(plan(tmp_path, answers, ["average", "visible"], **choices))
    rows = read_profile(profile_path(tmp_path, "average")).rows
    variants = ("fp32", "amp", "channels-last")
    expected = [(size, variant) for size in ("64x48", "80x64") for variant in variants]
    assert [(str(r.size), r.variant) for r in rows] == expected
    assert [r.variant for r in read_profile(profile_path(tmp_path, "visible")).rows] == ["fp32"] * 2


def test_a_method_that_computes_on_the_host_is_measured_on_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = {"device": "cuda", "gpu": "Fake", "processor": "Fake"}
    monkeypatch.setattr("fusionbench.profiling.running.describe", lambda device: machine)
    answers = Answers(hosts=["laplacian"])
    profile(plan(tmp_path, answers, ["average", "laplacian"], device="cuda"))
    _, profiles = read_profiles(tmp_path)
    assert {p.method: p.rows[0].device_kind for p in profiles} == {
        "average": "cuda",
        "laplacian": "cpu",
    }


def test_the_check_measures_three_times_and_tells_the_spread(tmp_path: Path) -> None:
    answers = Answers(medians=iter([10, 50, 12, 55, 11, 60]))
    report = check(plan(tmp_path, answers, ["average", "visible"]))
    first, second = report.repeated
    assert first.medians_ms == [10, 12, 11] and second.medians_ms == [50, 55, 60]
    assert first.spread == pytest.approx(0.2) and second.spread == pytest.approx(0.2)
    assert [request.method for request in answers.asked] == [first.method, second.method] * 3
    assert json.loads((tmp_path / "check.json").read_text())["repeated"][0]["clock"] == "wall"


def request_for(name: str, tmp_path: Path, **choices) -> Request:
    answers = Answers()
    profile(plan(tmp_path / "asked", answers, [name], **choices))
    from fusionbench.profiling.scopes import make_inputs

    inputs = make_inputs(SMALL, tmp_path)
    files = {"ir": inputs.ir, "vis": inputs.vis, "work": tmp_path}
    return answers.asked[0].model_copy(update=files)


@pytest.mark.parametrize(
    ("code", "words"),
    [("import os; os._exit(3)", "code 3"), ("import os; os.abort()", "signal 6")],
)
def test_a_process_that_dies_gives_a_row_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, words: str
) -> None:
    monkeypatch.setattr(worker, "WORKER", ("-c", code))
    row = worker.ask(request_for("average", tmp_path)).row
    assert row is not None and row.error is not None and words in row.error


def test_a_process_that_hangs_is_given_up(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(worker, "WORKER", ("-c", "import time; time.sleep(600)"))
    row = worker.ask(request_for("average", tmp_path, timeout_s=0.2)).row
    assert row is not None and row.error is not None and "longer than" in row.error


def test_a_method_of_tensors_is_measured(tmp_path: Path) -> None:
    row = measure(request_for("average", tmp_path)).row
    assert row is not None and row.error is None
    assert set(row.scopes) == {"method", "end_to_end"}
    assert all(times.device_ms is None for times in row.scopes.values())
    assert row.scopes["method"].wall_ms.median < row.scopes["end_to_end"].wall_ms.median
    assert row.parameters is None and row.modules == [] and row.flops is None
    assert row.device_kind == "cpu" and row.threads == 1
    assert row.memory is not None and row.memory.rss_growth is not None
    assert row.verdict is not None and row.watch is not None
    assert (tmp_path / "fused.png").is_file()


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The tiny network as a user's plug-in, known here and in processes started from here."""
    import sys

    file = tmp_path / "tiny_plugin.py"
    file.write_text(TINY)
    monkeypatch.setattr(METHODS, "_entries", dict(METHODS._entries))
    monkeypatch.setattr(METHODS, "_discovered", False)
    monkeypatch.setenv(PLUGIN_VARIABLE, str(file))
    list(METHODS)
    yield "tiny-network"
    sys.modules.pop("fusionbench_plugin_tiny_plugin", None)


def test_a_plugin_whose_files_changed_is_measured_again(fresh_plugins, tmp_path: Path) -> None:
    file, weights, asked = tmp_path / "plugin.py", tmp_path / "scale.txt", []
    reading = f"        self.scale = float(open({str(weights)!r}).read())\n"
    code = TINY.replace("        self.network =", f"{reading}        self.network =")
    file.write_text(code)
    add_plugin_files([file])

    def asking(request: Request) -> Reply:
        asked.append(request.method)
        return measure(request)

    for value, times in (("1", 2), ("1", 2), ("2", 4)):  # the first method is measured twice
        weights.write_text(value)
        profile(plan(tmp_path / "profile", asking, ["tiny-network"], count=False))
        assert len(asked) == times
    (found,) = read_profiles(tmp_path / "profile")[1]
    assert [Path(str(path)).name for path, _ in found.rows[0].files] == ["scale.txt"]


@pytest.mark.parametrize("variant", ["amp", "channels-last"])
def test_a_variant_is_compared_with_fp32(tiny: str, tmp_path: Path, variant: str) -> None:
    request = request_for(tiny, tmp_path).model_copy(update={"variant": variant})
    row = measure(request).row
    assert row is not None and row.deviation is not None and row.variant == variant
    assert (1e-5 < row.deviation.absolute < 0.05) == (variant == "amp")
    assert row.deviation.levels <= (12 if variant == "amp" else 0)
    assert (row.cold_start_ms is None) == (variant == "channels-last")
    assert row.flops is not None and row.flops["flops"] == 2 * 18 * 64 * 48


def test_a_variant_of_a_method_without_modules_is_no_row(tmp_path: Path) -> None:
    request = request_for("average", tmp_path).model_copy(update={"variant": "amp"})
    assert measure(request) == Reply(no_model=True)


def test_a_fresh_process_measures_a_network(tiny: str, tmp_path: Path) -> None:
    row = worker.ask(request_for(tiny, tmp_path)).row
    assert row is not None and row.error is None, row
    assert set(row.scopes) == {"method", "model", "end_to_end"}
    assert row.parameters == 2 * 9 + 1 and row.modules == ["Conv2d"]
    assert row.flops is not None and row.flops["macs"] == 18 * 64 * 48
    assert row.load_ms is not None and row.cold_start_ms is not None
    assert [len(times.wall_samples_ms) for times in row.scopes.values()] == [3] * 3
    assert row.deviation is None


def test_a_run_gets_a_profile_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(running, "profile", lambda plan, advance: seen.append(plan) or [])
    monkeypatch.setattr(running, "add_ceilings", lambda plan: None)
    prepared = prepare_methods("ir,average")
    running.profile_run(Run(tmp_path), Plan(tmp_path, [], [], prepared, seed=3))
    assert seen[0].out == tmp_path / "profile"
    assert [p.record.name for p in seen[0].prepared] == ["average"]
    assert [str(s) for s in seen[0].settings.sizes] == ["640x480"]
    assert seen[0].variants == ["fp32"] and seen[0].settings.seed == 3


def test_ceilings_are_measured_once_for_each_device_with_flops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def ceilings(device: str, threads: int) -> Ceilings:
        asked.append((device, threads))
        speeds = {"flops_per_second": 2e9, "bytes_per_second": 1e9, "side": 8, "elements": 8}
        return Ceilings(device_kind="cpu", device_name="fake", threads=threads, **speeds)

    monkeypatch.setattr(running, "measured_ceilings", ceilings)
    made = plan(tmp_path, Answers(networks=["visible"]), ["average", "visible"], threads=3)
    profile(made)
    running.add_ceilings(made)
    running.add_ceilings(made)
    assert asked == [("cpu", 3)]
    assert [c.threads for c in read_ceilings(tmp_path)] == [3]


def test_a_folder_without_a_profile_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(FusionBenchError, match="fusionbench profile"):
        read_profiles(tmp_path)
    (tmp_path / MANIFEST).write_text("{}")
    with pytest.raises(FusionBenchError, match="cannot be read"):
        read_profiles(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tf32"], "tf32"),
        (["--compare-profiler"], "CUDA"),
        (["--size", "640"], "WIDTHxHEIGHT"),
        (["--methods", "avrage"], "Did you mean average"),
        pytest.param(["--device", "cuda:99"], "cuda:99", marks=pytest.mark.slow),
    ],
)
def test_wrong_requests_write_nothing(cli, tmp_path: Path, arguments, words) -> None:
    done = cli("profile", "--methods", "average", "--out", tmp_path / "out", *arguments)
    assert done.code == 2 and words in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_command_measures_and_shows_a_table(cli, tmp_path: Path) -> None:
    choices = ("--size", "64x48", "--calls", 10, "--seconds", 0, "--threads", 1)
    done = cli("profile", "--methods", "average", "--out", tmp_path, *choices)
    assert done.code == 0 and "Average" in done.out and "64×48" in done.out
    assert {"profile.csv", "profile.tex"} < {file.name for file in tmp_path.iterdir()}
    assert "measured first and again last" in done.err
    again = cli("profile", "--methods", "average", "--out", tmp_path, *choices)
    assert again.code == 0 and "measured first" not in again.err
