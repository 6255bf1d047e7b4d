"""A row that was made in a known way is traced back to it, and a row that was not is not."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from fusionbench.conventions import Column
from fusionbench.datasets import check_pairs, open_folders
from fusionbench.errors import FusionBenchError, UnknownNameError
from fusionbench.identifying import (
    GRAYS,
    Identified,
    Subset,
    Values,
    compute_values,
    identify_row,
    parse_row,
    subsets_of,
)
from fusionbench.identifying.showing import verdict
from fusionbench.identifying.values import to_gray
from fusionbench.images import write_png
from fusionbench.sources import PairSources

COUNT = 12
FOLDERS = ("--ir", "ir", "--vis", "vi", "--workers", "1")
METRICS = ("EN", "MI", "SD", "AG", "SSIM")


def colour_scene(rng: np.random.Generator) -> np.ndarray:
    scene = cv2.GaussianBlur(rng.random((40, 56, 3)), (0, 0), 1.5)
    return ((scene - scene.min()) / np.ptp(scene) * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve colour pairs in ``ir``, ``vi`` and ``fused``; the infrared is gray."""
    root = tmp_path_factory.mktemp("pairs")
    rng = np.random.default_rng(3)
    for index in range(COUNT):
        vis, other = colour_scene(rng), colour_scene(rng)
        write_png(root / "ir" / f"{index}.png", other[:, :, 0])
        write_png(root / "vi" / f"{index}.png", vis)
        write_png(root / "fused" / f"{index}.png", vis // 2 + other // 2)
    return root


def read(path: Path) -> np.ndarray:
    return np.array(Image.open(path))


def second_gray(image: np.ndarray) -> np.ndarray:
    """OpenCV's gray, not taken from the code under test."""
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def mean_of(folder: Path, metric: str, convention: str, places: range, gray: Callable) -> float:
    values = []
    for index in places:
        ir, vis, fused = (gray(read(folder / k / f"{index}.png")) for k in ("ir", "vi", "fused"))
        values.append(Column(metric, convention).value(PairSources(ir, vis).triple(fused)))
    return float(np.mean(values))


@pytest.fixture(scope="module")
def hidden(folder: Path) -> dict[str, float]:
    """What somebody would publish: cddfuse, OpenCV's gray, the first ten pairs."""
    return {m: mean_of(folder, m, "cddfuse", range(10), second_gray) for m in METRICS}


@pytest.fixture(scope="module")
def values(folder: Path) -> Values:
    names = [tuple(str(folder / k / f"{i}.png") for k in ("ir", "vi", "fused")) for i in range(12)]
    row = parse_row(",".join(f"{metric}=1" for metric in METRICS))
    return compute_values(row, names)


@pytest.fixture(scope="module")
def subsets(folder: Path) -> list[Subset]:
    opened = open_folders(folder / "ir", folder / "vi")
    return subsets_of(check_pairs(opened).pairs, opened)[0]


def text(row: dict[str, float], decimals: int) -> str:
    return ",".join(f"{name}={value:.{decimals}f}" for name, value in row.items())


def identified(row: str, values: Values, subsets: list[Subset]) -> Identified:
    return identify_row(parse_row(row), values, subsets, 0.5)


def test_a_row_is_traced_to_where_it_came_from(hidden, values, subsets) -> None:
    found = identified(text(hidden, 5), values, subsets)
    best, second = found.candidates[:2]
    assert (best.conventions, best.grays, best.subset.name) == (
        ("cddfuse",),
        ("opencv",),
        "first 10",
    )
    assert best.fits and len(found.fitting) == 1 and not second.fits
    assert all(trial.residual <= 0.5 for trial in best.trials)
    assert verdict(found, values)[0].startswith(
        "Reproduced: convention cddfuse, gray opencv, first 10 pairs"
    )


def test_residuals_are_in_units_of_the_last_digit(hidden, values, subsets) -> None:
    moved = f"{hidden['EN'] + 0.03:.2f}"
    found = identified(f"EN={moved},{text({'AG': hidden['AG']}, 3)}", values, subsets)
    places = list(range(10))
    column = values.of("EN", "cddfuse", "opencv")
    expected = abs(column[places].mean() - float(moved)) / 0.01
    trials = [
        candidate.trials[0]
        for candidate in found.candidates
        if candidate.subset.name == "first 10" and "opencv" in candidate.grays
    ]
    assert trials and all(t.residual == pytest.approx(expected, rel=1e-6) for t in trials)
    assert 2.4 < expected < 3.6


def test_a_wrong_value_is_named_with_what_it_should_be(hidden, values, subsets) -> None:
    wrong = {**hidden, "SD": hidden["SD"] + 1}
    found = identified(text(wrong, 4), values, subsets)
    best = found.candidates[0]
    assert not found.fitting
    assert (best.conventions, best.subset.name) == (("cddfuse",), "first 10")
    assert "opencv" in best.grays
    assert [trial.published.name for trial in best.misses] == ["SD"]
    lines = verdict(found, values)
    assert lines[0].startswith("Not reproduced by any of") and "4 of 5 values" in lines[0]
    assert lines[1].startswith(f"SD does not fit: published {wrong['SD']:.4f}")
    assert f"here {hidden['SD']:.5f}"[:-1] in lines[1]
    assert not any("mixed" in line for line in lines)


def test_a_row_of_two_conventions_is_said_to_be_mixed(folder, hidden, values, subsets) -> None:
    other = mean_of(folder, "MI", "standard", range(10), second_gray)
    found = identified(text({**hidden, "MI": other}, 5), values, subsets)
    lines = verdict(found, values)
    assert [t.published.name for t in found.candidates[0].misses] == ["MI"]
    assert "it does under standard" in lines[1]
    assert "5 of 5 values fit: gray opencv, first 10 pairs" in lines[-1]


def test_channel_means_are_found(folder, values, subsets) -> None:
    row = {m: mean_of(folder, m, "vifb", range(COUNT), lambda image: image) for m in METRICS}
    best = identified(text(row, 5), values, subsets).candidates[0]
    assert best.fits and (best.conventions, best.grays) == (("vifb",), ("channels",))
    assert best.subset.name == "all 12"


def test_gray_files_make_every_conversion_the_same(folder, tmp_path) -> None:
    for kind in ("ir", "vi", "fused"):
        write_png(tmp_path / kind / "0.png", second_gray(read(folder / kind / "0.png")))
    names = tuple(str(tmp_path / kind / "0.png") for kind in ("ir", "vi", "fused"))
    row = parse_row("EN=1,SD=1,SF=1")
    found = identify_row(row, compute_values(row, [names]), [Subset("all 1", (0,))], 0.5)
    assert set(found.candidates[0].grays) == set(GRAYS)


def test_grays_are_those_of_the_programs_they_are_named_after(folder) -> None:
    path = folder / "vi" / "0.png"
    image, bgr = read(path), cv2.imread(str(path))
    expected = {
        "luma": np.array(Image.open(path).convert("L")),
        "opencv": cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY),
        "opencv-read": cv2.imread(str(path), cv2.IMREAD_GRAYSCALE),
        "truncated": (image @ np.array([0.299, 0.587, 0.114]) + 1e-9).astype(np.uint8),
        "mean": np.rint(image.mean(axis=2)).astype(np.uint8),
        "red": image[:, :, 0],
        "green": image[:, :, 1],
        "blue": bgr[:, :, 0],
    }
    made = {name: to_gray(name, path.read_bytes(), image) for name in GRAYS}
    assert set(made) == set(expected)
    for name, gray in made.items():
        np.testing.assert_array_equal(gray, expected[name], err_msg=name)


