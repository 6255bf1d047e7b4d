from collections.abc import Callable
from types import ModuleType

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from fusionbench.methods.cmtfusion import blocks
from fusionbench.methods.cmtfusion.blocks import gelu, merged
from fusionbench.methods.cmtfusion.network import CMTFusion
from fusionbench.methods.cmtfusion.transformer import Variant

VARIANTS: tuple[Variant, ...] = ("paper", "release", "patch")
SHAPES = [(1, 1, 64, 96), (2, 1, 60, 72), (1, 1, 61, 83), (3, 1, 66, 61)]

Images = Callable[..., tuple[Tensor, Tensor]]
Build = Callable[[Variant], CMTFusion]


def largest(a: Tensor, b: Tensor) -> float:
    assert a.shape == b.shape
    return float((a - b).abs().max())


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("gradients", [False, True])
def test_equals_the_plain_transcription(
    plain: ModuleType,
    random_network: Build,
    images: Images,
    variant: Variant,
    shape: tuple[int, ...],
    gradients: bool,
) -> None:
    network, (ir, vis) = random_network(variant), images(*shape)
    with torch.no_grad():
        expected = plain.forward(network.state_dict(), variant, ir, vis)
    with torch.set_grad_enabled(gradients):
        outputs = network(ir, vis)
    assert len(outputs) == 3
    for output, reference in zip(outputs, expected, strict=True):
        assert reference.std() > 0.01
        assert largest(output.detach(), reference) < 1e-5


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("rows", [8, 13])
def test_strips_do_not_show(
    random_network: Build,
    images: Images,
    monkeypatch: pytest.MonkeyPatch,
    variant: Variant,
    rows: int,
) -> None:
    network, (ir, vis) = random_network(variant), images(2, 1, 97, 64)
    with torch.no_grad():
        whole = network(ir, vis)
        monkeypatch.setattr(blocks, "PIXELS", rows * 64 * 2)
        assert all(largest(a, b) < 2e-6 for a, b in zip(network(ir, vis), whole, strict=True))


def test_in_strips_really_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "PIXELS", 10 * 16)
    heights: list[int] = []

    def box(x: Tensor) -> tuple[Tensor]:
        heights.append(x.shape[2])
        return (F.avg_pool2d(x, 3, stride=1, padding=1),)

    x = torch.rand(1, 4, 45, 16)
    with torch.no_grad():
        (y,) = blocks.in_strips(box, [x], halo=1)
    assert heights == [11, 12, 12, 12, 6]
    assert largest(y, F.avg_pool2d(x, 3, stride=1, padding=1)) == 0


def test_torch_compile_sees_one_graph_without_strips(
    random_network: Build, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, (ir, vis) = random_network("release"), images(1, 1, 64, 72)
    monkeypatch.setattr(blocks, "PIXELS", 8 * 72)
    sizes: list[int] = []

    def count(graph: torch.fx.GraphModule, _: list[Tensor]) -> Callable[..., object]:
        sizes.append(sum(node.op == "call_function" for node in graph.graph.nodes))
        return graph.forward

    with torch.inference_mode():
        expected = network(ir, vis, levels=1)[0]
        network.compile(backend=count, fullgraph=True)
        assert largest(network(ir, vis, levels=1)[0], expected) < 1e-5
    assert len(sizes) == 1 and sizes[0] < 1000


@pytest.mark.parametrize("variant", VARIANTS)
def test_fewer_levels_give_the_same_first_ones(
    random_network: Build, images: Images, variant: Variant
) -> None:
    network, (ir, vis) = random_network(variant), images(1, 1, 75, 90)
    with torch.no_grad():
        full = network(ir, vis)
        for levels in (1, 2):
            some = network(ir, vis, levels=levels)
            assert len(some) == levels
            assert all(largest(a, b) < 1e-6 for a, b in zip(some, full, strict=False))


@pytest.mark.parametrize("size", [(1, 1), (31, 200), (200, 17), (59, 59)])
def test_small_images_are_padded_and_cropped(
    random_network: Build, images: Images, size: tuple[int, int]
) -> None:
    network, (ir, vis) = random_network("release"), images(1, 1, *size)
    with torch.no_grad():
        outputs = network(ir, vis)
    for output in outputs:
        assert tuple(output.shape[-2:]) == size
        assert output.isfinite().all()
        size = (-(-size[0] // 2), -(-size[1] // 2))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_parameter_learns(images: Images, variant: Variant) -> None:
    torch.manual_seed(7)
    network, (ir, vis) = CMTFusion(variant), images(2, 1, 64, 64)
    sum((x.square().sum() for x in network(ir, vis)), torch.zeros(())).backward()
    without = [
        name
        for name, p in network.named_parameters()
        if p.grad is None or not p.grad.isfinite().all() or p.grad.abs().max() == 0
    ]
    assert without == []


@pytest.mark.parametrize("bias", [-90.0, -1e4])
def test_closed_gates_stay_finite(images: Images, bias: float) -> None:
    network, (ir, vis) = CMTFusion("release"), images(1, 1, 64, 64)
    for name, p in network.named_parameters():
        if "bot_conv" in name and name.endswith("bias"):
            torch.nn.init.constant_(p, bias)
    outputs = network(ir, vis)
    outputs[0].square().sum().backward()
    assert all(x.isfinite().all() for x in outputs)
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())


def test_gradients_equal_those_of_the_plain_network(plain: ModuleType, images: Images) -> None:
    torch.manual_seed(3)
    network, (ir, vis) = CMTFusion("release").double(), images(1, 1, 64, 64)
    ir, vis = ir.double(), vis.double()
    state = {name: p.detach().clone().requires_grad_() for name, p in network.named_parameters()}
    for outputs in (network(ir, vis), plain.forward(state, "release", ir, vis)):
        sum((x.square().sum() for x in outputs), torch.zeros(())).backward()
    for name, p in network.named_parameters():
        theirs = state[name].grad
        assert p.grad is not None and theirs is not None
        assert torch.allclose(p.grad, theirs, rtol=1e-6, atol=1e-10), name


def test_the_release_network_holds_the_used_parameters_only() -> None:
    assert sum(p.numel() for p in CMTFusion("release").parameters()) == 464_521
    assert not list(CMTFusion("release").buffers())


def test_gelu_without_gradient_equals_the_fused_one() -> None:
    x = torch.linspace(-12, 12, 100_001)
    reference = F.gelu(x.double(), approximate="tanh")
    with torch.no_grad():
        assert float((gelu(x) - reference).abs().max()) < 2e-6


@pytest.mark.parametrize(
    ("groups", "inputs", "outputs", "factor"), [(32, 1, 4, 8), (32, 4, 4, 2), (8, 2, 3, 4)]
)
def test_merged_groups_give_the_same_convolution(
    groups: int, inputs: int, outputs: int, factor: int
) -> None:
    weight = torch.randn(groups * outputs, inputs, 3, 3)
    x = torch.randn(1, groups * inputs, 9, 11)
    few = F.conv2d(x, merged(weight, groups, factor), padding=1, groups=groups // factor)
    assert largest(few, F.conv2d(x, weight, padding=1, groups=groups)) < 1e-5
