"""Multiply-adds against counts by hand."""

from __future__ import annotations

import contextlib
import copy
import threading

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fusionbench import Method, method
from fusionbench.profiling.flops import count, counting, on_meta
from fusionbench.registry import METHODS

HEADS, TOKENS, WIDTH = 4, 16, 8


@pytest.fixture
def make():
    """``make(network, body)``: a loaded method that calls ``body(self, ir, vis)``."""
    before = dict(METHODS._entries)

    def build(network, body):
        @method("counted-here", title="Counted", family="cnn")
        class Counted(Method):
            def fuse(self, ir, vis):
                with torch.inference_mode():
                    body(self.network, ir, vis)
                return ir

        made = Counted()
        made.network = network
        return made

    yield build
    METHODS._entries = before


def macs(call, device="cpu"):
    with torch.device(device), counting() as counter, torch.inference_mode():
        call()
    return counter.result(device)


def ones(*shape):
    return torch.ones(*shape)


BY_HAND = {
    # out pixels x out channels x in channels of a group x kernel
    "conv": (lambda: F.conv2d(ones(2, 4, 9, 7), ones(8, 4, 3, 3), ones(8)), 2 * 7 * 5 * 8 * 4 * 9),
    "conv, stride and padding": (
        lambda: F.conv2d(ones(1, 3, 9, 8), ones(5, 3, 3, 3), stride=2, padding=1),
        5 * 4 * 5 * 3 * 9,
    ),
    "grouped conv": (
        lambda: F.conv2d(ones(1, 12, 5, 6), ones(24, 3, 3, 3), padding=1, groups=4),
        5 * 6 * 24 * 3 * 9,
    ),
    "depthwise conv": (
        lambda: F.conv2d(ones(1, 6, 5, 6), ones(6, 1, 3, 3), padding=1, groups=6),
        5 * 6 * 6 * 9,
    ),
    # in pixels x in channels x out channels of a group x kernel
    "transposed conv": (
        lambda: F.conv_transpose2d(ones(1, 4, 5, 6), ones(4, 7, 4, 4), stride=2, padding=1),
        5 * 6 * 4 * 7 * 16,
    ),
    "grouped transposed conv": (
        lambda: F.conv_transpose2d(ones(1, 4, 5, 6), ones(4, 3, 2, 2), stride=2, groups=2),
        5 * 6 * 4 * 3 * 4,
    ),
    "conv1d": (lambda: F.conv1d(ones(1, 2, 10), ones(3, 2, 5)), 6 * 3 * 2 * 5),
    "linear": (lambda: F.linear(ones(2, 3, 5), ones(7, 5), ones(7)), 2 * 3 * 5 * 7),
    "matmul": (lambda: ones(4, 5) @ ones(5, 6), 4 * 5 * 6),
    "batched matmul": (lambda: ones(3, 2, 4, 5) @ ones(3, 2, 5, 6), 6 * 4 * 5 * 6),
    "matrix and vector": (lambda: ones(4, 5) @ ones(5), 4 * 5),
    "two vectors": (lambda: ones(5) @ ones(5), 5),
    "baddbmm": (lambda: torch.baddbmm(ones(2, 3, 4), ones(2, 3, 5), ones(2, 5, 4)), 2 * 3 * 5 * 4),
    "addbmm": (lambda: torch.addbmm(ones(3, 4), ones(2, 3, 5), ones(2, 5, 4)), 2 * 3 * 5 * 4),
    "addmm in place": (lambda: ones(3, 4).addmm_(ones(3, 5), ones(5, 4)), 3 * 5 * 4),
    "baddbmm in place": (
        lambda: ones(2, 3, 4).baddbmm_(ones(2, 3, 5), ones(2, 5, 4)),
        2 * 3 * 5 * 4,
    ),
    "addmv": (lambda: torch.addmv(ones(3), ones(3, 5), ones(5)), 15),
    "einsum": (lambda: torch.einsum("bij,bkj->bik", ones(2, 3, 4), ones(2, 5, 4)), 2 * 3 * 4 * 5),
    # Q K^T and the weights times V
    "attention": (
        lambda: F.scaled_dot_product_attention(
            ones(2, HEADS, TOKENS, WIDTH), ones(2, HEADS, 20, WIDTH), ones(2, HEADS, 20, WIDTH)
        ),
        2 * HEADS * (TOKENS * WIDTH * 20 + TOKENS * 20 * WIDTH),
    ),
}


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("name", BY_HAND)
def test_operator_by_hand(name, device):
    call, expected = BY_HAND[name]
    counted = macs(call, device)
    assert counted.macs == expected
    assert counted.flops == 2 * expected
    assert sum(counted.by_operator.values()) == expected


def attention_macs(batch, tokens, width):
    """Three projections in, the two products of attention, one projection out."""
    return batch * (4 * tokens * width * width + 2 * tokens * tokens * width)


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("weights", [True, False])
def test_multihead_attention(device, weights):
    block = nn.MultiheadAttention(24, 3, batch_first=True).to(device).eval()
    x = torch.ones(2, 10, 24, device=device)
    counted = macs(lambda: block(x, x, x, need_weights=weights), device)
    assert counted.macs == attention_macs(2, 10, 24)
    assert counted.parameters == 4 * 24 * 24 + 4 * 24