def test_lists_splits_and_first_pairs_are_subsets(folder, tmp_path) -> None:
    """A split of renamed copies is found by its files, as MSRS has one."""
    data, listed = tmp_path / "MSRS", tmp_path / "mine.txt"
    for index in range(COUNT):
        for kind in ("ir", "vi"):
            image = read(folder / kind / f"{index}.png")
            write_png(data / "test" / kind / f"{index}.png", image)
            if index in (2, 5):
                write_png(data / "detection" / kind / f"{index + 100}.png", image)
    listed.write_text("7.png\n3.png\n")
    from fusionbench.datasets import open_dataset

    opened = open_dataset("MSRS", tmp_path)
    pairs = check_pairs(opened).pairs
    found, notes = subsets_of(pairs, opened, root=tmp_path, lists=[listed], first=[3, 12, 99])
    assert {subset.name: subset.places for subset in found} == {
        "all 12": tuple(range(12)),
        "list mine.txt": (3, 7),
        "split detection (2)": (2, 5),
        "first 3": (0, 1, 2),
        "first 3 by name as text": (0, 1, 10),
    }
    assert not notes
    fewer, notes = subsets_of(pairs[:5], opened, lists=[listed], first=[])
    assert [s.places for s in fewer] == [(0, 1, 2, 3, 4), (3,)]
    assert "1 of 2 pairs have no fused image" in notes[0]


