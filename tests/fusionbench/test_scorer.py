"""Metrics for programs: the numbers of the command line, in every kind and on every path."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import fusionbench as fb
from fusionbench.conventions import load_conventions
from fusionbench.images import write_png
from fusionbench.scorer import batch_values
from fusionbench.sources import PairSources

CORE = ["EN", "MI", "SD", "SF", "AG", "SSIM", "Qabf", "VIF"]
INPUTS = Path(__file__).resolve().parents[1] / "metrics" / "inputs"
GOLDEN = INPUTS.parent / "golden.csv"


def scene(seed: int = 0, height: int = 48, width: int = 56) -> tuple[np.ndarray, ...]:
    """Infrared gray, visible and fused RGB: smooth with some noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    ir = 128 + 80 * np.sin(x / 5 + seed) * np.cos(y / 7) + rng.normal(0, 3, (height, width))
    vis = 110 + 50 * np.cos(y / 6 + seed)[..., None] + rng.normal(0, 12, (height, width, 3))
    fused = (ir[..., None] + vis) / 2 + rng.normal(0, 2, vis.shape)
    return tuple(np.rint(image).clip(0, 255).astype(np.uint8) for image in (ir, vis, fused))


def chw(image: np.ndarray) -> np.ndarray:
    return image[None] if image.ndim == 2 else np.ascontiguousarray(image.transpose(2, 0, 1))


SCENES = [scene(seed) for seed in range(3)]
IR, VIS, FUSED = SCENES[0]
BATCH = [np.stack([chw(one[place]) for one in SCENES]) for place in range(3)]


def test_the_default_is_what_papers_report() -> None:
    got = fb.score(IR, VIS, FUSED)
    assert isinstance(got, pd.Series)
    assert got.index.tolist() == CORE
    assert got.dtype == np.float64


