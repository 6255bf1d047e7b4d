"""Every network with random weights: sizes, batches, parameters, options; no reference needed."""

import re
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from math import prod

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fusionbench import WeightsError
from fusionbench.methods._deep import DeepMethod
from fusionbench.methods.datfuse.network import Attention
from fusionbench.methods.tardal.network import PerImageNorm
from fusionbench.registry import METHODS
from fusionbench.stages.applying import fuse_arrays
from fusionbench.weights import known_weights

PARAMETERS = {
    "datfuse": 10_760,
    "densefuse": 74_193,
    "didfuse": 260_935,
    "flfusenet": 8_568,
    "ifcnn": 83_587,
    "reconet": 7_527,
    "sage": 135_617,
    "sdnet": 67_091,
    "seafusion": 166_883,
    "stdfusion": 282_513,
    "tardal-ct": 296_577,
    "tardal-dt": 296_577,
    "tardal-tt": 296_577,
    "u2fusion": 659_217,
}
"""Of the published checkpoints, unused ones included."""
CHOICES = [
    (name, dict(zip(card.options, values, strict=True)))
    for name in PARAMETERS
    for card in [METHODS[name].plugin.card]
    for values in product(*card.options.values())
]

Random = Callable[..., DeepMethod]
Pair = Callable[..., tuple[Tensor, Tensor]]
every_method = pytest.mark.parametrize("name", PARAMETERS)


def test_the_deep_group_is_these_methods() -> None:
    deep = {entry.name for entry in METHODS.select("deep") if not entry.name.startswith("cmt")}
    assert deep == set(PARAMETERS)
    assert not deep & {entry.name for entry in METHODS.select("baselines")}


@every_method
def test_the_parameters_are_those_of_the_published_checkpoint(name: str) -> None:
    method = METHODS[name].plugin()
    used = sum(p.numel() for p in method.build().parameters())
    learned = re.compile(r".*(weight|bias|table)")
    unused = sum(prod(s) for k, s in method.unused.items() if s and learned.fullmatch(k))
    assert used == method.card.parameters
    assert used + unused == PARAMETERS[name]


@every_method
def test_the_card_is_complete(name: str) -> None:
    card = METHODS[name].plugin.card
    assert card.family in {"cnn", "gan", "transformer", "autoencoder"}
    for text in (card.title, card.paper, card.authors, card.venue, card.licence):
        assert len(text) >= 3
    assert re.fullmatch(r"10\.\d{4,5}/\S+", card.doi) and 2018 < card.year < 2026
    assert METHODS[name].plugin.__doc__


@every_method
def test_without_weights_the_error_says_where_they_are(name: str) -> None:
    method = METHODS[name].plugin()
    first = (method.published or ((name,),))[0][0]
    known = known_weights(first)
    with pytest.raises(WeightsError, match=f"method '{name}' needs") as caught:
        method.weights()
    for part in (known.file, known.sha256, known.licence, known.source, f"{known.bytes:,}"):
        assert part in str(caught.value)


@pytest.mark.parametrize(("name", "options"), CHOICES, ids=str)
def test_a_small_pair_with_every_choice(
    random_method: Random, pair: Pair, name: str, options: dict[str, str]
) -> None:
    method = random_method(name, **options)
    colours = (1,) if method.card.colour == "luma" else (1, 3)
    for channels in colours:
        ir, vis = pair(1, 48, 56, channels)
        fused = method.fuse(ir, vis)
        expected = 1 if options.get("colour") == "gray" else channels
        assert fused.shape == (1, expected, 48, 56)
        assert fused.isfinite().all() and fused.std() > 0


@every_method
def test_the_images_of_a_batch_do_not_see_each_other(
    random_method: Random, pair: Pair, name: str
) -> None:
    method = random_method(name)
    ir, vis = pair(3, 24, 31, 1 if method.card.colour == "luma" else 3)
    ir[1] *= 0.3
    together = method.fuse(ir, vis)
    for i in range(3):
        alone = method.fuse(ir[i : i + 1], vis[i : i + 1])
        assert (together[i] - alone[0]).abs().max() <= 1 / 255 + 1e-6
        assert (together[i] - alone[0]).abs().mean() < 1e-5


@every_method
@pytest.mark.parametrize("size", [(16, 16), (16, 61), (37, 19)])
def test_any_size_and_flat_images(
    random_method: Random, pair: Pair, name: str, size: tuple[int, int]
) -> None:
    method = random_method(name)
    ir, vis = pair(1, *size, 1 if method.card.colour == "luma" else 3)
    for fused in (method.fuse(ir, vis), method.fuse(0 * ir, 0 * vis), method.fuse(0 * ir, vis)):
        assert fused.shape[2:] == size and fused.isfinite().all()


@every_method
def test_the_engine_can_run_it(random_method: Random, name: str) -> None:
    method = random_method(name)
    rng = np.random.default_rng(0)
    ir = rng.integers(0, 256, (20, 33), dtype=np.uint8)
    vis = rng.integers(0, 256, (20, 33, 3), dtype=np.uint8)
    assert fuse_arrays(method, [ir], [vis])[0].shape == (20, 33, 3)
    assert fuse_arrays(method, [ir], [vis[:, :, 0]])[0].shape == (20, 33)
    assert method.label == f"{method.card.title} ({name}.pth)"


def test_listing_methods_imports_no_torch() -> None:
    code = (
        "import sys; from fusionbench.registry import METHODS; assert len(list(METHODS)) > 14;"
        "assert not METHODS.broken, METHODS.broken; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_attention_in_windows_of_one_token_is_its_values() -> None:
    torch.manual_seed(0)
    attention, tokens = Attention(), torch.randn(50, 16)
    q, k, v = attention.qkv(tokens).view(50, 3, 8, 1, 2).unbind(1)
    expected = attention.proj(F.scaled_dot_product_attention(q, k, v).reshape(50, 16))
    torch.testing.assert_close(attention(tokens), expected)


def test_per_image_norm_is_batch_norm_in_training_mode_on_each_image() -> None:
    torch.manual_seed(0)
    own, reference = PerImageNorm(5), nn.BatchNorm2d(5).train()
    for parameter, other in zip(own.parameters(), reference.parameters(), strict=True):
        nn.init.normal_(parameter)
        other.data.copy_(parameter)
    images = torch.randn(3, 5, 9, 8) * 4 + 2
    expected = torch.cat([reference(image[None]) for image in images])
    torch.testing.assert_close(own.eval()(images), expected)