@pytest.mark.parametrize(
    ("name", "metrics"),
    [
        ("en", ("EN",)),
        ("Entropy", ("EN",)),
        ("STD", ("SD",)),
        ("Q^{AB/F}", ("Qabf",)),
        ("Q_mi", ("Q_MI",)),
        ("Average Gradient", ("AG",)),
        ("VIFF", ("VIFF", "VIF")),
        ("MS_SSIM", ("MS-SSIM",)),
        ("FMI", ("FMI_pixel", "FMI_dct", "FMI_w")),
    ],
)
def test_names_as_papers_write_them(name: str, metrics: tuple[str, ...]) -> None:
    (published,) = parse_row(f"{name}=1.0")
    assert published.metrics == metrics


def test_the_digits_given_count() -> None:
    row = parse_row("EN=6.60, SD=43, MSE=1.2e-3, AG=5.0180731234567890")
    units = [published.unit for published in row]
    assert units == pytest.approx([0.01, 1, 1e-4, 2e-6 * 5.018073123], rel=1e-6)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("", "is empty"),
        ("EN", "is not NAME=VALUE"),
        ("EN=high", "'high' in 'EN=high' is not a number"),
        ("EN=nan", "is not a number"),
        ("EN=6,entropy=6", "names entropy twice"),
        ("Qbaf=1", "Did you mean Qabf"),
    ],
)
def test_a_row_that_cannot_be_read(row: str, said: str) -> None:
    with pytest.raises(FusionBenchError, match=said):
        parse_row(row)
    if row.startswith("Qbaf"):
        with pytest.raises(UnknownNameError):
            parse_row(row)


def test_the_command(cli, folder, hidden, tmp_path) -> None:
    where = ("--ir", folder / "ir", "--vis", folder / "vi", "--workers", 1)
    row = text({name: hidden[name] for name in ("EN", "MI", "AG")}, 5)
    out = tmp_path / "all.csv"
    done = cli("identify", "--fused", folder / "fused", "--row", row, *where, "--out", out)
    assert done.code == 0, done.err
    assert "Reproduced: convention cddfuse, gray opencv, first 10 pairs" in done.out
    with out.open(newline="") as stream:
        first = next(csv.DictReader(stream))
    assert (first["conventions"], first["name"], first["fits"]) == ("cddfuse", "EN", "yes")
    fails = cli(
        *("identify", "--fused", folder / "fused", "--row", "EN=1.00", *where, "--grays", "mean")
    )
    assert fails.code == 1
    assert "Not reproduced" in fails.out and "by chance" in fails.out
    assert "gray mean" in fails.out and "luma" not in fails.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--fused", "fused", "--row", "EN=1", "--ir", "ir"), "--ir and --vis go together"),
        (("--fused", "fused", "--row", "EN=1"), "name the data set with --dataset"),
        (("--fused", ".", "--row", "EN=1", "--ir", "ir", "--vis", "vi"), "a row is of one method"),
        (("--fused", "fused", "--row", "EN=1", "--first", "x"), "--first 'x'"),
        (
            ("--fused", "fused", "--row", "VIFF=1", *FOLDERS, "--grays", "channels"),
            "no convention that defines a metric of the row goes with gray channels",
        ),
        (
            ("--fused", "fused", "--row", "EN=1", *FOLDERS, "--grays", "gren"),
            "Did you mean green",
        ),
    ],
)
def test_bad_input(cli, folder, monkeypatch, arguments: tuple[str, ...], said: str) -> None:
    monkeypatch.chdir(folder)
    done = cli("identify", *arguments)
    assert done.code == 2 and said in done.err


@pytest.mark.reference
def test_published_rows_are_of_the_old_matlab_code(shared: Callable[[str], Path]) -> None:
    """Values that authors computed in MATLAB; rounded to four decimals, as papers give them."""
    folder = shared("data/fused_results/TNO")
    with (folder / "published_metrics.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    images = sorted({row["image"] for row in rows})
    published = {
        metric: np.mean([float(row["SeAFusion"]) for row in rows if row["metric"] == metric])
        for metric in ("EN", "SD", "MI", "SF", "AG")
    }
    row = parse_row(text(published, 4))
    names = [
        (
            str(shared(f"data/TNO/ir/{image}")),
            str(shared(f"data/TNO/vi/{image}")),
            str(folder / "SeAFusion_TNO" / image),
        )
        for image in images
    ]
    values = compute_values(row, names)
    subsets = [Subset("all 9", tuple(range(9))), Subset("first 5", tuple(range(5)))]
    found = identify_row(row, values, subsets, 0.5)
    assert found.candidates[0].conventions == ("tang-legacy",)
    assert "luma" in found.candidates[0].grays
    assert {c.conventions for c in found.fitting} == {("tang-legacy",)}
    assert {c.subset.name for c in found.fitting} == {"all 9"}
