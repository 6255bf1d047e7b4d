"""Which modules run, what their parameters are, and the variants that change them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from fusionbench.errors import FusionBenchError
from fusionbench.profiling.modules import (
    check_variants,
    computes_on_host,
    deviation,
    observe,
    precision,
    reshape,
)


class Net(nn.Module):
    """An encoder that runs, a head that does not, and a layer whose weights are borrowed."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU())
        self.borrowed = nn.Conv2d(4, 1, 1)
        self.unused = nn.Conv2d(4, 99, 3)

    def forward(self, x, *, scale=1.0):
        y = self.encoder(x)
        return scale * nn.functional.conv2d(y, self.borrowed.weight, self.borrowed.bias)


X = torch.linspace(0, 1, 60).reshape(1, 1, 6, 10)


def test_the_outermost_pass_is_kept_with_its_keywords() -> None:
    net = Net()
    seen = observe(lambda: net(2 * X - 1, scale=3.0) + 1)
    (one,) = seen.passes
    assert one.module is net and one.keywords == {"scale": 3.0}
    torch.testing.assert_close(one.arguments[0], 2 * X - 1)
    with torch.inference_mode():
        torch.testing.assert_close(one(), net(2 * X - 1, scale=3.0))


def test_parameters_are_those_that_took_part() -> None:
    net = Net()
    assert observe(lambda: net(X)).parameters == (4 * 9 + 4) + (4 + 1)


def test_parameters_of_attention_with_its_output_projection() -> None:
    attention = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    x = torch.zeros(1, 5, 8)
    seen = observe(lambda: attention(x, x, x))
    assert seen.parameters == 4 * 8 * 8 + 4 * 8 == sum(p.numel() for p in attention.parameters())


def test_an_encoder_used_twice_and_a_decoder_are_three_passes() -> None:
    encoder, decoder = nn.Conv2d(1, 2, 1), nn.Conv2d(2, 1, 1)
    seen = observe(lambda: decoder(encoder(X) + encoder(X * 2)))
    assert [one.module for one in seen.passes] == [encoder, encoder, decoder]
    assert seen.outermost == [encoder, decoder]
    assert seen.parameters == 4 + 3
    again = observe(seen.replay)
    assert [one.module for one in again.passes] == [encoder, encoder, decoder]


def test_no_module_no_model() -> None:
    seen = observe(lambda: X + 1)
    assert seen.passes == [] and seen.parameters is None


@pytest.mark.filterwarnings("error")
def test_hooks_are_gone_after_a_failure() -> None:
    net = Net()
    with pytest.raises(RuntimeError, match="channels"):
        observe(lambda: net(torch.zeros(1, 7, 3, 3)))
    assert [one.module for one in observe(lambda: net(X)).passes] == [net]


def test_the_cpu_is_not_mistaken_for_another_device() -> None:
    assert not computes_on_host(lambda: X.cpu().clone().to("cpu"), X.numel())


def test_tf32_is_off_but_for_tf32() -> None:
    before = torch.backends.cudnn.allow_tf32
    for variant, wanted in (("fp32", False), ("tf32", True), ("amp", False)):
        with precision(variant, "cpu"):
            assert torch.backends.cudnn.allow_tf32 is wanted
            assert torch.backends.cuda.matmul.allow_tf32 is wanted
            assert torch.is_inference_mode_enabled()
            assert torch.is_autocast_enabled("cpu") is (variant == "amp")
    assert torch.backends.cudnn.allow_tf32 is before


def test_channels_last_changes_the_layout_and_not_the_result() -> None:
    net = Net().eval()
    before = net(X)
    reshape("channels-last", [net])
    weight = net.encoder[0].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(net(X), before)


def test_deviation_in_levels_and_absolute() -> None:
    reference = torch.tensor([[[[0.0, 100 / 255, 1.0]]]])
    output = torch.tensor([[[[-0.5, 102.4 / 255, 1.5]]]])
    found = deviation(output.half(), reference)
    assert found.levels == 2
    assert found.absolute == pytest.approx(2.4 / 255, rel=0.02)
    with pytest.raises(ValueError, match="not finite"):
        deviation(output * float("nan"), reference)


def test_tf32_needs_cuda() -> None:
    with pytest.raises(FusionBenchError, match="tf32"):
        check_variants(["fp32", "tf32"], "cpu")
    check_variants(["fp32", "tf32"], "cuda:0")
