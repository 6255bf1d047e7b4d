from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import fusionbench.methods.cmtfusion as package
from fusionbench import FusionBenchError, Setting, WeightsError, WeightsFinder
from fusionbench.files import sha256_of
from fusionbench.methods.cmtfusion.network import CMTFusion
from fusionbench.registry import METHODS
from fusionbench.weights import known_weights

Shared = Callable[[str], Path]


def test_three_methods_are_registered() -> None:
    names = {entry.name for entry in METHODS.select("cmtfusion*")}
    assert names == {"cmtfusion", "cmtfusion-paper", "cmtfusion-patch"}
    for name in names:
        card = METHODS[name].plugin.card
        assert card.colour == "luma" and card.doi == "10.1109/TCSVT.2023.3289170"
        variant = METHODS[name].plugin.variant
        assert card.parameters == sum(p.numel() for p in CMTFusion(variant).parameters())


def test_release_runs_with_the_shipped_weights_where_there_are_no_others() -> None:
    method = package.CMTFusionRelease()
    weights = method.weights()
    assert weights.origin == "retrained" and weights.path == package.RETRAINED["release"]
    assert weights.trained_on == () and len(weights.trained_pairs["RoadScene"]) == 200
    assert method.label == "CMTFusion (retrained)"
    assert "not the authors'" in weights.note
    method.load()
    torch.manual_seed(0)
    ir, vis = torch.rand(2, 1, 70, 81), torch.rand(2, 1, 70, 81)
    fused = method.fuse(ir, vis)
    assert fused.shape == ir.shape and fused.dtype == torch.float32
    assert float(fused.min()) >= 0 and float(fused.max()) <= 1
    correlations = [
        float(torch.corrcoef(torch.stack([fused.flatten(), x.flatten()]))[0, 1]) for x in (ir, vis)
    ]
    assert min(correlations) > 0.2


def test_authors_weights_that_are_asked_for_and_absent() -> None:
    method = package.CMTFusionRelease(Setting(weights="authors"))
    with pytest.raises(WeightsError, match=known_weights("cmtfusion").sha256):
        method.weights()


def test_patch_without_weights_says_where_they_are() -> None:
    with pytest.raises(WeightsError) as caught:
        package.CMTFusionPatch().weights()
    for part in (
        "model_fusion12.pth",
        "2,658,104",
        known_weights("cmtfusion-patch").sha256,
        "minmaxHong/Research",
    ):
        assert part in str(caught.value)


def test_paper_runs_with_the_shipped_weights() -> None:
    method = package.CMTFusionPaper()
    assert method.weights().origin == "retrained" and method.label == "CMTFusion (paper, retrained)"


