"""How close the classical fusers come to the fused images that VIFB publishes.

VIFB fuses every colour channel, where the suite fuses luma: here the methods are run VIFB's way.
Its inputs and its results are JPEG files, so an exact reimplementation reaches 37 to 41 dB. Run
from the repository's root:

    python benchmarks/vifb_parity.py [METHOD ...] [--pair PAIR ...]
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np

from fusionbench import Setting
from fusionbench.images import U8, read_image
from fusionbench.methods._classical import Classical, to_bytes
from fusionbench.registry import METHODS

PUBLISHED = {
    "adf": "ADF",
    "fpde": "FPDE",
    "tif": "TIF",
    "mgff": "MGFF",
    "vsmwls": "VSMWLS",
    "gff": "GFF",
    "cbf": "CBF",
    "ifevip": "IFEVIP",
    "hmsd-gf": "HMSD_GF",
    "hybrid-msd": "Hybrid_MSD",
    "gtf": "GTF",
    "msvd": "MSVD",
    "mdlatlrr": "LatLRR",
}
"""The method's name here, and its name in VIFB's file names."""
REASONS = {
    "gff": "manWalking, running, walking2, walkingnight: the infrared file has one channel, and "
    "VIFB put it into a channel of the visible image",
    "fpde": "walking2: both details have nearly the same variance and a small negative covariance; "
    "the principal component has two signs there, and the weights, divided by their small sum, "
    "(between -3 and 4) turn the last bits of the JPEG files into grey levels",
    "gtf": "the authors stop after five reweighted least squares; here the functional is minimised",
    "msvd": "signs of singular vectors are arbitrary, and VIFB's images depend on them",
    "mdlatlrr": "the 64 x 64 projection is learned from the pair, VIFB's from other images; its "
    "gain for a flat patch differs, and with it the brightness",
}
"""Why a method is below what an exact reimplementation reaches, 37 to 41 dB."""


def vifb_root() -> Path:
    """VIFB's folder in the reference material."""
    root = Path(__file__).resolve().parent.parent.parent / "shared"
    return Path(os.environ.get("FUSIONBENCH_SHARED") or root) / "data/VIFB"


def fused_as_vifb(name: str, ir: U8, vis: U8) -> U8:
    """Fuse 8-bit images channel by channel (or jointly, where the method is defined so)."""
    plugin = METHODS[name].plugin
    asked = {"details": "vifb"} if "details" in plugin.card.options else {}
    method = plugin(Setting(options=asked))
    assert isinstance(method, Classical)
    planes = [x.reshape(*x.shape[:2], -1).astype(np.float64) for x in (ir, vis)]
    fused: U8 = to_bytes(method.fuse_colour(*planes)).astype(np.uint8)
    return fused[..., 0] if vis.ndim == 2 else fused


def psnr(a: U8, b: U8) -> float:
    """10 log10(255² / MSE) over all channels, dB."""
    error = np.mean((a.astype(np.float64) - b) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def ssim(a: U8, b: U8) -> float:
    """Mean SSIM of the channels (Gaussian window, sigma 1.5)."""
    from skimage.metrics import structural_similarity

    same = {"data_range": 255, "gaussian_weights": True, "use_sample_covariance": False}
    return float(structural_similarity(a, b, channel_axis=-1 if a.ndim == 3 else None, **same))


def compare(name: str, pair: str, vifb: Path) -> tuple[float, float]:
    """PSNR and SSIM of a method against VIFB's own image of a pair.

    Raises:
        FileNotFoundError: VIFB's image is not there.
    """
    published = vifb / f"output/fused_images/{pair}_{PUBLISHED[name]}.jpg"
    if not published.is_file():
        raise FileNotFoundError(published)
    ir, vis = (read_image(vifb / f"input/{kind}/{pair}.jpg") for kind in ("IR", "VI"))
    ours, theirs = fused_as_vifb(name, ir, vis), read_image(published)
    return psnr(ours, theirs), ssim(ours, theirs)


def row(name: str, pairs: list[str], vifb: Path) -> str:
    """One line of the table: PSNR of every pair, then the means."""
    start = time.perf_counter()
    found = []
    for pair in pairs:
        try:
            found.append(compare(name, pair, vifb))
        except FileNotFoundError:
            found.append((np.nan, np.nan))
    seconds = (time.perf_counter() - start) / len(pairs)
    cells = " ".join(f"{value:>12.1f}" for value, _ in found)
    mean_psnr, mean_ssim = np.nanmean(found, axis=0)
    return f"{name:<12}{cells} {mean_psnr:>10.2f} {mean_ssim:>10.4f} {seconds:>8.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("methods", nargs="*", metavar="METHOD")
    parser.add_argument("--pair", action="append", metavar="PAIR")
    asked = parser.parse_args()
    vifb = vifb_root()
    there = sorted(f.stem for f in (vifb / "input/IR").glob("*.jpg"))
    pairs = asked.pair or there
    known = {entry.name for entry in METHODS}
    names = asked.methods or [name for name in PUBLISHED if name in known]
    heads = " ".join(f"{pair:>12}" for pair in pairs)
    print(f"{'method':<12}{heads} {'mean PSNR':>10} {'mean SSIM':>10} {'s/pair':>8}", flush=True)
    for name in names:
        print(row(name, pairs, vifb), flush=True)
    for name in names:
        if name in REASONS:
            print(f"{name}: {REASONS[name]}")


if __name__ == "__main__":
    main()
