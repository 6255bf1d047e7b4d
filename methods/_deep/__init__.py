"""What the wrappers of published networks share: loading, blocks, colour and saving."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from fusionbench import (
    Method,
    Weights,
    find_published,
    known_weights,
    load_weights,
    read_weights,
    user_file,
)

if TYPE_CHECKING:
    from torch import Tensor, nn


class DeepMethod(Method):
    """A network with published weights; ``fuse`` is ``prepare``, the network, ``decode``.

    Attributes:
        published: For each weights file that is needed, the names of its copies in
            ``configs/weights.yaml``, best first; empty for one file of the method's own name.
        inside: The key that holds the state dict, where a file wraps it.
        unused: Names and shapes of published parameters that take no part in the forward pass
            (None for an entry that is no tensor); they may be in the file or not.
        network: The network, once loaded.
        shared_version: Raised with any change in ``_deep`` that may change many images.
    """

    shared_version = 1
    published: ClassVar[tuple[tuple[str, ...], ...]] = ()
    inside: ClassVar[str] = ""
    unused: ClassVar[Mapping[str, tuple[int, ...] | None]] = {}
    network: nn.Module

    def build(self) -> nn.Module:
        """The network with random weights."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """The title, and the file where a user named one."""
        asked = self.setting.weights
        if asked is None or asked == "authors":
            return self.card.title
        return f"{self.card.title} ({Path(asked).name})"

    def weights(self) -> Weights:
        """The published weights, or the file named with ``--weights NAME=FILE``.

        Raises:
            WeightsError: They are not there; the message says where they are published.
        """
        asked = self.setting.weights
        if asked is not None and asked != "authors":
            return user_file(self.card.name, asked)
        needed = self.published or ((self.card.name,),)
        files = [[known_weights(name) for name in names] for names in needed]
        return find_published(self.card.name, files, self.setting.finder)

    def load(self) -> None:
        """Build the network and load the weights, strictly.

        Raises:
            WeightsError: A file cannot be read, or does not fit the network.
        """
        weights = self.weights()
        paths = (weights.path, *weights.more)
        state = {k: v for path in paths for k, v in read_weights(path, self.inside).items()}
        network, names = self.build(), " and ".join(path.name for path in paths)
        load_weights(network, state, names, unused=lambda name: self.unused.get(name, False))
        self.network = network.to(self.setting.device).eval()

    def prepare(self, ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor]:
        """What the network is given, from images in [0, 1]: B×1×H×W infrared and visible."""
        return ir, vis

    def raw(self, ir: Tensor, vis: Tensor) -> Tensor:
        """The network's own output, before any clamping, scaling or quantising."""
        output: Tensor = self.network(*self.prepare(ir, vis))
        return output

    def decode(self, raw: Tensor, vis: Tensor) -> Tensor:
        """The fused image in [0, 1], from the network's output and the visible image."""
        return raw

    def fuse(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Fuse a batch; every image is treated as if it were alone."""
        import torch

        with torch.inference_mode():
            return self.decode(self.raw(ir, vis), vis)


class SignedMethod(DeepMethod):
    """A network from luma in [-1, 1] to luma in [-1, 1], with the option ``output``.

    ``minmax`` stretches each image to its own minimum and maximum; ``clip`` maps [-1, 1] to [0, 1].
    """

    def prepare(self, ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor]:
        """Luma in [-1, 1]."""
        return 2 * ir - 1, 2 * vis - 1

    def decode(self, raw: Tensor, vis: Tensor) -> Tensor:
        """Stretched or clipped to [0, 1]."""
        from .colour import from_signed

        return from_signed(raw, self.options["output"])
