from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from fusionbench.methods.cmtfusion.training.losses import (
    Weights,
    data_loss,
    frequency_loss,
    objective,
    perceptual_loss,
    spatial_loss,
)

Array = npt.NDArray[np.float64]
Sample = tuple[Tensor, Tensor, Tensor]


@pytest.fixture(params=[(1, 32, 48), (3, 28, 20)])
def sample(request: pytest.FixtureRequest) -> Sample:
    """Fused, IR and VIS of different statistics, in float64."""
    n, h, w = request.param
    rng = np.random.default_rng(h)
    scales = (0.3, 0.9, 0.5)
    fused, ir, vis = (torch.from_numpy(s * rng.uniform(-1, 1, (n, 1, h, w))) for s in scales)
    return fused, ir, vis


def blocks(x: Array, size: int) -> Array:
    """Means of size x size blocks, incomplete ones dropped."""
    n, _, h, w = x.shape
    h, w = h // size, w // size
    return x[:, 0, : h * size, : w * size].reshape(n, h, size, w, size).mean(axis=(2, 4))


def numpy_spatial(fused: Array, source: Array) -> float:
    a, b = blocks(fused, 4), blocks(source, 4)
    total = 0.0
    for n, y, x in np.ndindex(a.shape):
        for dy, dx in ((0, -1), (0, 1), (-1, 0), (1, 0)):
            inside = 0 <= y + dy < a.shape[1] and 0 <= x + dx < a.shape[2]
            next_a = a[n, y + dy, x + dx] if inside else 0.0
            next_b = b[n, y + dy, x + dx] if inside else 0.0
            total += ((b[n, y, x] - next_b) - (a[n, y, x] - next_a)) ** 2
    return total / a.size


def numpy_map(fused: Array, source: Array, sigma: float) -> Array:
    d = np.fft.fft2(fused, norm="ortho") - np.fft.fft2(source, norm="ortho")
    h, w = fused.shape
    low_pass = np.zeros((h, w))
    for y, v in enumerate(np.linspace(-1, 1, h)):
        for x, u in enumerate(np.linspace(-1, 1, w)):
            low_pass[y, x] = np.exp(-(u**2 + v**2) / (2 * sigma**2))
    distance = np.abs(d.real * np.fft.ifftshift(low_pass) + 1j * d.imag)
    return np.clip(distance / distance.max(), 0, 1)


def numpy_frequency(fused: Array, ir: Array, vis: Array) -> float:
    values = []
    for f, i, v in zip(fused[:, 0], ir[:, 0], vis[:, 0], strict=True):
        m_vis, m_ir = numpy_map(f, v, 2.0), numpy_map(f, i, 1.0)
        f_f, f_i, f_v = (np.fft.fft2(x, norm="ortho") for x in (f, i, v))
        weighted = m_vis * np.abs(f_f - f_v) ** 2 + m_ir * np.abs(f_f - f_i) ** 2
        values.append(weighted / (m_vis + m_ir))
    return float(np.mean(values))


def test_data_loss(sample: Sample) -> None:
    fused, ir, vis = sample
    half, quarter = (torch.from_numpy(blocks(fused.numpy(), k))[:, None] * 0.7 for k in (2, 4))
    expected = np.mean(
        [
            np.mean((output.numpy()[:, 0] - blocks(source.numpy(), k)) ** 2)
            for k, output in ((1, fused), (2, half), (4, quarter))
            for source in (ir, vis)
        ]
    )
    assert float(data_loss([fused, half, quarter], ir, vis)) == pytest.approx(expected, rel=1e-12)


def test_data_loss_of_odd_sizes_compares_equal_sizes() -> None:
    ir, vis = torch.full((1, 1, 25, 31), 0.5), torch.full((1, 1, 25, 31), -0.5)
    outputs = [torch.zeros(1, 1, h, w) for h, w in ((25, 31), (13, 16), (7, 8))]
    assert float(data_loss(outputs, ir, vis)) == pytest.approx(0.25)


def test_spatial_loss(sample: Sample) -> None:
    fused, ir, vis = sample
    expected = 0.5 * sum(numpy_spatial(fused.numpy(), x.numpy()) for x in (ir, vis))
    assert float(spatial_loss(fused, ir, vis)) == pytest.approx(expected, rel=1e-12)


def test_frequency_loss(sample: Sample) -> None:
    fused, ir, vis = sample
    expected = numpy_frequency(fused.numpy(), ir.numpy(), vis.numpy())
    assert float(frequency_loss(fused, ir, vis)) == pytest.approx(expected, rel=1e-10)


def test_frequency_maps_carry_no_gradient(sample: Sample) -> None:
    """Then the gradient is that of two weighted squared distances."""
    fused, ir, vis = sample
    x = fused.clone().requires_grad_()
    frequency_loss(x, ir, vis).backward()
    d_vis, d_ir = (np.fft.fft2((fused - s).numpy(), norm="ortho")[:, 0] for s in (vis, ir))
    expected = []
    for i, (f, a, b) in enumerate(zip(fused[:, 0], ir[:, 0], vis[:, 0], strict=True)):
        m_vis, m_ir = numpy_map(f.numpy(), b.numpy(), 2.0), numpy_map(f.numpy(), a.numpy(), 1.0)
        w = m_vis / (m_vis + m_ir)
        pull = w * d_vis[i] + (1 - w) * d_ir[i]
        expected.append(2 * np.fft.ifft2(pull, norm="ortho").real / fused.numel())
    assert x.grad is not None
    assert np.allclose(x.grad.numpy()[:, 0], np.stack(expected), rtol=1e-8, atol=1e-14)


def test_perceptual_loss(sample: Sample) -> None:
    fused, ir, vis = sample

    def features(x: Tensor) -> list[Tensor]:
        return [x**3, torch.cat([x, 2 * x.abs()], dim=1)]

    def distance(a: Array, b: Array) -> float:
        second = (np.abs(a - b) + np.abs(2 * np.abs(a) - 2 * np.abs(b))) / 2
        return float(np.mean(np.abs(a**3 - b**3)) + np.mean(second))

    expected = 0.5 * sum(distance(fused.numpy(), x.numpy()) for x in (ir, vis))
    assert float(perceptual_loss(fused, ir, vis, features)) == pytest.approx(expected, rel=1e-12)


def test_every_loss_is_zero_where_all_three_agree(sample: Sample) -> None:
    fused = sample[0]
    terms = objective([fused], fused, fused, lambda x: [x], Weights())
    assert {name: float(value) for name, value in terms.items()} == dict.fromkeys(terms, 0.0)


def test_objective_is_the_weighted_sum(sample: Sample) -> None:
    fused, ir, vis = sample
    terms = objective([fused], ir, vis, lambda x: [x], Weights())
    expected = (
        terms["data"]
        + 0.8 * terms["spatial"]
        + 0.02 * terms["perceptual"]
        + 0.05 * terms["frequency"]
    )
    assert float(terms["total"]) == pytest.approx(float(expected), rel=1e-12)
    assert all(float(value) > 0 for value in terms.values())


def test_perceptual_weight_without_features_is_an_error() -> None:
    x: Callable[[], Tensor] = lambda: torch.zeros(1, 1, 8, 8)  # noqa: E731
    with pytest.raises(ValueError, match="VGG"):
        objective([x()], x(), x(), None, Weights())
    assert float(objective([x()], x(), x(), None, Weights(perceptual=0))["perceptual"]) == 0
