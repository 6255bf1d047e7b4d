import csv
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from fusionbench import FusionBenchError
from fusionbench.datasets import check_pairs, open_folders
from fusionbench.manifest import DataSetRecord
from fusionbench.methods.cmtfusion.network import CMTFusion
from fusionbench.methods.cmtfusion.training import loop
from fusionbench.methods.cmtfusion.training.crops import (
    Crops,
    GreyPair,
    equal_shares,
    load_pairs,
    to_network,
)
from fusionbench.methods.cmtfusion.training.loop import learning_rate, train
from fusionbench.methods.cmtfusion.training.losses import Weights, find_features
from fusionbench.methods.cmtfusion.training.settings import Settings, describe, parse
from fusionbench.methods.cmtfusion.training.state import Average, pass_through
from fusionbench.methods.cmtfusion.transformer import Variant
from fusionbench.training import TrainingRequest, hold_out

SIZE = 64
SETTINGS = Settings(
    steps=4, crop=SIZE, batch=1, warmup=2, checkpoint_seconds=0, no_perceptual=True, threads=1
)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> DataSetRecord:
    """Six small pairs of several sizes."""
    folder = tmp_path_factory.mktemp("pairs")
    rng = np.random.default_rng(5)
    for kind, channels in (("ir", ()), ("vis", (3,))):
        (folder / kind).mkdir()
        for i in range(6):
            values = rng.integers(0, 256, (SIZE + i, SIZE + 5, *channels), dtype=np.uint8)
            Image.fromarray(values).save(folder / kind / f"{i}.png")
    return check_pairs(open_folders(folder / "ir", folder / "vis", "noise"))


@pytest.fixture
def request_(record: DataSetRecord, tmp_path: Path) -> TrainingRequest:
    ((kept, held),) = hold_out([record], ["1"])
    return TrainingRequest(
        method="cmtfusion", training=(kept,), validation=(held,), out=tmp_path / "out"
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_run_writes_what_it_says(request_: TrainingRequest) -> None:
    told: list[float] = []
    asked = replace(request_, progress=lambda share, words: told.append(share))
    weights = train(asked, SETTINGS)
    out = request_.out
    written = rows(out / "train.csv")
    assert [int(row["step"]) for row in written] == [1, 2, 3, 4]
    for row in written:
        weighted = float(row["data"]) + 0.8 * float(row["spatial"]) + 0.05 * float(row["frequency"])
        assert float(row["total"]) == pytest.approx(weighted, rel=1e-5)
    assert [int(row["step"]) for row in rows(out / "validation.csv")] == [4]
    sample = Image.open(out / "samples" / "000004-1.png")
    assert sample.size == (3 * (SIZE + 5), SIZE + 1)
    assert sum(p.numel() for p in load_file(weights).values()) == 464_521
    assert Image.open(out / "losses.png").size[0] > 500
    assert told[-1] == 1.0 and told == sorted(told)
    card = json.loads(weights.with_suffix(".json").read_text())
    assert card["trained_pairs"] == {"noise": ["0", "2", "3", "4", "5"]}
    assert card["validation_pairs"] == {"noise": ["1"]}
    assert card["schedule"]["pixels"] == 4 * SIZE**2
    assert card["file"]["bytes"] == weights.stat().st_size
    assert not json.dumps(card).count(str(out.parent))


def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    request_: TrainingRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load_file(train(request_, SETTINGS))
    cut = replace(request_, out=request_.out.with_name("cut"))
    honest = loop.train_step

    def killed_at_four(run: loop.Run, *rest: object) -> dict[str, float]:
        losses = honest(run, *rest)  # type: ignore[arg-type]
        if run.step == 4:
            raise KeyboardInterrupt
        return losses

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(loop, "train_step", killed_at_four)
        train(cut, SETTINGS)
    with (cut.out / "train.csv").open("a") as file:
        file.write("9,this row was written after the checkpoint\n")
    resumed = load_file(train(cut, SETTINGS))
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())
    columns = [
        [{**row, "seconds": ""} for row in rows(r.out / "train.csv")] for r in (request_, cut)
    ]
    assert columns[0] == columns[1]


