"""Weights are loaded strictly, and nothing in a file is executed."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from fusionbench import Setting, WeightsError
from fusionbench.registry import METHODS

Write = Callable[..., Path]


def load(name: str, path: Path) -> Any:
    method = METHODS[name].plugin(Setting(weights=str(path)))
    method.load()
    return method


def renamed(old: str, new: str) -> Callable[[dict[str, Any]], None]:
    def change(state: dict[str, Any]) -> None:
        state[new] = state.pop(old)

    return change


def test_a_wrong_name_is_missing_and_unknown(weights_file: Write) -> None:
    path = weights_file("reconet", renamed("att_a_conv.weight", "att_c_conv.weight"))
    with pytest.raises(WeightsError) as caught:
        load("reconet", path)
    message = str(caught.value)
    assert "reconet.pth does not fit ReCoNet (2 differences)" in message
    assert "missing: att_a_conv.weight" in message and "unknown: att_c_conv.weight" in message


@pytest.mark.parametrize("value", [torch.zeros(3, 4), "text"])
def test_a_wrong_shape(weights_file: Write, value: object) -> None:
    path = weights_file("u2fusion", lambda state: state.update({"enc0.bias": value}))
    with pytest.raises(WeightsError, match=r"wrong shape: enc0\.bias is .*, expected \(44,\)"):
        load("u2fusion", path)


def test_another_methods_weights_are_refused(weights_file: Write) -> None:
    with pytest.raises(WeightsError, match="does not fit SDNet"):
        load("sdnet", weights_file("stdfusion"))


@pytest.mark.parametrize("name", ["datfuse", "sdnet", "seafusion"])
def test_unused_parameters_may_be_there_in_their_own_shape(weights_file: Write, name: str) -> None:
    unused = METHODS[name].plugin.unused
    extra = {key: torch.zeros(shape) for key, shape in unused.items()}
    load(name, weights_file(name, lambda state: state.update(extra)))
    key = next(iter(unused))
    path = weights_file(name, lambda state: state.update({key: torch.zeros(7, 7)}))
    with pytest.raises(WeightsError, match=rf"wrong shape: {key} is \(7, 7\)"):
        load(name, path)


def test_tardals_flag_is_no_parameter(weights_file: Write) -> None:
    load("tardal-dt", weights_file("tardal-dt", lambda state: state.update(use_eval=False)))
    with pytest.raises(WeightsError, match="unknown: use_train"):
        load("tardal-dt", weights_file("tardal-dt", lambda state: state.update(use_train=False)))


def test_batch_norms_counters_and_dataparallels_prefix_do_not_matter(weights_file: Write) -> None:
    def change(state: dict[str, Any]) -> dict[str, Any]:
        kept = {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}
        assert len(kept) < len(state)
        return {f"module.{k}": v for k, v in kept.items()}

    load("ifcnn", weights_file("ifcnn", change))


def test_every_value_arrives(weights_file: Write) -> None:
    path = weights_file("sage")
    loaded = load("sage", path).network.state_dict()
    assert all(loaded[k].equal(v) for k, v in torch.load(path, weights_only=True).items())


def test_didfuse_takes_both_halves_in_one_file_wrapped_or_not(weights_file: Write) -> None:
    load("didfuse", weights_file("didfuse"))
    load("didfuse", weights_file("didfuse", lambda state: {"weight": state, "epoch": 120}))
    halves = weights_file("didfuse", lambda state: {k: v for k, v in state.items() if "7" not in k})
    with pytest.raises(WeightsError, match=r"missing: cov7\.cov7\.2\.bias"):
        load("didfuse", halves)


def test_safetensors(tmp_path: Path) -> None:
    network = METHODS["flfusenet"].plugin().build()
    save_file(network.state_dict(), tmp_path / "mine.safetensors")
    load("flfusenet", tmp_path / "mine.safetensors")


class Bomb:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("exploded"),))


def test_nothing_in_a_file_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": Bomb()}, tmp_path / "zip.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Bomb(), protocol=2))
    for name in ("zip.pth", "plain.pth"):
        with pytest.raises(WeightsError, match=f"{name} could not be read as weights"):
            load("sage", tmp_path / name)
    assert not (tmp_path / "exploded").exists()


def test_files_that_are_no_weights(tmp_path: Path, weights_file: Write) -> None:
    whole = weights_file("sage").read_bytes()
    (tmp_path / "cut.pth").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.pth").write_bytes(b"")
    for name in ("cut.pth", "empty.pth"):
        with pytest.raises(WeightsError, match="could not be read as weights"):
            load("sage", tmp_path / name)
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="expected a state dict"):
        load("sage", tmp_path / "list.pth")
