"""Reading weights: what programs wrap them in, and what is no file of weights at all."""

from __future__ import annotations

import argparse
import csv
import gzip
import pickle
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from fusionbench import Setting, WeightsError, load_weights, read_weights
from fusionbench.checkpoints import read_checkpoint
from fusionbench.files import user_cache
from fusionbench.registry import METHODS
from fusionbench.weights import RECORD, add, added_weights, known_weights, trained_pairs

W = {"a.weight": torch.arange(2.0), "a.bias": torch.ones(1)}
OTHER = {"a.weight": torch.zeros(2), "a.bias": torch.zeros(1)}
OPTIMIZER = {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 0.1}]}


def saved(folder: Path, content: object, **options: object) -> Path:
    torch.save(content, folder / "w.pth", **options)
    return folder / "w.pth"


@pytest.mark.parametrize("content", [
    W,
    {**W, "epoch": 3, "best": np.float32(0.3)},
    {"state_dict": W, "epoch": 3, "optimizer": OPTIMIZER},
    {"model": W, "best": np.float64(0.3), "history": np.arange(3.0), "name": np.str_("a")},
    {"params": OTHER, "params_ema": W},
    {"net": {"state_dict": W}},
    {"generator": W, "discriminator": OTHER},
    {"anything": W, "scores": [1, 2]},
    {f"module.{name}": value for name, value in W.items()},
    {f"module._orig_mod.{name}": value for name, value in W.items()},
    {**W, "total_ops": torch.zeros(1), "a.total_params": torch.zeros(1)},
])  # fmt: skip
@pytest.mark.parametrize("zipped", [True, False])
def test_wrappers_are_taken_off(tmp_path, content, zipped) -> None:
    found = read_weights(saved(tmp_path, content, _use_new_zipfile_serialization=zipped))
    assert found.keys() == W.keys()
    assert all(torch.equal(found[name], W[name]) for name in W)


def test_a_choice_is_said(tmp_path, caplog) -> None:
    path = saved(tmp_path, {"params": OTHER, "params_ema": W})
    with caplog.at_level("WARNING", "fusionbench"):
        read_weights(path)
    assert "holds params, params_ema: params_ema is taken" in caplog.text
    path = saved(tmp_path, {"encoder": W, "decoder": OTHER})
    with pytest.raises(WeightsError, match=r"it holds several networks \(encoder, decoder\)"):
        read_weights(path)
    assert torch.equal(read_weights(path, "decoder")["a.bias"], OTHER["a.bias"])


def test_the_content_decides_the_format(tmp_path) -> None:
    save_file(W, tmp_path / "a.safetensors")
    (tmp_path / "a.safetensors").rename(tmp_path / "a.pth")
    saved(tmp_path, W).rename(tmp_path / "b.safetensors")
    for name in ("a.pth", "b.safetensors"):
        assert read_weights(tmp_path / name).keys() == W.keys()


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.pth", "x")


def tarred(path: Path) -> None:
    inner = path.with_suffix(".inner")
    inner.write_bytes(b"x" * 100)
    with tarfile.open(path, "w") as archive:
        archive.add(inner)


def script(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), str(path))


def cut(path: Path, zipped: bool, keep: float) -> None:
    torch.save(W, path, _use_new_zipfile_serialization=zipped)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
NEVER: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda p: p.write_bytes(b""), "it is empty"),
    "page": (lambda p: p.write_text("\n<!DOCTYPE html><html>"), "a web page"),
    "denied": (lambda p: p.write_text('<?xml version="1.0"?><Error>'), "a web page"),
    "lfs": (lambda p: p.write_text(POINTER), "git lfs pull"),
    "annex": (lambda p: p.write_text("/annex/objects/SHA256E-s1--a.pth"), "git annex get"),
}
OTHERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (lambda p: p.write_text('{"message": "Not Found"}'), "a text file"),
    "module": (lambda p: torch.save(torch.nn.Linear(1, 1), p), "a whole pickled network"),
    "inside": (lambda p: torch.save({"model": torch.nn.Linear(1, 1)}, p), "a whole pickled net"),
    "args": (lambda p: torch.save({"m": W, "a": argparse.Namespace()}, p), "argparse.Namespace"),
    "zip": (zipped, "a zip archive of model.pth; unpack it"),
    "tar": (tarred, "a tar archive"),
    "gzip": (lambda p: p.write_bytes(gzip.compress(b"x")), "a gzip archive"),
    "script": (script, "a TorchScript program"),
    "keras": (lambda p: p.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99)), "an HDF5 file"),
    "matlab": (lambda p: p.write_bytes(b"MATLAB 5.0 MAT-file" + bytes(99)), "a MATLAB file"),
    "onnx": (lambda p: p.write_bytes(b"\x08\x07\x12\x07pytorch" + bytes(99)), "an ONNX network"),
    "npz": (lambda p: np.savez(p.open("wb"), a=1), "an archive of NumPy arrays"),
    "pickle": (lambda p: p.write_bytes(pickle.dumps([1.5, 2])), "torch.save did not write"),
    "cut zip": (lambda p: cut(p, True, 0.9), "cut short"),
    "cut early": (lambda p: cut(p, True, 0.2), "cut short"),
    "cut legacy": (lambda p: cut(p, False, 0.6), "cut short"),
    "noise": (lambda p: p.write_bytes(bytes(range(256))), "no file of PyTorch or safetensors"),
    "tensor": (lambda p: torch.save(torch.ones(1), p), "it is a Tensor; expected a state dict"),
    "optimizer": (lambda p: torch.save({"optimizer": {}}, p), "holds no tensors"),
}


