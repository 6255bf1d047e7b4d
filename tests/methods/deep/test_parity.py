"""The networks against the output of their authors' programs; needs the reference material."""

import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from fusionbench.images import luma, read_image, write_png
from fusionbench.registry import METHODS
from fusionbench.stages.applying import fuse_arrays

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "parity.py"
Shared = Callable[[str], Path]

pytestmark = pytest.mark.reference


def _script() -> ModuleType:
    spec = spec_from_file_location("parity_script", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


parity = _script()


@pytest.mark.parametrize("name", parity.METHODS_WITH_GOLDEN)
@pytest.mark.parametrize(
    "pair", ["tiny", *(pytest.param(p, marks=pytest.mark.slow) for p in parity.PAIRS[1:])]
)
def test_raw_output_and_saved_image(shared: Shared, name: str, pair: str) -> None:
    root = shared("reference").parent
    for file in parity.golden_files(name, pair, root):
        shared(str(file.relative_to(root)))
    found = parity.measure(parity.loaded(name, root), pair, root)
    print(f"{name} {pair}: raw {found.raw:.1e}, PNG {found.levels} level, {found.equal:.4%} equal")
    assert found.raw < 1e-4
    assert found.levels <= 1 and found.equal > 0.9995


WITHOUT_GOLDEN = {
    "cmtfusion-paper": "nobody has published weights or images of it",
    "cmtfusion-patch": "its author's images are not at hand; it saves as cmtfusion does",
}


@pytest.mark.parametrize("pair", ["tiny", pytest.param("FLIR_00452", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", sorted(e.name for e in METHODS if "deep" in e.groups))
def test_what_is_saved_by_default_is_what_the_authors_save(
    shared: Shared, tmp_path: Path, name: str, pair: str
) -> None:
    """Through the engine and a PNG, with default options, and gray where the golden image is."""
    if name in WITHOUT_GOLDEN:
        pytest.skip(WITHOUT_GOLDEN[name])
    root = shared("reference").parent
    ir, vis, _, png = (read_image(f) for f in _existing(parity.golden_files(name, pair, root)))
    method = parity.loaded(name, root)
    assert method.weights().origin != "retrained"
    (fused,) = fuse_arrays(method, [ir], [vis], "gray" if png.ndim == 2 else "keep")
    write_png(tmp_path / "saved.png", fused)
    apart = np.abs(read_image(tmp_path / "saved.png").astype(np.int16) - png)
    print(f"{name} {pair}: mean difference {apart.mean():.4f}, largest {apart.max()}")
    assert apart.mean() <= 0.5


def _existing(files: list[Path]) -> list[Path]:
    """The image files; a method of the group without a golden image fails here."""
    raw = files[2]
    assert all(file.is_file() for file in files if file != raw), files
    return [file if file != raw else files[3] for file in files]


def test_ifcnn_saves_gray_for_a_gray_visible_image(shared: Shared) -> None:
    """The authors' gray image is OpenCV's gray of the colour output; here that step alone."""
    from fusionbench.methods._deep.colour import opencv_gray

    folder = shared("reference/methods/golden/ifcnn")
    colour = read_image(folder / "tiny.png")
    planes = torch.from_numpy(colour.transpose(2, 0, 1).copy())[None] / 255
    gray = (opencv_gray(planes)[0, 0] * 255).round().numpy()
    assert np.array_equal(gray, read_image(folder / "tiny_gray.png"))


def test_seafusion_before_the_stretch(shared: Shared) -> None:
    folder = shared("reference/methods/golden")
    method = parity.loaded("seafusion", shared("reference").parent)
    ir, vis = (read_image(folder / f"_inputs/tiny_{kind}.png") for kind in ("ir", "vi"))
    planes = [
        torch.from_numpy(np.atleast_3d(x).transpose(2, 0, 1).astype(np.float32))[None] / 255
        for x in (luma(ir), vis)
    ]
    with torch.inference_mode():
        found = method.coloured(method.raw(*planes), planes[1])[0].numpy()
    expected = np.load(folder / "seafusion/tiny_rgb.npy")
    assert np.abs(found - expected).max() < 1e-4


def test_both_files_of_tardal_dt_hold_the_same_tensors(shared: Shared) -> None:
    from fusionbench import read_weights as read_state

    first, second = (
        read_state(shared(f"weights/tardal/{file}")) for file in ("tardal.pt", "tardal-dt.pth")
    )
    assert second.pop("use_eval") is False and first.keys() == second.keys()
    assert all(value.equal(second[name]) for name, value in first.items())