@pytest.mark.parametrize("triple", ["e1_allconst", "e4_tiny32", "e5_noise97x83", "e6_extremes"])
def test_published_values_from_files(triple) -> None:
    """What Tang's MATLAB code gives for images that are ordinary, tiny, constant and extreme."""
    files = [INPUTS / f"{triple}_{kind}.png" for kind in ("ir", "vis", "fused")]
    with GOLDEN.open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["triple"] == triple]
    tang = [row for row in rows if row["implementation"] == "Tang@0e87153(octave)"]
    names = {"EN", "SD", "AG", "MI", "VIF"}
    known = {row["metric"]: float(row["value"]) for row in tang if row["metric"] in names}
    assert known.keys() == names
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fb.FusionBenchWarning)  # of constant images
        got = fb.score(*files, metrics=list(known), convention="tang")
    assert got.to_dict() == pytest.approx(known, rel=1e-7, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("convention", ["standard", "tang", "vifb"])
def test_arrays_score_as_the_command_line_scores_their_files(convention, cli, tmp_path) -> None:
    """Float arrays, to the last digit: they are rounded as the saved image is."""
    shares = [np.random.default_rng(7).random((3, *FUSED.shape)).astype(np.float32) for _ in "ab"]
    floats = np.clip(BATCH[2].transpose(0, 2, 3, 1) / 255 + (shares[0] - shares[1]) / 50, 0, 1)
    floats = floats.astype(np.float32)
    written = (torch.from_numpy(floats) * 255).round().to(torch.uint8).numpy()
    for place, (ir, vis, _) in enumerate(SCENES):
        for folder, image in (("ir", ir), ("vis", vis), ("mine", written[place])):
            write_png(tmp_path / folder / f"{place}.png", image)
    done = cli(
        "score", "--ir", tmp_path / "ir", "--vis", tmp_path / "vis", "--fused", tmp_path / "mine",
        "--convention", convention, "--workers", 1, "--no-figures", "--no-html",
        "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.code == 0, done.err
    saved = pd.read_csv(tmp_path / "run" / "scores.csv", dtype={"pair": str})
    saved = saved.pivot(index="pair", columns="metric", values="value")
    ir, vis = BATCH[0], BATCH[1]
    for fused in (floats, list(floats), torch.from_numpy(floats.transpose(0, 3, 1, 2).copy())):
        got = fb.score(ir, vis, fused, convention=convention)
        assert set(got.columns) == set(saved.columns)
        np.testing.assert_array_equal(got.to_numpy(), saved[list(got.columns)].to_numpy())


def test_every_kind_gives_the_same_numbers(tmp_path) -> None:
    wanted = fb.score(IR, VIS, FUSED)
    for name, image in (("i", IR), ("v", VIS), ("f", FUSED)):
        write_png(tmp_path / f"{name}.png", image)
    files = [tmp_path / "i.png", str(tmp_path / "v.png"), tmp_path / "f.png"]
    kinds = [
        [torch.from_numpy(chw(i)) for i in (IR, VIS, FUSED)],
        [torch.from_numpy(chw(i)).float() / 255 for i in (IR, VIS, FUSED)],
        [Image.fromarray(i) for i in (IR, VIS, FUSED)],
        [i / 255 for i in (IR, VIS, FUSED)],
        files,
        [IR[None], Image.fromarray(VIS), files[2]],
    ]
    for kind in kinds:
        pd.testing.assert_series_equal(fb.score(*kind), wanted, check_exact=True)


def test_many_images_are_a_frame_named_after_their_files(tmp_path) -> None:
    names = ["b", "a"]
    for folder, place in (("ir", 0), ("vis", 1), ("fused", 2)):
        for name, images in zip(names, SCENES, strict=False):
            write_png(tmp_path / folder / f"{name}.png", images[place])
    files = [[tmp_path / folder / f"{n}.png" for n in names] for folder in ("ir", "vis", "fused")]
    got = fb.score(*files, metrics="EN,SD")
    assert got.index.tolist() == names
    assert got.loc["b", "EN"] == fb.score(IR, VIS, FUSED)["EN"]
    assert fb.score(*BATCH, metrics="EN").index.tolist() == [0, 1, 2]
    assert fb.score([IR], [VIS], [FUSED], "EN").shape == (1, 1)


def test_metrics_and_conventions_are_chosen_as_everywhere() -> None:
    assert set(fb.score(IR, VIS, FUSED, metrics="VIF,SSIM", convention="tang").index) == {
        "VIF", "SSIM",
    }  # fmt: skip
    assert fb.score(IR, VIS, FUSED, ["EN"], "seafusion").index.tolist() == ["EN"]
    both = fb.score(IR, VIS, FUSED, "SSIM", ["standard", "tang"])
    assert both.index.tolist() == ["SSIM@standard", "SSIM@tang"]
    assert fb.score(IR, VIS, FUSED, "SSIM@tang,EN").index.tolist() == ["EN@standard", "SSIM@tang"]
    with pytest.raises(fb.UnknownNameError, match="Did you mean"):
        fb.score(IR, VIS, FUSED, metrics="SSIMM")
    with pytest.raises(fb.UnknownNameError, match="unknown convention 'tangs'"):
        fb.score(IR, VIS, FUSED, convention="tangs")


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ((IR, VIS[:-1], FUSED), "sizes-differ"),
        ((IR, VIS, FUSED[:, :-8]), r"fused-size.*48x48, but pair 0 is 56x48"),
        ((IR, [VIS], [FUSED, FUSED]), "got 2 and 1 and 1 images; expected as many of each"),
        ((IR, VIS, (FUSED > 100).astype(np.uint8)), "levels-0-1"),
        (((IR > 100).astype(np.uint8), VIS, FUSED), "few-levels"),
        ((IR.astype(float), VIS, FUSED), "ir: got float values from"),
        ((IR, VIS, "missing.png"), "missing.png"),
    ],
)
def test_what_gives_no_right_number_is_refused(images, said) -> None:
    with pytest.raises(fb.DataError, match=said):
        fb.score(*images, metrics="EN")


