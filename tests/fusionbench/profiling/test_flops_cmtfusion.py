"""CMTFusion's multiply-adds against a formula written from its layer table."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import pytest
import torch

from fusionbench.methods.cmtfusion import CMTFusionRelease
from fusionbench.plugins import Setting
from fusionbench.profiling.flops import count, counting

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "methods" / "cmtfusion"))
import plain

C = 32
PIXELS_OF_A_STRIP = 20_480
MERGED = (4, 16)


def conv(pixels, inputs, outputs, kernel=1, groups=1):
    return pixels * outputs * (inputs // groups) * kernel**2


def halved(n):
    return (n + 1) // 2


def esa(height, width):
    """The attention of a distillation block, f = 8, on a map; a stride of 2, a pool of 7 by 3."""
    f, pixels = C // 4, height * width
    half = (height - 3) // 2 + 1, (width - 3) // 2 + 1
    coarse = ((half[0] - 7) // 3 + 1) * ((half[1] - 7) // 3 + 1)
    return (
        conv(half[0] * half[1], f, f, 3)  # conv2
        + 3 * conv(coarse, f, f, 3)  # conv_max, conv3, conv3_
        + conv(pixels, f, f)  # conv_f
        + conv(pixels, f, C)  # conv4
    )


def distillation(pixels):
    """Three steps (a kept half and a refined map each), a last half, their join, ESA's entry."""
    step = conv(pixels, C, C // 2) + conv(pixels, C, C, 3)
    return 3 * step + conv(pixels, C, C // 2, 3) + conv(pixels, 2 * C, C) + conv(pixels, C, C // 4)


def transformer(pixels):
    """One modality; reductions come before the 1x1 convolutions, which then see one vector.

    Channel half: K of every pixel, K^T q, then W times that. Spatial half (tokens are 32 values of
    the buffer): the mean key by 32 x 32 sums, a dot product for every block of 32 x 32 values, the
    convolution of these. Last the join of both halves, 64 to 32.
    """
    channel = pixels * C + pixels * C + C * C
    spatial = C * C * C + pixels * C + pixels * C
    return channel + spatial + conv(pixels, 2 * C, C)


def fusion_block(pixels, groups=(C, C)):
    """64 to 32, two grouped 3x3, both last layers; on a CPU narrow groups are merged to eight."""
    wide = 4 * C
    folded = C * 1 * 1 + C  # the weights of the last two layers, and their biases' product
    return (
        conv(pixels, 2 * C, C)
        + conv(pixels, C, wide, 3, groups=groups[0])
        + conv(pixels, wide, wide, 3, groups=groups[1])
        + conv(pixels, wide, 1)
        + folded
        - C
    )


def parts(height, width, groups=(C, C)):
    """What one pass over the whole image costs, by part; only the finest level is put out."""
    sizes = [(height, width)]
    for _ in range(2):
        sizes.append((halved(sizes[-1][0]), halved(sizes[-1][1])))
    pixels = [h * w for h, w in sizes]
    both = {
        "stem": conv(pixels[0], 2, C, 3),
        "down": sum(conv(p, C, C, 3) for p in pixels[1:]),
        "one": sum(conv(p, C, C) for p in pixels),
        "distillation": sum(map(distillation, pixels)),
        "esa": sum(esa(*size) for size in sizes),
        "up": sum(conv(p, C, C, 4) for p in pixels[1:]),
        "join": sum(conv(p, 2 * C, C) for p in pixels[:2]),
        "transformer": sum(map(transformer, pixels)),
    }
    found = {name: 2 * macs for name, macs in both.items()}
    found["gates"] = sum(conv(p, C, 2 * C, 3) for p in pixels)
    found["fusion"] = fusion_block(pixels[0], groups)
    return found


@pytest.fixture(scope="module")
def release():
    made = CMTFusionRelease(Setting(weights="retrained"))
    made.load()
    return made


def pair(height, width):
    return torch.rand(1, 1, height, width), torch.rand(1, 1, height, width)


@pytest.mark.parametrize("size", [(480, 640), (768, 1024), (1024, 1280)])
def test_total(release, size):
    counted = count(release, *pair(*size))
    assert counted.device == "meta"
    assert counted.macs == sum(parts(*size).values())


def test_total_in_words(release):
    """The number that a table shows at 640x480."""
    assert round(2 * sum(parts(480, 640).values()) / 1e9, 1) == 97.6


def test_what_the_authors_program_computes_beyond_this(release):
    """Counted alike, three outputs each: 104.1 G, of which 4.9 G are convolutions before a mean.

    Channel and spatial half of a transformer take three convolutions of 32 to 32 over every pixel
    in the authors' program, and one value per pixel and channel here.
    """
    ir, vis = (torch.zeros(1, 1, 480, 640, device="meta") for _ in range(2))
    network = copy.deepcopy(release.network).to("meta")
    state = network.state_dict()
    totals = []
    for run in (lambda: plain.forward(state, "release", ir, vis), lambda: network(ir, vis)):
        with counting() as counter, torch.inference_mode():
            run()
        totals.append(counter.result("meta").flops / 1e9)
    assert [round(total, 1) for total in totals] == [104.1, 99.1]


def test_coarser_fusion_blocks_do_not_run(release):
    """464,521 parameters take part in three outputs; two fusion blocks of 8,289 are left out."""
    block = 64 * 32 + 32 + 128 * 9 + 128 + 128 * 4 * 9 + 128 + 32 * 4 + 32 + 32 + 1
    assert count(release, *pair(64, 96)).parameters == release.card.parameters - 2 * block


def strips(height, width, halo):
    """Rows that are computed when a map is worked on in strips."""
    rows = max(PIXELS_OF_A_STRIP // width, 4 * halo, 8)
    tops = range(0, height, rows) if rows < height else [0]
    if rows >= height:
        return height
    return sum(min(t + rows + halo, height) - max(t - halo, 0) for t in tops)


def test_strips_on_a_cpu_compute_their_borders_twice(release):
    height, width = 160, 320
    sizes = [(160, 320), (80, 160), (40, 80)]
    extra = 0
    for level, (h, w) in enumerate(sizes):
        refined, gated = strips(h, w, 4) - h, strips(h, w, 1) - h
        extra += 2 * distillation(refined * w) + conv(gated * w, C, 2 * C, 3)
        if level == 0:
            fused = strips(h, w, 2) - h
            block = fusion_block(fused * w, MERGED) - fusion_block(0, MERGED)
            extra += 2 * conv(fused * w, 2 * C, C) + block
    assert extra > 0
    counted = count(release, *pair(height, width), meta=False)
    assert counted.device == "cpu"
    assert counted.macs == sum(parts(height, width, MERGED).values()) + extra