def test_a_run_goes_on_with_what_it_was_made_from_only(
    request_: TrainingRequest, record: DataSetRecord
) -> None:
    short = replace(SETTINGS, steps=1)
    train(request_, short)
    with pytest.raises(FusionBenchError, match=r"other settings: crop \(64, now 128\); go on"):
        train(request_, replace(short, crop=128))
    with pytest.raises(FusionBenchError, match=r"variant \(release, now paper\)"):
        train(request_, replace(short, variant="paper"))
    with pytest.raises(FusionBenchError, match=r"training noise all \("):
        train(replace(request_, training=(record,)), short)
    with pytest.raises(FusionBenchError, match=r"seed \(0, now 5\)"):
        train(replace(request_, seed=5), short)
    train(request_, replace(short, steps=2, threads=2))
    assert len(rows(request_.out / "train.csv")) == 2


def test_another_seed_or_other_initial_weights_are_another_run(request_: TrainingRequest) -> None:
    short = replace(SETTINGS, steps=1)
    first = train(request_, short)
    other = train(replace(request_, out=request_.out.with_name("other"), seed=1), short)
    fewer = request_.training[0].model_copy(update={"pairs": request_.training[0].pairs[:1]})
    third_at = replace(request_, out=request_.out.with_name("third"), training=(fewer,))
    third = train(third_at, replace(short, initial=first, lr=0.0, final_lr=0.0, warmup=0))
    a, b, c = (load_file(path) for path in (first, other, third))
    assert any(not torch.equal(value, b[name]) for name, value in a.items())
    assert all(torch.allclose(value, c[name], atol=1e-6) for name, value in a.items())
    card = json.loads(third.with_suffix(".json").read_text())
    assert card["trained_pairs"] == {"noise": ["0", "2", "3", "4", "5"]}
    assert card["started_from"]["schedule"]["steps"] == 1
    assert card["share_of_published_schedule"] == pytest.approx(2 * SIZE**2 / (4e5 * 256**2))


@pytest.mark.slow
@pytest.mark.parametrize("numerics", [{"amp": True}, {"adamw": True}])
def test_other_numerics_run(request_: TrainingRequest, numerics: dict[str, bool]) -> None:
    exact, other = replace(SETTINGS, steps=1), replace(SETTINGS, steps=1, **numerics)
    train(request_, exact)
    train(replace(request_, out=request_.out.with_name("other")), other)
    totals = [
        float(rows(request_.out.with_name(name) / "train.csv")[0]["total"])
        for name in ("out", "other")
    ]
    assert totals[0] == pytest.approx(totals[1], rel=0.05)


@pytest.mark.slow
def test_a_compiled_network_takes_the_same_step(
    request_: TrainingRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = train(request_, replace(SETTINGS, steps=1))
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    compiled = replace(request_, out=request_.out.with_name("compiled"))
    other = load_file(train(compiled, replace(SETTINGS, steps=1, compile=True)))
    assert all(torch.allclose(p, other[name], atol=1e-6) for name, p in load_file(exact).items())


@pytest.mark.gpu
def test_a_step_on_the_gpu_is_the_step_on_the_cpu(request_: TrainingRequest) -> None:
    train(request_, replace(SETTINGS, steps=1))
    there = replace(request_, out=request_.out.with_name("gpu"), device="cuda")
    train(there, replace(SETTINGS, steps=1))
    totals = [float(rows(r.out / "train.csv")[0]["total"]) for r in (request_, there)]
    assert totals[0] == pytest.approx(totals[1], rel=1e-4)


@pytest.mark.parametrize(("variant", "error"), [("release", 0.15), ("paper", 0.1)])
def test_the_pass_through_start_keeps_the_mean_and_fine_detail(
    variant: Variant, error: float
) -> None:
    torch.manual_seed(0)
    ir, vis = (blurred(torch.rand(2, 1, 96, 96)) for _ in range(2))
    mean = (ir + vis) / 2
    network = CMTFusion(variant)
    with torch.no_grad():
        before = network(ir, vis)[0]
        pass_through(network, ir, vis)
        after = network(ir, vis)
    assert [x.shape[-1] for x in after] == [96, 48, 24]
    assert float((after[0] - mean).square().mean().sqrt()) < error * float(mean.std()) * 4
    assert correlation(detail(after[0]), detail(mean)) > 0.8
    assert correlation(detail(before), detail(mean)) < 0.8


def blurred(x: torch.Tensor) -> torch.Tensor:
    """Coarse structure and texture, in [-1, 1]."""
    coarse = torch.nn.functional.avg_pool2d(x, 15, 1, 7) - 0.5
    return (4 * coarse + 0.4 * (x - 0.5)).clamp(-1, 1)


def detail(x: torch.Tensor) -> torch.Tensor:
    return x - torch.nn.functional.avg_pool2d(x, 5, 1, 2)


def correlation(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1])


