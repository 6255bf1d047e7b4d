"""The conformance suite: every built-in passes it, and it finds what is wrong with others."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import fusionbench as fb
from fusionbench.registry import METHODS, METRICS
from fusionbench.testing import (
    Conformance,
    check_dataset,
    check_detector,
    check_method,
    check_metric,
)

SLOW = {"cmtfusion", "cmtfusion-paper", "cmtfusion-patch", "gtf", "latlrr", "mdlatlrr", "sr",
        "bayesian"}  # fmt: skip
HEAVY = {"FMI_w", "FMI_dct", "FMI_pixel"}
WITHOUT_WEIGHTS = [e.name for e in METHODS.select("classical,baselines,cmtfusion*,-deep")]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in WITHOUT_WEIGHTS]
)
def test_built_in_methods_conform(name) -> None:
    check_method(name).require()


@pytest.mark.reference
@pytest.mark.slow
@pytest.mark.parametrize("name", [e.name for e in METHODS.select("deep")])
def test_deep_methods_conform(name, shared) -> None:
    try:
        done = check_method(name, weights_dir=shared("weights"))
    except fb.WeightsError:
        pytest.skip("its weights are not here")
    if "WeightsError" in done.ticks[0].reason:
        pytest.skip("its weights are not here")
    done.require()


@pytest.mark.parametrize(
    "name",
    [pytest.param(e.name, marks=[pytest.mark.slow] * (e.name in HEAVY)) for e in METRICS],
)
def test_built_in_metrics_conform(name) -> None:
    check_metric(name).require()


@pytest.mark.reference
def test_the_default_detector_conforms(shared, monkeypatch) -> None:
    monkeypatch.setenv("FUSIONBENCH_WEIGHTS", str(shared("weights/detectors")))
    check_detector("yolox-nano").require()


def test_the_sample_scenes_conform(shared) -> None:
    done = check_dataset("sample")
    done.require()
    assert [tick.name for tick in done.ticks] == ["card", "split all"]


def failing(done: Conformance) -> dict[str, str]:
    return {tick.name: tick.reason for tick in done.ticks if tick.outcome == "fail"}


@pytest.fixture
def bad(fresh_plugins):
    """``bad(lambda ir, vis: ...)``: the checks that a method fails."""

    def make(fuse, **card) -> dict[str, str]:
        @fb.method("bad", **{"title": "Bad", "family": "test", **card})
        class Bad(fb.Method):
            def fuse(self, ir, vis):
                return fuse(ir, vis)

        found = failing(check_method("bad"))
        fresh_plugins()
        return found

    return make


@pytest.mark.parametrize(
    ("fuse", "check", "reason"),
    [
        (lambda ir, vis: ir.mul_(0.5) + vis / 2, "leaves its input", "wrote into ir"),
        (lambda ir, vis: torch.cat([ir, vis, vis], 1), "colour as declared", 'colour="rgb"'),
        (lambda ir, vis: (ir + vis) * 127, "range of values", "outside"),
        (lambda ir, vis: ir - ir.mean() + vis.mean(), "batches", "differ from each alone"),
        (lambda ir, vis: torch.nn.functional.interpolate(
            ir[..., ::8, ::8], scale_factor=8), "odd sizes", "size"),
        (lambda ir, vis: ir[..., 40:, :].mean() + vis * 0, "tiny images", "not finite"),
        (lambda ir, vis: ir.numpy(), "range of values", "expected a tensor"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_method_is_found(fuse, check, reason, bad) -> None:
    assert reason in bad(fuse)[check]


def test_a_method_that_draws_is_remarked_on(fresh_plugins) -> None:
    @fb.method("draws", title="Draws", family="test")
    class Draws(fb.Method):
        def fuse(self, ir, vis):
            return (ir + torch.rand_like(ir)) / 2

    done = check_method("draws")
    assert done.passed
    (tick,) = [tick for tick in done.ticks if tick.name == "determined"]
    assert (tick.outcome, "random numbers" in tick.reason) == ("note", True)


def test_what_cannot_be_loaded_is_not_tried_further(fresh_plugins) -> None:
    @fb.method("lost", title="Lost", family="test")
    class Lost(fb.Method):
        def load(self):
            raise OSError("no disk")

    done = check_method("lost")
    assert [tick.name for tick in done.ticks] == ["loads"]
    with pytest.raises(AssertionError, match="method lost does not conform:\n  loads: OSError"):
        done.require()


@pytest.mark.parametrize(
    ("value", "check"),
    [
        (lambda t: float("nan"), "range of values"),
        (lambda t: t.fused.f64.mean(axis=(-2, -1)) + 1000, "range of values"),
        (lambda t: t.fused.f64.mean(), "batches"),
        (lambda t: t.fused.u8[..., 20, 20] * 1.0, "tiny images"),
    ],
)
def test_what_is_wrong_with_a_metric_is_found(value, check, fresh_plugins) -> None:
    @fb.metric("BAD", title="Bad", better="higher", low=0, high=255, conventions={"standard": {}})
    def metric(triple):
        return value(triple)

    assert check in failing(check_metric("BAD"))


def test_a_metric_needs_a_convention(fresh_plugins) -> None:
    @fb.metric("NONE", title="None", better="higher", low=0, high=1)
    def metric(triple, *, base):
        return 1.0

    assert "no convention defines it" in failing(check_metric("NONE"))["conventions"]


def test_the_command_shows_ticks(cli, tmp_path: Path, fresh_plugins) -> None:
    done = cli("check", "EN", "sample")
    assert done.code == 0, done.err
    assert "✓" in done.out
    assert "✗" not in done.out
    (tmp_path / "bad.py").write_text(
        "from fusionbench import Method, method\n\n@method('bad', title='Bad', family='test')\n"
        "class Bad(Method):\n    def fuse(self, ir, vis):\n        return ir * 255\n"
    )
    done = cli("check", "bad", "--plugin", tmp_path / "bad.py")
    assert done.code == 1
    assert "✗" in done.out
    assert "divide levels of 0..255 by 255" in " ".join(done.out.split())
    wrong = cli("check", "averge")
    assert wrong.code == 2
    assert "Did you mean average" in wrong.err


def test_a_data_set_that_is_not_there_fails() -> None:
    done = check_dataset("MSRS")
    assert "needs a data root" in failing(done)["split test"]
