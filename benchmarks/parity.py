"""How close the deep baselines come to what their authors' programs computed.

For every method and every pair of the reference material: the largest difference of the network's
raw output, and how the saved image compares with the authors' PNG. Run from the repository's root:

    python benchmarks/parity.py [METHOD ...] [--pair PAIR ...]
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusionbench import Method, Setting, WeightsFinder
from fusionbench.images import luma, read_image
from fusionbench.registry import METHODS
from fusionbench.stages.applying import fuse_arrays

PAIRS = ("tiny", "FLIR_00452", "manWalking", "labMan")
METHODS_WITH_GOLDEN = (
    *("datfuse", "densefuse", "didfuse", "flfusenet", "ifcnn", "reconet", "sage", "sdnet"),
    *("seafusion", "stdfusion", "tardal-dt", "tardal-tt", "tardal-ct", "u2fusion"),
)
SPAN = {"densefuse": 255.0}
"""The range of the raw output, where it is not 1: differences are given in units of it."""


@dataclass(frozen=True)
class Parity:
    """One method on one pair: raw difference over the span, largest PNG difference, equal share."""

    raw: float
    levels: int
    equal: float


def shared_root() -> Path:
    """The folder of the reference material."""
    root = Path(__file__).resolve().parent.parent.parent / "shared"
    return Path(os.environ.get("FUSIONBENCH_SHARED") or root)


def golden_files(name: str, pair: str, shared: Path) -> list[Path]:
    """The files that a comparison needs: infrared, visible, raw output and saved image."""
    folder = shared / "reference/methods/golden"
    own = folder / name.replace("-", "_")
    inputs = [folder / f"_inputs/{pair}_{kind}.png" for kind in ("ir", "vi")]
    return [*inputs, own / f"{pair}.npy", own / f"{pair}.png"]


def loaded(name: str, shared: Path) -> Method:
    """The method as its authors save: with the first value of every option, gray where they do."""
    plugin = METHODS[name].plugin
    gray = {"colour": "gray"} if "colour" in plugin.card.options else {}
    method: Method = plugin(Setting(options=gray, finder=WeightsFinder([shared / "weights"])))
    method.load()
    return method


def measure(method: Method, pair: str, shared: Path) -> Parity:
    """Compare a loaded method with the authors' output of one pair."""
    import torch

    name = method.card.name
    ir_file, vis_file, raw_file, png_file = golden_files(name, pair, shared)
    ir, vis, png = read_image(ir_file), read_image(vis_file), read_image(png_file)
    seen = luma(vis)[:, :, None] if method.card.colour == "luma" else vis
    planes = [x.astype(np.float32).transpose(2, 0, 1)[None] / 255 for x in (ir[:, :, None], seen)]
    with torch.inference_mode():
        raw = method.raw(*map(torch.from_numpy, planes))[0].numpy()  # type: ignore[attr-defined]
    (fused,) = fuse_arrays(method, [ir], [vis], "gray" if png.ndim == 2 else "keep")
    apart = np.abs(fused.astype(np.int16) - png)
    difference = np.abs(raw - np.load(raw_file)).max() / SPAN.get(name, 1.0)
    return Parity(float(difference), int(apart.max()), float((apart == 0).mean()))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("methods", nargs="*", default=METHODS_WITH_GOLDEN)
    parser.add_argument("--pair", action="append", choices=PAIRS)
    asked = parser.parse_args()
    shared = shared_root()
    print("| method | pair | raw, largest difference | PNG, largest difference | PNG, equal |")
    print("| --- | --- | --- | --- | --- |")
    for name in asked.methods:
        method = loaded(name, shared)
        for pair in asked.pair or PAIRS:
            if all(file.is_file() for file in golden_files(name, pair, shared)):
                p = measure(method, pair, shared)
                print(f"| {name} | {pair} | {p.raw:.1e} | {p.levels} | {p.equal:.4%} |", flush=True)


if __name__ == "__main__":
    main()