def test_learning_rate() -> None:
    settings = Settings(steps=100, lr=1e-3, final_lr=1e-5, warmup=10)
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
    image = torch.arange(40 * 50).reshape(40, 50) % 251
    images = torch.stack([image, 250 - image]).to(torch.uint8)
    a, b = Crops([GreyPair("a", images)], 16, np.random.default_rng(0)).batch(20)
    assert a.shape == b.shape == (20, 1, 16, 16)
    assert torch.allclose((a + 1) * 127.5 + (b + 1) * 127.5, torch.full_like(a, 250.0), atol=1e-3)
    assert len({float(x[0, 0, 0]) for x in a}) > 5
    directions = {(float(x[0, 0, 1] > x[0, 0, 0]), float(x[0, 1, 0] > x[0, 0, 0])) for x in a}
    assert len(directions) > 1


def test_tones_move_both_sources_alike() -> None:
    images = torch.stack([torch.full((20, 20), 51), torch.full((20, 20), 204)]).to(torch.uint8)
    crops = Crops([GreyPair("a", images)], 16, np.random.default_rng(0), tones=True)
    ir, vis = (x[:, 0, 0, 0] for x in crops.batch(200))
    unmoved = torch.isclose(ir, torch.tensor(-0.6)) & torch.isclose(vis, torch.tensor(0.6))
    assert 70 < int(unmoved.sum()) < 130
    distance = vis - ir
    darker = torch.isclose((1 + ir) / 0.4, distance / 1.2, atol=1e-5)
    brighter = torch.isclose((1 - vis) / 0.4, distance / 1.2, atol=1e-5)
    assert bool((darker | brighter).all())
    assert int((darker & ~unmoved).sum()) > int((brighter & ~unmoved).sum()) > 5
    assert 0.1 <= float(distance.min()) / 1.2 < 0.25


def test_a_smaller_image_is_mirrored() -> None:
    images = torch.arange(2 * 6 * 20).reshape(2, 6, 20).to(torch.uint8)
    (padded,) = Crops([GreyPair("a", images)], 10, np.random.default_rng(0)).images
    assert padded.shape == (2, 10, 20)
    assert torch.equal(padded[:, 6:], images.flip(1)[:, :4])


def test_hold_out_spreads_or_takes_the_listed(record: DataSetRecord) -> None:
    ((kept, held),) = hold_out([record], 2)
    assert [p.id for p in held.pairs] == ["2", "5"]
    assert [p.id for p in kept.pairs] == ["0", "1", "3", "4"]
    assert len({record.fingerprint, kept.fingerprint, held.fingerprint}) == 3
    with pytest.raises(FusionBenchError, match=r"1 of 2 held-out pairs are not in noise: 7"):
        hold_out([record], ["0", "7"])
    with pytest.raises(FusionBenchError, match="none is left"):
        hold_out([record], 6)


def test_a_list_may_name_pairs_of_one_data_set_among_several(record: DataSetRecord) -> None:
    renamed = [pair.model_copy(update={"id": f"x{pair.id}"}) for pair in record.pairs]
    other = record.model_copy(update={"name": "other", "pairs": renamed})
    (kept, held), (whole, none) = hold_out([record, other], ["0", "3"])
    assert [p.id for p in held.pairs] == ["0", "3"] and len(kept.pairs) == 4
    assert whole.pairs == renamed and none.pairs == []
    with pytest.raises(FusionBenchError, match="not in noise, other: y0"):
        hold_out([record, other], ["0", "y0"])


def test_balanced_data_sets_are_drawn_from_equally_often(record: DataSetRecord) -> None:
    one = record.model_copy(update={"pairs": record.pairs[:1]})
    shares = equal_shares([record, one])
    assert shares == pytest.approx([1 / 12] * 6 + [1 / 2])
    grey = [GreyPair(str(i), torch.full((2, 20, 20), 30 * i, dtype=torch.uint8)) for i in range(7)]
    crops = Crops(grey, 16, np.random.default_rng(0), shares=shares)
    ir, _ = crops.batch(600)
    counts = torch.bincount(((ir[:, 0, 0, 0] + 1) * 127.5 / 30).round().long(), minlength=7)
    assert 250 < int(counts[6]) < 350 and 25 < int(counts[:6].min()) <= int(counts[:6].max()) < 80


