"""SDNet: a squeeze-and-decomposition network (its infrared-visible model)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from fusionbench import method

from .._deep import SignedMethod

if TYPE_CHECKING:
    from torch import nn

_DECOMPOSING: dict[str, tuple[int, int, int]] = {
    "sept6": (128, 1, 1),
    **{f"{name}7": (16, 128, 3) for name in ("ir", "vi")},
    **{f"{name}8": (4, 16, 3) for name in ("ir", "vi")},
    **{f"{name}9": (1, 4, 3) for name in ("ir", "vi")},
}


@method(
    "sdnet",
    title="SDNet",
    family="cnn",
    groups=("deep",),
    options={"output": ("minmax", "clip")},
    paper="SDNet: A Versatile Squeeze-and-Decomposition Network for Real-Time Image Fusion",
    authors="Hao Zhang, Jiayi Ma",
    year=2021,
    venue="International Journal of Computer Vision 129",
    doi="10.1007/s11263-021-01501-8",
    licence="MIT",
    parameters=28_705,
)
class SDNet(SignedMethod):
    """Luma in [-1, 1] to luma in (-1, 1), with the authors' TensorFlow weights, converted.

    ``output=minmax`` stretches each image to its own minimum and maximum, as the image saver of the
    authors' program does; ``clip`` maps [-1, 1] to [0, 1].
    """

    unused: ClassVar[dict[str, tuple[int, ...] | None]] = {
        **{f"{k}.weight": (out, inp, size, size) for k, (out, inp, size) in _DECOMPOSING.items()},
        **{f"{k}.bias": (out,) for k, (out, _, _) in _DECOMPOSING.items()},
    }

    def build(self) -> nn.Module:
        """The network with random weights."""
        from .network import SDNet as Network

        return Network()
