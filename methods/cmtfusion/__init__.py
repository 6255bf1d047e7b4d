"""CMTFusion: cross-modal transformers for infrared and visible image fusion, in three variants.

``cmtfusion`` is the network of the authors' code, ``cmtfusion-paper`` the network as the
publication describes it, ``cmtfusion-patch`` the variant of minmaxHong/Research. They share one
network class; see :mod:`.network`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from fusionbench import Method, Weights, WeightsError, method
from fusionbench.files import sha256_of
from fusionbench.plugins import packaged_weights
from fusionbench.weights import find_published, known_weights, user_file

if TYPE_CHECKING:
    from torch import Tensor

    from .network import CMTFusion
    from .transformer import Variant

RETRAINED = packaged_weights(__file__, "release-retrained.safetensors")

RETRAINED_NOTE = (
    "not the authors': trained from scratch by this project, for 0.14 % of the published schedule, "
    "on 200 RoadScene pairs"
)
_CITATION = {
    "family": "transformer",
    "groups": ("deep",),
    "options": {"output": ("clip", "minmax")},
    "paper": "Cross-Modal Transformers for Infrared and Visible Image Fusion",
    "authors": "Seonghyun Park, An Gia Vien, Chul Lee",
    "year": 2023,
    "venue": "IEEE Transactions on Circuits and Systems for Video Technology",
    "doi": "10.1109/TCSVT.2023.3289170",
    "licence": "MIT",
}


class _CMT(Method):
    """What the variants share: loading, the value range and the mapping of the output.

    The network works in [-1, 1]. Its output x becomes (x + 1) / 2, clipped, with ``output=clip``;
    with ``output=minmax`` each image is stretched to its own minimum and maximum, as the authors'
    code saves its results.
    """

    variant: ClassVar[Variant] = "release"
    network: CMTFusion

    def weights(self) -> Weights:
        """The weights file, whose they are and where they come from."""
        raise NotImplementedError

    def load(self) -> None:
        """Build the network and load the weights, strictly."""
        from .loading import load_state, read_state
        from .network import CMTFusion

        path = self.weights().path
        network = CMTFusion(self.variant)
        load_state(network, read_state(path), str(path))
        self.network = network.to(self.setting.device).eval()

    def fuse(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Fuse luma with luma."""
        import torch

        x: Tensor
        with torch.inference_mode():
            (x,) = self.network(2 * ir - 1, 2 * vis - 1, levels=1)
        if self.options["output"] == "clip":
            return ((x + 1) / 2).clamp(0, 1)
        low, high = x.amin(dim=(1, 2, 3), keepdim=True), x.amax(dim=(1, 2, 3), keepdim=True)
        return (x - low) / (high - low).clamp_min(torch.finfo(x.dtype).eps)


@method("cmtfusion", title="CMTFusion", parameters=464_521, training_data=("KAIST",), **_CITATION)
class CMTFusionRelease(_CMT):
    """The authors' code, with the authors' weights where found, else with retrained ones."""

    @property
    def label(self) -> str:
        """The title and whose weights."""
        whose = {"authors": "authors' weights", "retrained": "retrained"}
        used = self.weights()
        return f"{self.card.title} ({whose.get(used.origin, used.path.name)})"

    def weights(self) -> Weights:
        """As asked for with ``--weights cmtfusion=authors|retrained|FILE``; else the best there is.

        Raises:
            WeightsError: The authors' file or the user's was asked for and is not there.
        """
        asked = self.setting.weights
        if asked not in (None, "authors", "retrained"):
            return user_file(self.card.name, str(asked))
        published = known_weights(self.card.name)
        path = None if asked == "retrained" else self.setting.finder.find(published)
        if path is not None:
            return Weights("authors", path, published.sha256, published.note)
        if asked == "authors":
            raise published.missing(self.card.name)
        sha256, trained_on = sha256_of(RETRAINED), ("RoadScene",)
        return Weights("retrained", RETRAINED, sha256, RETRAINED_NOTE, trained_on=trained_on)


@method("cmtfusion-paper", title="CMTFusion (paper)", parameters=470_185, **_CITATION)
class CMTFusionPaper(_CMT):
    """The network as the publication describes it; nobody has published weights for it."""

    variant: ClassVar[Variant] = "paper"

    def weights(self) -> Weights:
        """The user's file.

        Raises:
            WeightsError: None was named, or it is not there.
        """
        name = self.card.name
        if self.setting.weights is None:
            raise WeightsError(
                f"method '{name}' has no published weights. Train it with `python -m "
                f"fusionbench.methods.cmtfusion.training --variant paper ...` and name the file "
                f"with --weights {name}=FILE, or leave the method out with --methods ...,-{name}"
            )
        return user_file(name, self.setting.weights)


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
        return find_published(name, [[known_weights(name)]], self.setting.finder)
