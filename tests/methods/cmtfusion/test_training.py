import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from fusionbench.methods.cmtfusion import training
from fusionbench.methods.cmtfusion.checkpoint import Average
from fusionbench.methods.cmtfusion.dataset import Crops, GreyPair, hold_out, load_pairs
from fusionbench.methods.cmtfusion.losses import Weights
from fusionbench.methods.cmtfusion.settings import parse
from fusionbench.methods.cmtfusion.training import Settings, learning_rate, train

SIZE = 64


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Four steps on six small pairs, without VGG."""
    rng = np.random.default_rng(5)
    for kind, channels in (("ir", ()), ("vis", (3,))):
        (tmp_path / kind).mkdir()
        for i in range(6):
            values = rng.integers(0, 256, (SIZE + i, SIZE + 5, *channels), dtype=np.uint8)
            Image.fromarray(values).save(tmp_path / kind / f"{i}.png")
    return Settings(
        ir=tmp_path / "ir",
        vis=tmp_path / "vis",
        out=tmp_path / "out",
        steps=4,
        crop=SIZE,
        batch=1,
        warmup=2,
        hold_out_every=5,
        hold_out_offset=1,
        checkpoint_seconds=0,
        weights=Weights(perceptual=0),
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_run_writes_what_it_says(settings: Settings) -> None:
    weights = train(settings)
    written = rows(settings.out / "train.csv")
    assert [int(row["step"]) for row in written] == [1, 2, 3, 4]
    for row in written:
        weighted = float(row["data"]) + 0.8 * float(row["spatial"]) + 0.05 * float(row["frequency"])
        assert float(row["total"]) == pytest.approx(weighted, rel=1e-5)
    assert [int(row["step"]) for row in rows(settings.out / "validation.csv")] == [4]
    noted = json.loads((settings.out / "settings.json").read_text())
    assert noted["validation_pairs"] == ["1"]
    assert noted["training_pairs"] == ["0", "2", "3", "4", "5"]
    sample = Image.open(settings.out / "samples" / "000004-1.png")
    assert sample.size == (3 * (SIZE + 5), SIZE + 1)
    assert sum(p.numel() for p in load_file(weights).values()) == 464_521


def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load_file(train(settings))
    cut = replace(settings, out=settings.out.with_name("cut"))
    honest = training.train_step

    def killed_at_four(run: training.Run, *rest: object) -> dict[str, float]:
        losses = honest(run, *rest)  # type: ignore[arg-type]
        if run.step == 4:
            raise KeyboardInterrupt
        return losses

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "train_step", killed_at_four)
        train(cut)
    with (cut.out / "train.csv").open("a") as file:
        file.write("9,this row was written after the checkpoint\n")
    resumed = load_file(train(cut))
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())
    columns = [
        [{**row, "seconds": ""} for row in rows(s.out / "train.csv")] for s in (settings, cut)
    ]
    assert columns[0] == columns[1]


def test_another_seed_is_another_run(settings: Settings) -> None:
    short = replace(settings, steps=1)
    first = load_file(train(short))
    other = load_file(train(replace(short, out=settings.out.with_name("other"), seed=1)))
    assert any(not torch.equal(value, other[name]) for name, value in first.items())


def test_learning_rate() -> None:
    here = Path()
    settings = Settings(here, here, here, steps=100, lr=1e-3, final_lr=1e-5, warmup=10)
    assert learning_rate(settings, 0, 0.0) == pytest.approx(1e-4)
    assert learning_rate(settings, 9, 0.09) == pytest.approx(1e-3)
    assert learning_rate(settings, 50, 0.5) == pytest.approx((1e-3 + 1e-5) / 2)
    assert learning_rate(settings, 100, 1.2) == pytest.approx(1e-5)


def test_average_follows_the_parameters() -> None:
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(network.weight, 1.0)
    average = Average(network, 0.5)
    torch.nn.init.constant_(network.weight, 2.0)
    expected = 1.0
    for n in range(1, 30):
        average.update(network)
        decay = min(0.5, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * 2.0
        assert float(average.state["weight"]) == pytest.approx(expected, rel=1e-6)


def test_crops_keep_the_modalities_aligned() -> None:
    image = np.arange(40 * 50, dtype=np.int64).reshape(40, 50)
    ir, vis = (image % 251).astype(np.uint8), (250 - image % 251).astype(np.uint8)
    crops = Crops([GreyPair("a", ir, vis)], 16, np.random.default_rng(0))
    a, b = crops.batch(20)
    assert a.shape == b.shape == (20, 1, 16, 16)
    assert torch.allclose((a + 1) * 127.5 + (b + 1) * 127.5, torch.full_like(a, 250.0), atol=1e-3)
    assert len({float(x[0, 0, 0]) for x in a}) > 5
    directions = {(float(x[0, 0, 1] > x[0, 0, 0]), float(x[0, 1, 0] > x[0, 0, 0])) for x in a}
    assert len(directions) > 1


def test_hold_out_splits_by_index() -> None:
    dot = np.zeros((1, 1), dtype=np.uint8)
    pairs = [GreyPair(str(i), dot, dot) for i in range(30)]
    kept, held = hold_out(pairs, 10, 5, 2)
    assert [pair.id for pair in held] == ["5", "15"]
    assert len(kept) == 28 and not {pair.id for pair in kept} & {"5", "15"}


def test_luma_is_pillows(settings: Settings) -> None:
    rgb = np.asarray(Image.open(settings.vis / "0.png")).astype(np.int64)
    expected = (rgb @ np.array([19595, 38470, 7471]) + 32768) >> 16
    assert np.array_equal(load_pairs(settings.ir, settings.vis)[0].vis, expected)


def test_pairs_that_do_not_match_are_refused(settings: Settings) -> None:
    (settings.ir / "5.png").rename(settings.ir / "7.png")
    with pytest.raises(ValueError, match=r"2 images without a partner.*5, 7"):
        load_pairs(settings.ir, settings.vis)


def test_pairs_of_two_sizes_are_refused(settings: Settings) -> None:
    Image.new("L", (3, 3)).save(settings.ir / "5.png")
    with pytest.raises(ValueError, match="two sizes: 5"):
        load_pairs(settings.ir, settings.vis)


def test_images_smaller_than_a_crop_are_refused(settings: Settings) -> None:
    with pytest.raises(ValueError, match="smaller than a crop of 66 pixels: 0"):
        train(replace(settings, crop=66))


@pytest.mark.parametrize("missing", ["steps"])
def test_a_run_without_an_end_is_refused(settings: Settings, missing: str) -> None:
    with pytest.raises(ValueError, match="steps or of minutes"):
        train(replace(settings, **{missing: 0}))


def test_command_line() -> None:
    words = "--ir a --vis b --out c --variant patch --steps 7 --lr 0.5 --weight-spatial 3"
    settings = parse([*words.split(), "--perceptual-weights", "f.pth"])
    assert settings == Settings(
        Path("a"),
        Path("b"),
        Path("c"),
        variant="patch",
        steps=7,
        lr=0.5,
        perceptual_weights=Path("f.pth"),
        weights=Weights(spatial=3.0),
    )


def test_pair_loader_type(shared: Callable[[str], Path]) -> None:
    """The data set the shipped weights were trained on is read whole."""
    root = shared("data/RoadScene")
    pairs = load_pairs(root / "cropinfrared", root / "crop_LR_visible")
    assert len(pairs) == 221
    assert all(pair.ir.shape == pair.vis.shape for pair in pairs)