@pytest.mark.parametrize("kind", [*NEVER, *OTHERS])
def test_what_is_no_weights_is_said_in_our_words(tmp_path, kind) -> None:
    write, told = {**NEVER, **OTHERS}[kind]
    write(tmp_path / "w.pth")
    with pytest.raises(WeightsError) as caught:
        read_weights(tmp_path / "w.pth")
    message = str(caught.value)
    assert told in message and "\n" not in message, message
    assert f"{(tmp_path / 'w.pth').stat().st_size:,} bytes" in message
    assert "weights_only" not in message and "github" not in message and "\x1b" not in message


@pytest.mark.parametrize("kind", NEVER)
def test_what_can_never_be_weights_is_refused_before_the_run(cli, tmp_path, kind) -> None:
    write, told = NEVER[kind]
    write(tmp_path / "w.pth")
    commands = (
        ("run", "--methods", "seafusion", "--weights", f"seafusion={tmp_path / 'w.pth'}", "--limit",
         1, "--out", tmp_path / "run"),
        ("weights", "add", "cmtfusion", tmp_path / "w.pth"),
    )  # fmt: skip
    for command in commands:
        done = cli(*command)
        assert done.code == 2 and told in done.err, done.err
    assert not (tmp_path / "run").exists()


def test_a_prefix_that_all_names_have_is_cut_where_they_then_fit() -> None:
    network = torch.nn.Linear(2, 1)
    state = {f"model.{name}": value for name, value in network.state_dict().items()}
    load_weights(network, state, "w.pth")
    with pytest.raises(WeightsError, match=r"unknown: model\.bias"):
        load_weights(torch.nn.Conv2d(1, 1, 1), {"model.bias": torch.ones(1)}, "w.pth")


def test_values_that_are_not_finite_are_named() -> None:
    state = torch.nn.Linear(2, 1).state_dict()
    state["weight"][0, 0] = torch.nan
    with pytest.raises(WeightsError, match="not finite: weight"):
        load_weights(torch.nn.Linear(2, 1), state, "w.pth")


@pytest.mark.parametrize(("text", "told"), [
    ("{", "should be the card of w.pth"), ("\udcff", "should be the card of w.pth"),
    ('{"trained_pairs": ["a"]}', "expected lists of pair ids by data set"),
    ('{"trained_pairs": {"MSRS": "00001"}}', "expected lists of pair ids by data set"),
])  # fmt: skip
def test_a_broken_card_is_one_plain_line(tmp_path, text, told) -> None:
    (tmp_path / "w.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(WeightsError, match=told) as caught:
        trained_pairs(tmp_path / "w.pth")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", '{"file": "w.pth"}', "null"])
def test_a_broken_record_of_what_was_added(text) -> None:
    record = user_cache("weights", "cmtfusion", RECORD)
    record.parent.mkdir(parents=True)
    record.write_text(text)
    with pytest.raises(WeightsError, match="remove it, and add the file again"):
        added_weights("cmtfusion")
    with pytest.raises(WeightsError, match="there is no such file"):
        add(known_weights("cmtfusion"), record.with_name("none.pth"))


def test_what_training_saves_is_read_with_its_other_contents(tmp_path) -> None:
    content = {"network": W, "rng": {"state": "1"}, "step": 3}
    assert read_checkpoint(saved(tmp_path, content))["step"] == 3


@pytest.mark.reference
@pytest.mark.parametrize(("folder", "name", "told"), [
    ("50_checkpoints", "nested_state_dict", None),
    ("50_checkpoints", "numpy_scalar", None),
    ("50_checkpoints", "html_instead", "a web page"),
    ("50g_checkpoints_good", "half", None),
    ("50g_checkpoints_good", "module_prefix", None),
    ("50g_checkpoints_good", "half_downloaded", "cut short or damaged"),
    ("50g_checkpoints_good", "nan_weights", "not finite: "),
    ("50g_checkpoints_good", "one_key_missing", "missing: "),
    ("50g_checkpoints_good", "wrong_shape", "wrong shape: "),
])  # fmt: skip
def test_files_that_users_have(shared, cli, tmp_path, folder, name, told) -> None:
    path, pairs = shared(f"cases/{folder}") / f"{name}.pth", shared("cases/_base_pairs")
    if told is not None:
        with pytest.raises(WeightsError, match=told):
            METHODS["seafusion"].plugin(Setting(weights=str(path))).weights()
            METHODS["seafusion"].plugin(Setting(weights=str(path))).load()
        return
    done = cli(
        "run", "--methods", "seafusion", "--weights", f"seafusion={path}", "--limit", 1,
        "--ir", pairs / "ir", "--vis", pairs / "vis", "--metrics", "EN", "--out", tmp_path / "run",
        "--no-figures", "--no-html", "--workers", 1,
    )  # fmt: skip
    assert done.code == 0, done.err
    with (tmp_path / "run" / "leaderboard.csv").open() as stream:
        assert float(next(csv.DictReader(stream))["EN"]) == pytest.approx(7.1176, abs=2e-4)
