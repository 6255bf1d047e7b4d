from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from fusionbench import WeightsError
from fusionbench.methods.cmtfusion.network import CMTFusion, load_state, read_state
from fusionbench.methods.cmtfusion.transformer import Variant

Shared = Callable[[str], Path]
CHECKPOINTS = {"release": "release_parity_checkpoint.pth", "patch": "patch_checkpoint.pth"}


@pytest.mark.reference
@pytest.mark.parametrize("variant", ["release", "patch"])
@pytest.mark.parametrize("case", ["full", "odd", "small", "batch"])
@pytest.mark.parametrize("levels", [1, 3])
def test_published_code_is_reproduced(
    shared: Shared, variant: Variant, case: str, levels: int
) -> None:
    folder = shared("reference/cmtfusion")
    network = CMTFusion(variant)
    load_state(network, read_state(folder / CHECKPOINTS[variant]))
    golden = np.load(folder / "golden.npz")
    ir, vis = (torch.from_numpy(golden[f"{case}.{name}"]) for name in ("ir", "vis"))
    with torch.no_grad():
        outputs = network(ir, vis, levels=levels)
    for level, output in enumerate(outputs, start=1):
        expected = golden[f"{case}.{variant}.level{level}"]
        assert np.abs(output.numpy() - expected).max() < 1e-4


@pytest.mark.reference
@pytest.mark.parametrize("pair", ["tiny", "FLIR_00452", "labMan", "manWalking"])
def test_authors_weights_reproduce_the_authors_output(shared: Shared, pair: str) -> None:
    from PIL import Image

    golden = np.load(shared(f"reference/methods/golden/cmtfusion/{pair}.npy"))
    inputs = []
    for kind in ("ir", "vi"):
        path = shared(f"reference/methods/golden/_inputs/{pair}_{kind}.png")
        rgb = np.asarray(Image.open(path).convert("RGB")).astype(np.float32)
        grey = rgb @ np.array([0.2989, 0.587, 0.114], dtype=np.float32)
        inputs.append(torch.from_numpy(grey / 127.5 - 1)[None, None])
    network = CMTFusion("release")
    load_state(network, read_state(shared("weights/cmtfusion/pretrained.pth")))
    with torch.no_grad():
        (fused,) = network(*inputs, levels=1)
    assert np.abs(fused[0].numpy() - golden).max() < 1e-4


@pytest.mark.reference
def test_the_unused_keys_are_those_of_the_table(shared: Shared) -> None:
    from fusionbench.methods.cmtfusion.network import UNUSED

    rows = shared("reference/cmtfusion/state_dict.tsv").read_text().splitlines()[1:]
    used = CMTFusion("release").state_dict().keys()
    for row in rows:
        name, _, takes_part = row.split("\t")
        assert (name in used) == (takes_part == "yes"), name
        assert bool(UNUSED.fullmatch(name)) == (takes_part == "no"), name


def test_prefix_and_unused_parameters_are_dropped() -> None:
    torch.manual_seed(0)
    source, target = CMTFusion("release"), CMTFusion("release")
    state = {f"module.{name}": value for name, value in source.state_dict().items()}
    state["module.conv7.hd_bn.running_mean"] = torch.zeros(128)
    load_state(target, state)
    for a, b in zip(source.parameters(), target.parameters(), strict=True):
        assert torch.equal(a, b)


def test_every_difference_is_named() -> None:
    state = CMTFusion("release").state_dict()
    del state["down1.0.bias"]
    state["conv10.weight"] = torch.zeros(1)
    state["down2.0.bias"] = torch.zeros(31)
    with pytest.raises(WeightsError) as caught:
        load_state(CMTFusion("release"), state, "x.pth")
    message = str(caught.value)
    for part in ("x.pth", "3 differences", "missing: down1.0.bias", "unknown: conv10.weight"):
        assert part in message
    assert "wrong shape: down2.0.bias is (31,), expected (32,)" in message


def test_weights_of_another_variant_do_not_load() -> None:
    with pytest.raises(WeightsError, match="'patch' variant"):
        load_state(CMTFusion("patch"), CMTFusion("release").state_dict())


def test_both_file_formats_are_read(tmp_path: Path) -> None:
    state = {"a": torch.arange(3.0)}
    torch.save(state, tmp_path / "a.pth")
    save_file(state, tmp_path / "a.safetensors")
    for name in ("a.pth", "a.safetensors"):
        assert torch.equal(read_state(tmp_path / name)["a"], state["a"])


class Hostile:
    """Runs code when unpickled the unsafe way."""

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("touched-by-unpickling"),))


@pytest.mark.parametrize("content", [Hostile(), {"a": 3}, [torch.zeros(1)]])
def test_anything_but_tensors_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: object
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(content, tmp_path / "bad.pth")
    with pytest.raises(WeightsError, match=r"bad\.pth"):
        read_state(tmp_path / "bad.pth")
    assert not (tmp_path / "touched-by-unpickling").exists()