def test_a_file_from_the_authors_drive_is_added(
    cli: Callable[..., SimpleNamespace], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    file = tmp_path / "drive.safetensors"
    state = {f"module.{name}": value for name, value in CMTFusion("release").state_dict().items()}
    save_file(state, file)
    done = cli("weights", "add", "cmtfusion", file)
    assert done.code == 0 and "another checksum" in done.err
    method = package.CMTFusionRelease()
    weights = method.weights()
    assert (weights.origin, weights.sha256) == ("added", sha256_of(file))
    assert method.label == "CMTFusion (added weights)" and "drive.safetensors" in weights.note
    method.load()
    weights.path.write_bytes(b"changed")
    with pytest.raises(WeightsError, match="not what was added"):
        package.CMTFusionRelease().weights()


def test_a_file_that_does_not_fit_is_not_added(
    cli: Callable[..., SimpleNamespace], tmp_path: Path
) -> None:
    file = tmp_path / "paper.safetensors"
    save_file(CMTFusion("paper").state_dict(), file)
    refused = cli("weights", "add", "cmtfusion", file)
    assert refused.code == 2 and "nor does it fit the network" in refused.err
    assert "wrong shape" in refused.err
    assert cli("weights", "add", "datfuse", file).code == 2
    assert package.CMTFusionRelease().weights().origin == "retrained"


def test_a_users_file_is_used(tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "mine.safetensors"
    save_file(CMTFusion("paper").state_dict(), path)
    method = package.CMTFusionPaper(Setting(weights=str(path)))
    weights = method.weights()
    assert (weights.origin, weights.sha256) == ("file", sha256_of(path))
    method.load()
    assert method.fuse(torch.rand(1, 1, 60, 60), torch.rand(1, 1, 60, 60)).isfinite().all()
    named = package.CMTFusionRelease(Setting(weights=str(path)))
    assert named.label == "CMTFusion (mine.safetensors)"
    with pytest.raises(WeightsError, match="does not fit CMTFusion's 'release' variant"):
        named.load()


def test_a_users_file_that_is_not_there() -> None:
    with pytest.raises(WeightsError, match="no such file"):
        package.CMTFusionPatch(Setting(weights="nowhere.pth")).weights()


def test_output_option() -> None:
    ir, vis = torch.rand(2, 1, 64, 64), torch.rand(2, 1, 64, 64) / 3
    clip, stretch = (
        package.CMTFusionRelease(Setting(options={"output": value})) for value in ("clip", "minmax")
    )
    for method in (clip, stretch):
        method.load()
    x = clip.network(2 * ir - 1, 2 * vis - 1, levels=1)[0].detach()
    assert torch.allclose(clip.fuse(ir, vis), (x + 1) / 2, atol=1e-6)
    stretched = stretch.fuse(ir, vis)
    for one, raw in zip(stretched, x, strict=True):
        assert float(one.min()) == 0 and float(one.max()) == pytest.approx(1)
        expected = (raw - raw.min()) / (raw.max() - raw.min())
        assert torch.allclose(one, expected, atol=1e-5)
    for variant in (package.CMTFusionRelease, package.CMTFusionPaper, package.CMTFusionPatch):
        assert variant().options == {"output": "minmax"}
    with pytest.raises(FusionBenchError, match="expected one of minmax, clip"):
        package.CMTFusionRelease(Setting(options={"output": "log"}))


def test_stretching_a_flat_image_stays_finite(monkeypatch: pytest.MonkeyPatch) -> None:
    method = package.CMTFusionRelease(Setting(options={"output": "minmax"}))
    method.load()
    monkeypatch.setattr(method.network, "forward", lambda ir, vis, levels: (0 * ir,))
    assert method.fuse(torch.rand(1, 1, 60, 60), torch.rand(1, 1, 60, 60)).isfinite().all()


@pytest.mark.reference
def test_authors_weights_are_preferred_and_reproduce_their_output(shared: Shared) -> None:
    from PIL import Image

    finder = WeightsFinder([shared("weights/cmtfusion")])
    setting = Setting(finder=finder, options={"output": "minmax"})
    method = package.CMTFusionRelease(setting)
    assert method.weights().origin == "authors"
    assert method.label == "CMTFusion (authors' weights)"
    retrained = package.CMTFusionRelease(replace(setting, weights="retrained"))
    assert retrained.weights().origin == "retrained"
    method.load()
    images = []
    for kind in ("ir", "vi"):
        path = shared(f"reference/methods/golden/_inputs/tiny_{kind}.png")
        rgb = np.asarray(Image.open(path).convert("RGB")).astype(np.float32)
        grey = rgb @ np.array([0.2989, 0.587, 0.114], dtype=np.float32)
        images.append(torch.from_numpy(grey / 255)[None, None])
    golden = np.load(shared("reference/methods/golden/cmtfusion/tiny.npy"))
    expected = (golden - golden.min()) / (golden.max() - golden.min())
    assert np.abs(method.fuse(*images)[0].numpy() - expected).max() < 1e-4


@pytest.mark.reference
def test_patch_finds_its_weights_by_checksum(shared: Shared) -> None:
    finder = WeightsFinder([shared("reference/cmtfusion")])
    method = package.CMTFusionPatch(Setting(finder=finder))
    assert method.weights().sha256 == known_weights("cmtfusion-patch").sha256
    method.load()
    assert method.fuse(torch.rand(1, 1, 60, 75), torch.rand(1, 1, 60, 75)).shape == (1, 1, 60, 75)