@pytest.mark.parametrize(
    ("images", "check"),
    [
        ((IR, VIS, 255 - FUSED), "inverted-fused"),
        ((IR, VIS, VIS), "fused-is-source"),
        ((IR, IR, FUSED), "same-image"),
        ((IR * 0, VIS, FUSED), "constant-source"),
        ((VIS.astype(int).clip(0, 200).astype(np.uint8), IR, FUSED), "nearly-same|swapped|colour"),
    ],
)
def test_what_is_suspicious_is_warned_of(images, check) -> None:
    coloured = images[0].ndim == 3
    if coloured:
        images = (np.stack([IR, IR // 2, 255 - IR], -1), IR // 2 + 20, FUSED)
    with pytest.warns(fb.FusionBenchWarning, match=check):
        got = fb.score(*images, metrics="EN,SSIM")
    assert got.notna()["EN"]


def test_a_check_is_accepted_by_name() -> None:
    masks = (FUSED > 100).astype(np.uint8)
    with pytest.warns(fb.FusionBenchWarning, match="accepted"):
        assert fb.score(IR, VIS, masks, "EN", accept="levels-0-1")["EN"] <= 1
    with pytest.raises(fb.UnknownNameError, match="unknown check"):
        fb.score(IR, VIS, masks, "EN", accept=["levels"])


def test_why_a_value_is_undefined_is_said() -> None:
    with pytest.warns(fb.FusionBenchWarning, match="VIF@standard of image 0: smaller than the"):
        got = fb.score(IR[:9, :9], VIS[:9, :9], FUSED[:9, :9], "VIF,EN")
    assert np.isnan(got["VIF"])
    assert np.isfinite(got["EN"])


def test_nothing_given_is_changed() -> None:
    before = [image.copy() for image in (IR, VIS, FUSED)]
    fb.score(IR, VIS, FUSED)
    for image, kept in zip((IR, VIS, FUSED), before, strict=True):
        np.testing.assert_array_equal(image, kept)


# -------------------------------------------------------------------------------------- Scorer


def tensors(dtype: torch.dtype = torch.uint8) -> list[torch.Tensor]:
    made = [torch.from_numpy(one) for one in BATCH]
    return made if dtype == torch.uint8 else [one.to(dtype) / 255 for one in made]


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
def test_scorer_is_score_on_the_cpu(dtype) -> None:
    scorer = fb.Scorer("core", convention="tang")
    first, second = [t[:2] for t in tensors(dtype)], [t[2:] for t in tensors(dtype)]
    scorer.update(*first)
    scorer.update(*second)
    wanted = fb.score(*BATCH, convention="tang")
    pd.testing.assert_frame_equal(scorer.values(), wanted, check_exact=True)
    means = scorer.compute()
    assert list(means) == CORE
    assert means == pytest.approx(wanted.mean().to_dict(), rel=1e-13)
    assert all(isinstance(mean, float) for mean in means.values())


def test_scorer_is_reset_and_says_what_it_holds() -> None:
    scorer = fb.Scorer("EN")
    with pytest.raises(fb.FusionBenchError, match=r"expected a call of update\(\)"):
        scorer.compute()
    assert scorer(*tensors()) == scorer.compute()
    assert "EN@standard): 3 images" in repr(scorer)
    alone = scorer(IR, VIS, FUSED)
    assert alone["EN"] == fb.score(IR, VIS, FUSED)["EN"]
    assert len(scorer.values()) == 4
    scorer.reset()
    assert scorer.values().shape == (0, 1)


def test_a_mean_is_over_the_images_that_have_a_value() -> None:
    scorer = fb.Scorer("VIF")
    with pytest.warns(fb.FusionBenchWarning):
        scorer.update(IR[:9, :9], VIS[:9, :9], FUSED[:9, :9])
    scorer.update(IR, VIS, FUSED)
    assert scorer.compute()["VIF"] == fb.score(IR, VIS, FUSED)["VIF"]
    assert np.isnan(scorer.values()["VIF"][0])


COLUMNS = [
    column
    for name in load_conventions()
    for column in fb.conventions.select_columns("all", name)
    if column.metric not in ("MS-SSIM", "VIFF")  # which need larger images
]


def test_torch_batches_give_what_images_give_under_every_convention() -> None:
    """What runs on a GPU, here on the CPU: luma, channels, and channels side by side."""
    got = batch_values(*tensors(), COLUMNS).numpy()
    assert got.dtype == np.float64
    for place, images in enumerate(SCENES):
        triple = PairSources(*images[:2]).triple(images[2])
        wanted = [column.value(triple) for column in COLUMNS]
        np.testing.assert_allclose(got[place], wanted, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("gray", ["vis fused", "fused", "vis", "ir vis fused"])
def test_torch_batches_in_gray_and_colour(gray) -> None:
    columns = fb.conventions.select_columns("EN,SSIM,SF", "vifb,standard")
    pair = {"ir": IR, "vis": VIS, "fused": FUSED}
    pair = {name: (image[..., 0] if image.ndim == 3 else image) if name in gray.split() else image
            for name, image in pair.items()}  # fmt: skip
    got = batch_values(*(torch.from_numpy(chw(i))[None] for i in pair.values()), columns)[0]
    triple = PairSources(pair["ir"], pair["vis"]).triple(pair["fused"])
    np.testing.assert_allclose(got, [c.value(triple) for c in columns], rtol=1e-9)


def test_a_batch_on_another_device_is_not_copied(monkeypatch) -> None:
    """No tensor of the size of an image leaves torch while its metrics are computed."""
    images = tensors(torch.float32)

    def guarded(name):
        genuine = getattr(torch.Tensor, name)

        def call(self, *arguments, **options):
            assert self.numel() < images[0][0].numel(), f"{name} of an image"
            return genuine(self, *arguments, **options)

        return call

    for name in ("cpu", "numpy", "tolist", "__array__"):
        monkeypatch.setattr(torch.Tensor, name, guarded(name))
    columns = [c for c in COLUMNS if c.metric not in ("FMI_dct", "FMI_w")]
    assert batch_values(*images, columns).shape == (3, len(columns))


class Elsewhere(torch.Tensor):
    """A tensor that says that it is on a GPU."""

    @property
    def device(self):
        return torch.device("cuda:0")


def test_what_needs_the_cpu_is_refused_for_a_batch_elsewhere() -> None:
    from fusionbench.primitives import features, on_device

    tensor = torch.rand(1, 4, 4, dtype=torch.float64).as_subclass(Elsewhere)
    with on_device(), pytest.raises(fb.DataError, match="FMI_w are of the kind"):
        features(tensor, lambda image: image)
    with pytest.raises(fb.DataError, match=r"different places \(cuda:0, cpu, cpu\)"):
        fb.Scorer("EN").update(tensor, *tensors()[1:])


def test_batches_that_do_not_belong_together_are_refused() -> None:
    ir, vis, fused = tensors()
    columns = fb.conventions.select_columns("EN")
    with pytest.raises(fb.DataError, match="ir 3×48×56, vis 3×48×56, fused 2×48×56"):
        batch_values(ir, vis, fused[:2], columns)
    with pytest.raises(fb.DataError, match="vis: got float values"):
        batch_values(ir, vis.float(), fused, columns)


@pytest.mark.gpu
def test_scorer_on_the_gpu() -> None:
    scorer = fb.Scorer("all,-FMI_dct,-FMI_w,-MS-SSIM,-VIFF")
    scorer.update(*(tensor.cuda() for tensor in tensors(torch.float32)))
    wanted = fb.score(*BATCH, metrics="all,-FMI_dct,-FMI_w,-MS-SSIM,-VIFF")
    np.testing.assert_allclose(scorer.values(), wanted, rtol=1e-6, atol=1e-9)
    with pytest.raises(fb.DataError, match="on the CPU alone"):
        fb.Scorer("FMI_w").update(*(tensor.cuda() for tensor in tensors()))


def test_as_a_torchmetric() -> None:
    from fusionbench.detectors._yolo import make_torchvision_importable

    make_torchvision_importable()  # torchmetrics imports it where it is installed
    torchmetrics = pytest.importorskip("torchmetrics")
    metric = fb.Scorer("EN,SD").torchmetric()
    assert isinstance(metric, torchmetrics.Metric)
    first = metric(*(t[:2] for t in tensors()))
    assert first["EN"].dtype == torch.float64
    metric.update(*(t[2:] for t in tensors()))
    wanted = fb.score(*BATCH, metrics="EN,SD").mean()
    assert {k: float(v) for k, v in metric.compute().items()} == pytest.approx(wanted.to_dict())
    together = torchmetrics.MetricCollection({"fusion": metric.clone()})
    together.update(*tensors())
    assert together.compute()["EN"] == pytest.approx(wanted["EN"])
    metric.reset()
    assert metric.scores == []


def test_a_warning_points_at_the_caller() -> None:
    with pytest.warns(fb.FusionBenchWarning) as said:
        fb.score(IR, VIS, 255 - FUSED, "EN")
        fb.Scorer("EN").update(*(torch.from_numpy(chw(i)) for i in (IR, VIS, 255 - FUSED)))
    assert {one.filename for one in said} == {__file__}