def test_luma_is_pillows(record: DataSetRecord) -> None:
    (pair, *_) = load_pairs([record])
    rgb = np.asarray(Image.open(record.pairs[0].vis)).astype(np.int64)
    expected = (rgb @ np.array([19595, 38470, 7471]) + 32768) >> 16
    assert np.array_equal(pair.images[1].numpy(), expected)
    ir, vis = to_network(pair.images[None])
    assert float(vis.min()) >= -1 and float(ir.max()) <= 1


def test_command_line() -> None:
    words = "--variant patch --steps 7 --lr 0.5 --weight-spatial 3 --perceptual-weights f.pth"
    assert parse(words.split()) == Settings(
        variant="patch",
        steps=7,
        lr=0.5,
        perceptual_weights=Path("f.pth"),
        weights=Weights(spatial=3.0),
    )
    assert parse(["--steps", "1"], "paper").variant == "paper"
    assert "--perceptual-weights" in describe("release")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "--steps or --minutes"),
        ("--steps 3 --weigth-data 1", "unrecognized arguments: --weigth-data 1"),
        ("--steps three", "invalid int value: 'three'"),
        ("--steps 1 --variant big", "invalid choice: 'big'"),
    ],
)
def test_bad_options_are_said(words: str, said: str) -> None:
    with pytest.raises(FusionBenchError, match=said):
        parse(words.split())


def test_the_perceptual_term_is_never_silently_different(
    shared: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(FusionBenchError, match="--no-perceptual"):
        find_features(Settings(steps=1))
    assert find_features(Settings(steps=1, no_perceptual=True)) is None
    file = shared("weights/vgg19/vgg_normalised_conv3_1.pth")
    with pytest.raises(FusionBenchError, match="--weight-perceptual"):
        find_features(Settings(steps=1, perceptual_weights=file))
    weighted = Settings(steps=1, perceptual_weights=file, weights=Weights(perceptual=0.01))
    found = find_features(weighted)
    assert found is not None and not found.torchvision


def test_from_the_command_line(
    cli: Callable[..., SimpleNamespace], pair_folders: Callable[..., Path], tmp_path: Path
) -> None:
    root = pair_folders(3, height=64, width=70).parent
    common = ("train", "cmtfusion", "--data", "TNO", "--data-root", root, "--out", tmp_path / "o")
    own = ("--steps", 1, "--crop", 64, "--batch", 1, "--no-perceptual", "--threads", 1)
    done = cli(*common, "--hold-out", 1, *own)
    assert done.code == 0, done.err
    card = json.loads((tmp_path / "o" / "weights.json").read_text())
    assert card["trained_pairs"] == {"TNO": ["0", "1"]}
    assert card["command"].startswith("fusionbench train cmtfusion")
    wrong = cli(*common, "--stpes", 1)
    assert wrong.code == 2 and "unrecognized arguments: --stpes" in wrong.err
    assert cli("train", "average", "--data", "TNO", "--data-root", root).code == 2
    listed = cli("train", "cmtfusion-paper", "--options")
    assert listed.code == 0 and "default: paper" in listed.out
    assert cli("train", "cmtfusion").code == 2


def test_the_dagger_follows_the_pairs(
    cli: Callable[..., SimpleNamespace], pair_folders: Callable[..., Path], tmp_path: Path
) -> None:
    root = pair_folders(3, height=64, width=70).parent
    data = ("--data-root", root)
    own = ("--steps", 1, "--crop", 64, "--batch", 1, "--no-perceptual", "--threads", 1)
    cli(
        "train", "cmtfusion", "--data", "TNO", *data, "--hold-out", 1, "--out", tmp_path / "o", *own
    )
    weights = f"cmtfusion={tmp_path / 'o' / 'weights.safetensors'}"
    (tmp_path / "held").write_text("2\n")
    run = ("run", "--methods", "cmtfusion", "--weights", weights, "--metrics", "EN", "--dataset")
    cli(*run, "TNO", *data, "--no-figures", "--out", tmp_path / "all")
    cli(
        *run, "TNO", *data, "--no-figures", "--out", tmp_path / "some", "--pairs", tmp_path / "held"
    )
    assert "†" in (tmp_path / "all" / "leaderboard.md").read_text()
    assert "†" not in (tmp_path / "some" / "leaderboard.md").read_text()
