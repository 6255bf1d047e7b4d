"""The CMTFusion network, in the three variants that are published.

Park, Vien, Lee, "Cross-Modal Transformers for Infrared and Visible Image Fusion", IEEE TCSVT 2023,
doi 10.1109/TCSVT.2023.3289170.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fusionbench import load_weights, read_weights

from .blocks import CHANNELS, RFDB, SFC, Down, Named, Up, gelu, in_strips, with_edges
from .transformer import Stage, Variant

SMALLEST = 60
"""Smaller images are padded: the attention's pooling needs 15 pixels a side at the third level."""

_PER_LEVEL = {
    "ir": {
        3: ("conv11_1", "", ""),
        2: ("conv11_3", "up_eval2", "conv1_2"),
        1: ("conv11_5", "up_eval6", "conv2_2"),
    },
    "rgb": {
        3: ("conv11_2", "", ""),
        2: ("conv11_4", "up_eval1", "conv1_1"),
        1: ("conv11_6", "up_eval5", "conv2_1"),
    },
}


class CMTFusion(nn.Module):
    """IR and VIS, N x 1 x H x W in [-1, 1], to the fused image and two coarser levels in [-1, 1].

    ``release`` is the authors' code, ``paper`` what the publication says, ``patch`` the network of
    minmaxHong/Research. The variants differ in the input of each stream, in the order inside a
    level, in the gate and in the spatial half of the transformer; the published weights of one do
    not fit another.
    """

    def __init__(self, variant: Variant = "release") -> None:
        super().__init__()
        self.variant: Variant = variant
        inputs = 1 if variant == "paper" else 2
        self.conv_ir1, self.conv_rgb1 = Named(inputs, CHANNELS, 3), Named(inputs, CHANNELS, 3)
        self.down1, self.down2, self.down3, self.down4 = Down(), Down(), Down(), Down()
        for stream, levels in _PER_LEVEL.items():
            for level, (one, up, join) in levels.items():
                self.add_module(f"{stream}_encoder_level{level}", RFDB())
                self.add_module(one, Named(CHANNELS, CHANNELS, 1))
                if up:
                    self.add_module(up, Up())
                    self.add_module(join, Named(2 * CHANNELS, CHANNELS, 1))
        for level in (3, 2, 1):
            self.add_module(f"Stage{level}_1", Stage(variant))
            self.add_module(f"conv{9 - level}", SFC())

    def forward(self, ir: Tensor, vis: Tensor, levels: int = 3) -> tuple[Tensor, ...]:
        """The outputs of the first ``levels`` levels, full size first, each N x 1 x H_l x W_l.

        H_l is H, ceil(H/2), ceil(ceil(H/2)/2); W_l likewise. With ``levels=1`` nothing is computed
        that only the coarser outputs need. Float32 results vary in the last digits with ``levels``,
        as sums are taken apart.
        """
        height, width = ir.shape[-2:]
        pad = (0, max(SMALLEST - width, 0), 0, max(SMALLEST - height, 0))
        if any(pad):
            ir, vis = (F.pad(x, pad, mode="replicate") for x in (ir, vis))
        outputs = self._forward(ir, vis, levels)
        sizes = [(-(-height // 2**i), -(-width // 2**i)) for i in range(levels)]
        return tuple(x[..., :h, :w] for x, (h, w) in zip(outputs, sizes, strict=True))

    def _forward(self, ir: Tensor, vis: Tensor, levels: int) -> list[Tensor]:
        if self.variant != "paper":
            ir, vis = with_edges(ir, vis)
        own_ir = self._pyramid("ir", self.conv_ir1, (self.down1, self.down2), ir)
        own_vis = self._pyramid("rgb", self.conv_rgb1, (self.down3, self.down4), vis)
        outputs: list[Tensor] = []
        below_ir = below_vis = None
        for level in (3, 2, 1):
            x_ir = self._features("ir", level, own_ir.pop(), below_ir)
            x_vis = self._features("rgb", level, own_vis.pop(), below_vis)
            below_ir, below_vis, output = self._fuse(level, x_ir, x_vis, level <= levels)
            outputs[:0] = [output] if level <= levels else []
        return outputs

    def _pyramid(
        self, stream: str, stem: Named, downs: tuple[Down, Down], x: Tensor
    ) -> list[Tensor]:
        """Level 1, 2 and 3 features of one modality, before distillation."""
        x = stem(x.contiguous(memory_format=torch.channels_last))
        maps = []
        for level in (1, 2, 3):
            maps.append(self.get_submodule(_PER_LEVEL[stream][level][0])(x))
            if level < 3:
                x = downs[level - 1](x)
        return maps

    def _features(self, stream: str, level: int, own: Tensor, below: Tensor | None) -> Tensor:
        """A level's features joined with the level below; distilled before, ``paper``: after."""
        rfdb = self.get_submodule(f"{stream}_encoder_level{level}")
        assert isinstance(rfdb, RFDB)
        if self.variant == "paper":
            (own,) = in_strips(
                lambda *x: (self._join(stream, level, *x),), self._up(stream, level, own, below), 0
            )
            return in_strips(lambda *x: (rfdb.esa.scale(*x),), rfdb(own), 0)[0]

        def scale_and_join(x: Tensor, a: Tensor, coarse: Tensor, *up: Tensor) -> tuple[Tensor]:
            return (self._join(stream, level, rfdb.esa.scale(x, a, coarse), *up),)

        parts = rfdb(own)
        return in_strips(scale_and_join, [*parts, *self._up(stream, level, own, below)[1:]], 0)[0]

    def _up(self, stream: str, level: int, own: Tensor, below: Tensor | None) -> list[Tensor]:
        if below is None:
            return [own]
        return [own, self.get_submodule(_PER_LEVEL[stream][level][1])(below, *own.shape[-2:])]

    def _join(self, stream: str, level: int, own: Tensor, *up: Tensor) -> Tensor:
        if not up:
            return own
        both = torch.cat([own, gelu(up[0])], dim=1)
        return self.get_submodule(_PER_LEVEL[stream][level][2])(both)  # type: ignore[no-any-return]

    def _fuse(
        self, level: int, ir: Tensor, vis: Tensor, wanted: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Transformers and fusion block: maps for the level above, and the output if wanted."""
        stage, sfc = self.get_submodule(f"Stage{level}_1"), self.get_submodule(f"conv{9 - level}")
        assert isinstance(stage, Stage) and isinstance(sfc, SFC)
        key_ir, key_vis = stage.keys(ir, vis)
        t_ir, t_vis = stage.fusionTransformer_ir, stage.fusionTransformer_vis
        channel_ir, spatial_ir = t_ir.scales(ir, key_vis)
        channel_vis, spatial_vis = t_vis.scales(vis, key_ir)
        weights = sfc.weights() if wanted else None

        def local(
            ir: Tensor, vis: Tensor, spatial_ir: Tensor, spatial_vis: Tensor
        ) -> tuple[Tensor, ...]:
            ir_hat = t_ir.join(ir, spatial_ir, channel_ir)
            vis_hat = t_vis.join(vis, spatial_vis, channel_vis)
            maps = (ir_hat, vis_hat) if level > 1 else ()
            return (*maps, sfc(torch.cat([vis_hat, ir_hat], dim=1), weights)) if weights else maps

        results = in_strips(local, [ir, vis, spatial_ir, spatial_vis], 2 if wanted else 0)
        if level == 1:
            return ir, vis, results[0]
        return results[0], results[1], results[-1]


UNUSED = re.compile(
    r"conv_g_(ir|rgb)\..+|conv_pre1\..+|up_eval[3478]\..+|conv[12]_[34]\..+|conv9\..+|fft\..+"
    r"|conv[678]\.(se|hd|cp|pw)_bn\..+|conv[678]\.conv8\..+"
)
"""Parameters of the published checkpoints that take no part in the forward pass."""


def read_state(path: Path) -> dict[str, Any]:
    """What a file holds by name (see :func:`fusionbench.checkpoints.read_weights`)."""
    return read_weights(path)


def load_state(network: CMTFusion, state: Mapping[str, Tensor], source: str = "weights") -> None:
    """Load a state dict, strictly; it may hold the known unused parameters.

    Raises:
        WeightsError: A parameter is unknown, missing or of another shape; all of them are listed.
    """
    load_weights(
        network,
        {name.removeprefix("module."): value for name, value in state.items()},
        source,
        unused=lambda name: None if UNUSED.fullmatch(name) else False,
        what=f"CMTFusion's '{network.variant}' variant",
    )