def test_transformer_encoder_layer():
    block = nn.TransformerEncoderLayer(24, 3, dim_feedforward=32, batch_first=True).eval()
    counted = macs(lambda: block(ones(2, 10, 24)))
    assert counted.macs == attention_macs(2, 10, 24) + 2 * (2 * 10 * 24 * 32)
    assert counted.parameters == sum(p.numel() for p in block.parameters())


def test_plain_counter_misses_what_is_set_right_here():
    from torch.utils.flop_counter import FlopCounterMode

    call, expected = BY_HAND["attention"]
    with FlopCounterMode(display=False) as plain, torch.inference_mode():
        call()
    assert plain.get_total_flops() < 2 * expected


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("fast", [False, True])
def test_fast_path_is_as_it_was(fast, fails):
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(fast)
    try:
        with pytest.raises(KeyError) if fails else contextlib.nullcontext(), counting():
            assert not torch.backends.mha.get_fastpath_enabled()
            if fails:
                raise KeyError
        assert torch.backends.mha.get_fastpath_enabled() is fast
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def test_threads_wait_for_each_other_and_see_their_own():
    before = torch.backends.mha.get_fastpath_enabled()
    block = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    found = {}

    def work(tokens):
        for _ in range(5):
            x = torch.ones(1, tokens, 8)
            found.setdefault(tokens, set()).add(macs(lambda: block(x, x, x)).macs)  # noqa: B023

    threads = [threading.Thread(target=work, args=(n,)) for n in (3, 5, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: {attention_macs(1, n, 8)} for n in (3, 5, 7)}
    assert torch.backends.mha.get_fastpath_enabled() is before


def test_uncounted_operators_are_listed_with_calls():
    def call():
        x = F.interpolate(ones(1, 4, 8, 8), scale_factor=2, mode="bilinear")
        x = F.avg_pool2d(F.max_pool2d(F.gelu(x), 2), 2).softmax(1)
        return torch.fft.rfft2(torch.cat([x + x, x * 2 + 1]).permute(1, 0, 2, 3))

    counted = macs(call)
    assert counted.macs == 0
    assert counted.uncounted == {
        "add": 2,
        "avg_pool2d": 1,
        "fft_rfft2": 1,
        "gelu": 1,
        "max_pool2d": 1,
        "mul": 1,
        "softmax": 1,
        "upsample_bilinear2d": 1,
    }


def test_bytes_are_arguments_and_results():
    counted = macs(lambda: F.conv2d(ones(1, 4, 8, 8), ones(6, 4, 3, 3), ones(6), padding=1).relu())
    assert counted.bytes_moved == 4 * (4 * 64 + 6 * 4 * 9 + 6 + 6 * 64)


def network():
    return nn.Sequential(nn.Conv2d(2, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1)).eval()


def fused(net, ir, vis):
    return net(torch.cat([ir, vis], 1))


@pytest.mark.parametrize("meta", [True, False])
def test_method(make, meta):
    made = make(network(), fused)
    pair = torch.rand(1, 1, 20, 30), torch.rand(1, 1, 20, 30)
    counted = count(made, *pair, meta=meta)
    assert counted.macs == 20 * 30 * (2 * 8 * 9 + 8)
    assert counted.parameters == (2 * 8 * 9 + 8) + (8 + 1)
    assert counted.device == ("meta" if meta else "cpu")
    assert counted.by_module == {
        "Sequential": 20 * 30 * 152,
        "Sequential.0": 20 * 30 * 144,
        "Sequential.2": 20 * 30 * 8,
    }
    assert next(made.network.parameters()).device.type == "cpu"


def test_parameters_that_do_not_run_are_left_out_and_shared_ones_count_once(make):
    net = nn.ModuleDict({"a": nn.Linear(4, 4), "unused": nn.Linear(9, 9)})
    net["again"] = copy.copy(net["a"])
    counted = count(
        make(net, lambda n, ir, vis: n["again"](n["a"](ir))),
        torch.rand(1, 1, 4, 4),
        torch.rand(1, 1, 4, 4),
    )
    assert counted.parameters == 20


def test_network_that_needs_values_is_counted_on_its_device(make):
    def body(net, ir, vis):
        return fused(net, ir * float(ir.max().item()), vis)

    counted = count(make(network(), body), torch.rand(1, 1, 8, 8), torch.rand(1, 1, 8, 8))
    assert (counted.device, counted.macs) == ("cpu", 64 * 152)


def test_nothing_for_methods_without_torch(make):
    def numbers(net, ir, vis):
        return ir.numpy() + vis.numpy()

    pair = torch.rand(1, 1, 8, 8), torch.rand(1, 1, 8, 8)
    assert count(make(None, numbers), *pair) is None
    assert count(make(None, lambda net, ir, vis: ir + vis), *pair) is None


def test_error_of_a_network_is_not_hidden(make):
    def body(net, ir, vis):
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        count(make(network(), body), torch.rand(1, 1, 8, 8), torch.rand(1, 1, 8, 8))


def test_meta_copy_shares_nothing(make):
    made = make({"one": [network()], "table": torch.ones(3)}, fused)
    twin = on_meta(made)
    assert twin.network["table"].is_meta
    assert all(p.is_meta for p in twin.network["one"][0].parameters())
    assert not any(p.is_meta for p in made.network["one"][0].parameters())
    assert (twin.setting.device, made.setting.device) == ("meta", "cpu")
