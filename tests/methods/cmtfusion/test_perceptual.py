from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.signal import correlate
from torch import Tensor

from fusionbench.methods.cmtfusion.training.losses import VGGFeatures, load_features

Array = npt.NDArray[np.float64]
WIDTHS = (3, 4, 4, 5, 5, 6, 6)
TORCHVISION = (0, 2, 5, 7, 10, 12)
NORMALISED = (2, 5, 9, 12, 16)


def random_state(prefix: str, numbers: tuple[int, ...]) -> dict[str, Tensor]:
    """Weights of the layout, with few channels."""
    torch.manual_seed(1)
    state = {}
    for n, inputs, outputs in zip(numbers, WIDTHS[:-1], WIDTHS[1:], strict=False):
        state[f"{prefix}{n}.weight"] = torch.randn(outputs, inputs, 3, 3)
        state[f"{prefix}{n}.bias"] = torch.randn(outputs)
    return state


def layer(x: Array, weight: Tensor, bias: Tensor, mode: str) -> Array:
    """Padded 3x3 convolution and ReLU, C x H x W."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)), mode=mode)  # type: ignore[call-overload]
    maps = [
        correlate(padded, w.double().numpy(), mode="valid", method="direct")[0] + float(b)
        for w, b in zip(weight, bias, strict=True)
    ]
    return np.maximum(np.stack(maps), 0)


def pool(x: Array) -> Array:
    c, h, w = x.shape
    h, w = h // 2, w // 2
    return x[:, : 2 * h, : 2 * w].reshape(c, h, 2, w, 2).max(axis=(2, 4))


def by_hand(x: Array, state: dict[str, Tensor], names: list[str], mode: str) -> list[Array]:
    taps = []
    for i, name in enumerate(names):
        if i in (2, 4):
            taps.append(x)
            x = pool(x)
        x = layer(x, state[f"{name}.weight"], state[f"{name}.bias"], mode)
    return [*taps, x]


def compare(model: VGGFeatures, image: Array, expected: list[Array]) -> None:
    taps = model(torch.from_numpy(image).float()[None, None])
    assert len(taps) == len(expected) == 3
    for tap, reference in zip(taps, expected, strict=True):
        assert np.allclose(
            tap[0].numpy(), reference, rtol=1e-4, atol=1e-4 * np.abs(reference).max()
        )


@pytest.fixture
def image() -> Array:
    return np.random.default_rng(0).uniform(-1, 1, (14, 19))


def test_torchvision_layout(image: Array) -> None:
    state = random_state("features.", TORCHVISION)
    state["classifier.0.weight"] = torch.zeros(1)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    x = np.stack([((image + 1) / 2 - m) / s for m, s in zip(mean, std, strict=True)])
    names = [f"features.{n}" for n in TORCHVISION]
    compare(VGGFeatures(state), image, by_hand(x, state, names, "constant"))


def test_normalised_layout(image: Array) -> None:
    state = random_state("", NORMALISED)
    state["0.weight"], state["0.bias"] = torch.randn(3, 3, 1, 1), torch.randn(3)
    rgb = np.stack([(image + 1) / 2] * 3)
    matrix = state["0.weight"].double().numpy()[:, :, 0, 0]
    x = np.einsum("oc,chw->ohw", matrix, rgb) + state["0.bias"].double().numpy()[:, None, None]
    names = [str(n) for n in NORMALISED]
    compare(VGGFeatures(state), image, by_hand(x, state, names, "reflect"))


def test_missing_layers_are_named() -> None:
    state = random_state("features.", TORCHVISION)
    del state["features.7.bias"]
    with pytest.raises(ValueError, match=r"features\.7\.bias missing"):
        VGGFeatures(state)


def test_gradients_reach_the_image_and_not_the_weights() -> None:
    model = VGGFeatures(random_state("features.", TORCHVISION))
    x = torch.rand(1, 1, 16, 16, requires_grad=True)
    sum((tap.sum() for tap in model(x)), torch.zeros(())).backward()
    assert x.grad is not None and float(x.grad.abs().max()) > 0
    assert list(model.parameters()) == []


@pytest.mark.reference
def test_the_reference_file_is_normalised(shared: Callable[[str], Path]) -> None:
    """Its channels have a mean activation of about 1 on photographs."""
    from PIL import Image

    model = load_features(shared("weights/vgg19/vgg_normalised_conv3_1.pth"))
    grey = Image.open(shared("reference/methods/golden/_inputs/FLIR_00452_vi.png")).convert("L")
    x = torch.from_numpy(np.asarray(grey).copy()).float()[None, None] / 127.5 - 1
    with torch.no_grad():
        taps = model(x)
    assert [tap.shape[1] for tap in taps] == [64, 128, 256]
    assert all(0.3 < float(tap.mean()) < 3 for tap in taps)
