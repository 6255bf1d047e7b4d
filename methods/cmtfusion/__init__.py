"""CMTFusion: cross-modal transformers for infrared and visible image fusion, in three variants.

``cmtfusion`` is the network of the authors' code, ``cmtfusion-paper`` the network as the
publication describes it, ``cmtfusion-patch`` the variant of minmaxHong/Research. They share one
network class; see :mod:`.network`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from fusionbench import (
    Method,
    Weights,
    added_weights,
    find_published,
    known_weights,
    method,
    packaged_weights,
    read_card,
    sha256_of,
    trained_pairs,
    user_file,
)

if TYPE_CHECKING:
    from torch import Tensor

    from fusionbench import TrainingRequest

    from .network import CMTFusion
    from .transformer import Variant

RETRAINED = {
    variant: packaged_weights(__file__, f"{variant}-retrained.safetensors")
    for variant in ("release", "paper")
}
_CITATION = {
    "family": "transformer",
    "groups": ("deep",),
    "options": {"output": ("minmax", "clip")},
    "paper": "Cross-Modal Transformers for Infrared and Visible Image Fusion",
    "authors": "Seonghyun Park, An Gia Vien, Chul Lee",
    "year": 2023,
    "venue": "IEEE Transactions on Circuits and Systems for Video Technology",
    "doi": "10.1109/TCSVT.2023.3289170",
    "licence": "MIT",
    "notes": "Its operations are counted as on a GPU, for the one image that is saved: at 640x480 "
    "97.6 G against 104.1 G of the authors' program, which also makes two coarser images and runs "
    "1x1 convolutions over every pixel before it takes their mean.",
}


class _CMT(Method):
    """What the variants share: loading, the value range and the mapping of the output.

    The network works in [-1, 1]. Each image is stretched to its own minimum and maximum
    (``output=minmax``), as the authors' code saves its results; with ``output=clip`` the output x
    becomes (x + 1) / 2, clipped.
    """

    variant: ClassVar[Variant] = "release"
    accepts_other_files: ClassVar[bool] = True
    network: CMTFusion

    @property
    def label(self) -> str:
        """The variant and whose weights."""
        whose = {"authors": "authors' weights", "retrained": "retrained", "added": "added weights"}
        used = self.weights()
        variant: list[str] = [] if self.variant == "release" else [self.variant]
        if self.variant != "patch" or used.origin != "authors":
            variant.append(whose.get(used.origin, used.path.name))
        return f"CMTFusion ({', '.join(variant)})"

    def weights(self) -> Weights:
        """The weights file, whose they are and where they come from."""
        raise NotImplementedError

    def load(self) -> None:
        """Build the network and load the weights, strictly."""
        from .network import CMTFusion, load_state, read_state

        path = self.weights().path
        network = CMTFusion(self.variant)
        load_state(network, read_state(path), str(path))
        self.network = network.to(self.setting.device).eval()

    def fuse(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Fuse luma with luma."""
        import torch

        from .._deep.colour import from_signed

        with torch.inference_mode():
            (fused,) = self.network(2 * ir - 1, 2 * vis - 1, levels=1)
            return from_signed(fused, self.options["output"])

    @classmethod
    def check_weights(cls, path: Path) -> None:
        """Load a file into a network that is thrown away."""
        from .network import CMTFusion, load_state, read_state

        load_state(CMTFusion(cls.variant), read_state(path), str(path))

    @classmethod
    def train(cls, request: TrainingRequest, arguments: Sequence[str]) -> Path:
        """Train this variant, or another with ``--variant``; see :mod:`.training`."""
        from .training.loop import train
        from .training.settings import parse

        return train(request, parse(arguments, cls.variant))

    @classmethod
    def training_options(cls) -> str:
        """The options in words."""
        from .training.settings import describe

        return describe(cls.variant)


def _retrained(variant: Variant) -> Weights:
    """The weights that this project trained; their card says on what."""
    path = RETRAINED[variant]
    share = read_card(path)["share_of_published_schedule"]
    pairs = trained_pairs(path)
    data = " and ".join(f"{len(ids)} {name} pairs" for name, ids in pairs.items())
    note = (
        f"not the authors': trained from scratch by this project, for {share:.2%} of the "
        f"published schedule, on {data}"
    )
    return Weights("retrained", path, sha256_of(path), note, trained_on=(), trained_pairs=pairs)


@method("cmtfusion", title="CMTFusion", parameters=464_521, training_data=("KAIST",), **_CITATION)
class CMTFusionRelease(_CMT):
    """The authors' code, with the authors' weights where found, else with retrained ones."""

    def weights(self) -> Weights:
        """As asked for with ``--weights cmtfusion=authors|retrained|FILE``; else the best there is.

        Raises:
            WeightsError: The authors' file or the user's was asked for and is not there.
        """
        asked = self.setting.weights
        if asked not in (None, "authors", "retrained"):
            return user_file(self.card.name, str(asked))
        if asked == "retrained":
            return _retrained("release")
        published = known_weights(self.card.name)
        path = self.setting.finder.find(published)
        if path is not None:
            return Weights("authors", path, published.sha256, published.note)
        if added := added_weights(self.card.name):
            return added
        if asked == "authors":
            raise published.missing(self.card.name)
        return _retrained("release")


@method("cmtfusion-paper", title="CMTFusion (paper)", parameters=470_185, **_CITATION)
class CMTFusionPaper(_CMT):
    """The network as the publication describes it; nobody else has published weights for it."""

    variant: ClassVar[Variant] = "paper"
    accepts_other_files: ClassVar[bool] = False

    def weights(self) -> Weights:
        """The weights that this project trained, or the user's file.

        Raises:
            WeightsError: The user's file is not there.
        """
        if self.setting.weights in (None, "retrained"):
            return _retrained("paper")
        return user_file(self.card.name, str(self.setting.weights))


@method(
    "cmtfusion-patch",
    title="CMTFusion (patch)",
    parameters=464_521,
    training_data=("KAIST",),
    **_CITATION,
)
class CMTFusionPatch(_CMT):
    """minmaxHong's variant: the spatial attention works in four patches."""

    variant: ClassVar[Variant] = "patch"

    def weights(self) -> Weights:
        """The published checkpoint, or the user's file.

        Raises:
            WeightsError: It is not there.
        """
        if self.setting.weights not in (None, "authors"):
            return user_file(self.card.name, str(self.setting.weights))
        name = self.card.name
        found = self.setting.finder.find(known_weights(name))
        if found is None and (added := added_weights(name)):
            return added
        return find_published(name, [[known_weights(name)]], self.setting.finder)
