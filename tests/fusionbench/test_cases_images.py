"""Images as people have them: files of public reports, and siblings of theirs."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from fusionbench.checks import Findings
from fusionbench.datasets import check_pairs, load_datasets, open_dataset, open_folders
from fusionbench.errors import DataError
from fusionbench.images import read_image, read_sources, write_png
from fusionbench.manifest import DataSetRecord, PairRecord, fingerprint_of
from fusionbench.recipes import parse_reading

PLAIN = ("--metrics", "EN,SD", "--no-figures", "--no-html")


def smooth(seed: int, low: float, high: float, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    scene = cv2.GaussianBlur(np.random.default_rng(seed).random(size), (0, 0), 2)
    return low + (scene - scene.min()) / np.ptp(scene) * (high - low)


@pytest.fixture
def looked_at(tmp_path) -> Callable[..., tuple[Findings, DataSetRecord]]:
    """``looked_at(ir=..., vis=...)``: arrays or bytes of a pair, written and checked."""

    def put(folder: str, name: str, content: object) -> None:
        (tmp_path / folder).mkdir(exist_ok=True)
        path = tmp_path / folder / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            order = content if np.ndim(content) == 2 else np.asarray(content)[:, :, ::-1]
            assert cv2.imwrite(str(path), order)

    def look(ir: object, vis: object = None, name: str = "a.png", **reading: str):
        vis = smooth(9, 0, 255)[..., None] * [1, 0.7, 0.4] if vis is None else vis
        put("ir", name, ir)
        put("vis", "a.png", np.asarray(vis, np.uint8))
        findings = Findings()
        dataset = open_folders(tmp_path / "ir", tmp_path / "vis")
        return findings, check_pairs(dataset.read_as(parse_reading(**reading)), findings)

    return look


def kinds(findings: Findings) -> dict[str, str]:
    return {record.check: record.outcome for record in findings.records}


COUNTS = {
    "14 bits, a part": smooth(1, 7268, 8048).astype(np.uint16),
    "14 bits, all": smooth(1, 0, 16383).astype(np.uint16),
    "12 bits": smooth(1, 0, 4095).astype(np.uint16),
    "hundredths of a kelvin": smooth(1, 28500, 31500).astype(np.uint16),
    "8 bits in 16": smooth(1, 0, 255).astype(np.uint16),
    "a mask": (smooth(1, 0, 1) > 0.5).astype(np.uint16),
    "a mask of 8 bits": (smooth(1, 0, 1) > 0.5).astype(np.uint8),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_that_lose_their_levels_are_refused(looked_at, name) -> None:
    findings, _ = looked_at(COUNTS[name])
    assert kinds(findings) == {"few-levels": "refuse"}
    with pytest.raises(DataError, match="--ir-range"):
        findings.settle()


def test_dead_pixels_do_not_hide_a_narrow_range(looked_at) -> None:
    image = smooth(1, 7268, 8048, (200, 200)).astype(np.uint16)
    image[3, 3], image[4, 4] = 65535, 0
    vis = smooth(2, 0, 255, (200, 200))[..., None].repeat(3, 2)
    assert kinds(looked_at(image, vis)[0]) == {"few-levels": "refuse"}


DARK = smooth(1, 0, 3000).astype(np.uint16)
DARK[20:24, 20:40] = 65000  # lamps
FIT = {
    "times 257": smooth(1, 0, 40).astype(np.uint16) * 257,
    "times 256": smooth(1, 0, 40).astype(np.uint16) * 256,
    "all of 16 bits": smooth(1, 0, 65535).astype(np.uint16),
    "dark, with lamps": DARK,
}


@pytest.mark.parametrize("name", FIT)
def test_sixteen_bits_that_are_used_are_fit(looked_at, name) -> None:
    findings, record = looked_at(FIT[name])
    assert kinds(findings) == {}
    assert np.ptp(read_sources(record.pairs[0])[0]) >= 39


@pytest.mark.parametrize("kind", ["float32", "float64", "int32", "int16", "uint32"])
def test_samples_without_a_range_need_one(looked_at, kind) -> None:
    celsius = smooth(1, 10, 40).astype(kind)
    tifffile = pytest.importorskip("tifffile")
    data = _tiff(tifffile, celsius)
    findings, _ = looked_at(data, name="a.tif")
    assert kinds(findings) == {"no-range": "refuse"}
    findings, record = looked_at(data, name="a.tif", ir_range="10:40")
    assert kinds(findings) == {"ir-range": "note"}
    wanted = np.rint((celsius.astype(np.float64) - 10) / 30 * 255)
    np.testing.assert_array_equal(read_sources(record.pairs[0])[0], wanted)


def _tiff(tifffile, image: np.ndarray) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, image)
    return stream.getvalue()


def test_a_temperature_that_is_no_number_is_refused(looked_at) -> None:
    tifffile = pytest.importorskip("tifffile")
    image = smooth(1, 10, 40).astype(np.float32)
    image[0, 0] = np.nan
    findings, _ = looked_at(_tiff(tifffile, image), name="a.tif", ir_range="min-max")
    assert kinds(findings) == {"unreadable-image": "refuse"}


def test_raw_counts_of_a_camera(shared, cli, tmp_path) -> None:
    case = shared("cases/01_raw14bit")
    given = ("run", "--methods", "ir", "--ir", case / "ir", "--vis", case / "vis", *PLAIN)
    refused = cli(*given, "--out", tmp_path / "no")
    assert refused.code == 2 and "few-levels (4 of 4 in custom)" in refused.err
    assert "--ir-range" in refused.err and not (tmp_path / "no").exists()
    read = cli(*given, "--out", tmp_path / "run", "--ir-range", "min-max")
    assert read.code == 0 and "ir-range (4 of 4 in custom)" in read.err
    assert "ir-range" in (tmp_path / "run" / "leaderboard.md").read_text("utf-8")
    pairs = json.loads((tmp_path / "run" / "manifest.json").read_text())["datasets"][0]["pairs"]
    for pair in pairs:
        values = cv2.imread(pair["ir"], cv2.IMREAD_UNCHANGED)
        assert pair["ir_window"] == [values.min(), values.max()]
        wanted = np.rint((values - values.min()) / np.ptp(values) * 255)
        saved = read_image(tmp_path / "run" / "fused" / "custom" / "ir" / f"{pair['id']}.png")
        np.testing.assert_array_equal(saved, wanted)
    let = cli(*given, "--out", tmp_path / "let", "--accept", "few-levels")
    assert let.code == 0 and "accepted" in (tmp_path / "let" / "leaderboard.md").read_text("utf-8")


def test_one_range_for_a_data_set(shared) -> None:
    case = shared("cases/01_raw14bit")
    dataset = open_folders(case / "ir", case / "vis")
    record = check_pairs(dataset.read_as(parse_reading(ir_range="min-max@dataset")))
    values = [cv2.imread(pair.ir, cv2.IMREAD_UNCHANGED) for pair in record.pairs]
    low, high = min(v.min() for v in values), max(v.max() for v in values)
    assert {pair.ir_window for pair in record.pairs} == {(low, high)}


def test_a_recipe_is_part_of_what_numbers_are_made_from() -> None:
    plain = PairRecord(id="a", ir="i", vis="v", ir_sha256="1", vis_sha256="2")
    assert plain.content == ["1", "2"]
    assert set(plain.model_dump()) == {"id", "ir", "vis", "ir_sha256", "vis_sha256"}
    others = [
        plain.model_copy(update={"ir_window": (0.0, 9.0)}),
        plain.model_copy(update={"vis_window": (0.0, 9.0)}),
        plain.model_copy(update={"resized": "ir", "size": (4, 4)}),
        plain.model_copy(update={"resized": "vis", "size": (4, 4)}),
    ]
    assert len({fingerprint_of([pair]) for pair in (plain, *others)}) == 5
    for pair in others:
        assert PairRecord.model_validate_json(pair.model_dump_json()).content == pair.content


def test_sources_of_two_sizes(shared, cli, tmp_path) -> None:
    case = shared("cases/59_ir_vis_sizes")
    given = ("run", "--methods", "average", "--ir", case / "ir", "--vis", case / "vis", *PLAIN)
    refused = cli(*given, "--out", tmp_path / "no")
    assert refused.code == 2 and "--resize ir" in refused.err
    for which, size in (("ir", (160, 128)), ("vis", (80, 64))):
        out = tmp_path / which
        done = cli(*given, "--out", out, "--resize", which)
        assert done.code == 0 and "resized (4 of 4 in custom)" in done.err
        assert "resized" in (out / "leaderboard.md").read_text("utf-8")
        with Image.open(out / "fused" / "custom" / "average" / "00001.png") as image:
            assert image.size == size
        fused = out / "fused" / "custom" / "average"
        again = cli("score", "--fused", fused, *given[3:], "--resize", which, "--out", out / "s")
        assert again.code == 0


def test_other_shapes_are_not_forced_together(looked_at) -> None:
    findings, record = looked_at(smooth(1, 0, 255, (48, 48)), resize="ir")
    assert kinds(findings) == {"shapes-differ": "refuse"} and not record.pairs


def test_folders_that_were_swapped(shared) -> None:
    case = shared("cases/09_swapped")
    findings = Findings()
    check_pairs(open_folders(case / "vis", case / "ir"), findings)
    assert kinds(findings) == {"swapped-folders": "warn"}
    check_pairs(open_folders(case / "ir", case / "vis"), right := Findings())
    assert kinds(right) == {}


def test_infrared_in_false_colour(looked_at) -> None:
    gray = smooth(1, 0, 255).astype(np.uint8)
    for colours in (cv2.COLORMAP_JET, cv2.COLORMAP_INFERNO, cv2.COLORMAP_HOT):
        findings, _ = looked_at(cv2.applyColorMap(gray, colours))
        assert kinds(findings) == {"false-colour-infrared": "warn"}
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR))
    assert ok and kinds(looked_at(data.tobytes())[0]) == {}


def test_bytes_in_the_wrong_order_are_refused(looked_at) -> None:
    for low, high in ((7268, 8048), (0, 65535), (0, 16383)):
        counts = smooth(1, low, high).astype(np.uint16)
        assert kinds(looked_at(counts.byteswap())[0])["byte-order"] == "refuse"
        assert "byte-order" not in kinds(looked_at(counts)[0])
    gray = smooth(1, 0, 255).astype(np.uint16)
    for samples in (gray * 257, gray * 256):
        assert kinds(looked_at(samples)[0]) == {}


def test_sources_of_few_levels_are_named(looked_at) -> None:
    gray = smooth(1, 0, 255).astype(np.uint8)
    for levels in (gray // 64, gray // 16 * 16, np.where(gray > 99, 255, 0)):
        assert kinds(looked_at(levels)[0]) == {"few-levels-source": "warn"}
    assert kinds(looked_at(gray // 8)[0]) == {}


def test_sources_that_say_nothing(looked_at) -> None:
    gray = smooth(1, 0, 255)
    assert kinds(looked_at(np.full((48, 64), 7))[0]) == {"constant-source": "refuse"}
    assert kinds(looked_at(gray, np.zeros((48, 64)))[0]) == {"constant-source": "refuse"}
    near = np.clip(gray + np.random.default_rng(0).normal(0, 2, gray.shape), 0, 255)
    assert kinds(looked_at(near, gray)[0]) == {"nearly-same-image": "warn"}
    assert kinds(looked_at(255 - gray, gray)[0]) == {"nearly-same-image": "warn"}


def test_images_that_stand_for_several_pairs_are_named(pair_folders) -> None:
    folder = pair_folders(4)
    shutil.copy(folder / "ir" / "0.png", folder / "ir" / "1.png")
    for kind in ("ir", "vi"):
        shutil.copy(folder / kind / "2.png", folder / kind / "3.png")
    findings = Findings()
    check_pairs(open_folders(folder / "ir", folder / "vi"), findings)
    (found,) = findings.records
    assert (found.check, found.outcome, found.count) == ("repeated-source", "warn", 2)
    assert found.examples == ["1: infrared of 0 again", "3: both images of 2 again"]


READ = {
    "15_jpeg_trailer": {},
    "22_cmyk_jpeg": {},
    "23_odd_png_kinds": {"alpha-dropped": "note"},
    "24_exif_rotated": {"turned": "note"},
    "26_multipage_tiff": {"first-page": "note"},
    "27_other_formats": {},
    "51_odd_size": {},
    "18_truncated_tiff": {"unreadable-image": "refuse"},
}


@pytest.mark.parametrize("case", READ)
def test_a_case_is_read_as_it_should(shared, capfd, case) -> None:
    folder, findings = shared(f"cases/{case}"), Findings()
    check_pairs(open_folders(folder / "ir", folder / "vis"), findings)
    assert kinds(findings) == READ[case]
    assert capfd.readouterr() == ("", "")


def test_chinese_paths(shared) -> None:
    folder = shared("cases/52_中文 路径")
    assert len(check_pairs(open_folders(folder / "红外", folder / "可见光")).pairs) == 2


@pytest.mark.parametrize(
    ("case", "said"), [("16_rgba_fused", "alpha-dropped (4 of 4"), ("46_fused_16bit", "")]
)
def test_fused_images_with_alpha_or_16_bits(shared, cli, tmp_path, case, said) -> None:
    folder = shared(f"cases/{case}")
    sources = ("--ir", folder / "ir", "--vis", folder / "vis", "--name", "X")
    done = cli("score", "--fused", folder / "fused", *sources, *PLAIN, "--out", tmp_path / "run")
    assert done.code == 0 and said in done.err and done.err.count("alpha-dropped") == bool(said)


def test_fused_images_of_counts_are_refused(pair_folders, cli, tmp_path) -> None:
    folder = pair_folders(2)
    (tmp_path / "X").mkdir()
    for i in range(2):
        cv2.imwrite(str(tmp_path / "X" / f"{i}.png"), smooth(i, 0, 4095).astype(np.uint16))
    sources = ("--ir", folder / "ir", "--vis", folder / "vi")
    done = cli("score", "--fused", tmp_path / "X", *sources, *PLAIN, "--out", tmp_path / "run")
    assert done.code == 2 and "fused-few-levels (2 of 2 in X of custom)" in done.err


def test_a_dash_has_a_reason(shared, cli, tmp_path) -> None:
    folder = shared("cases/17_tiny")
    sources = ("--ir", folder / "ir", "--vis", folder / "vis", "--name", "X")
    plain = ("--metrics", "SSIM,VIF", "--no-figures", "--no-html", "--out", tmp_path / "run")
    assert cli("score", "--fused", folder / "fused", *sources, *plain).code == 0
    table = (tmp_path / "run" / "leaderboard.md").read_text("utf-8")
    assert "Undefined on 1 of 2 pairs (smaller than the 11×11 pixels that it needs)" in table


def test_a_constant_image_is_the_reason_of_a_dash(pair_folders, cli, tmp_path) -> None:
    folder = pair_folders(1)
    write_png(tmp_path / "X" / "0.png", np.full((48, 64), 9, np.uint8))
    sources = ("--ir", folder / "ir", "--vis", folder / "vi")
    plain = ("--metrics", "CC", "--no-figures", "--no-html", "--out", tmp_path / "run")
    assert cli("score", "--fused", tmp_path / "X", *sources, *plain).code == 0
    assert "the fused image is constant" in (tmp_path / "run" / "leaderboard.md").read_text("utf-8")


def test_what_is_not_read_is_said(pair_folders) -> None:
    folder = pair_folders(2)
    for name in ("2.gif", "3.npy", "4.avif", "notes.txt", "Thumbs.db"):
        (folder / "ir" / name).write_bytes(b"x")
    (folder / "ir" / "5.png").symlink_to(folder / "nowhere.png")
    (folder / "vi" / "6.png").mkdir()
    findings = Findings()
    check_pairs(open_folders(folder / "ir", folder / "vi"), findings)
    found = findings.problems("custom", skippable=False)
    aside = {Path(p.item).name for p in found if p.check == "left-aside"}
    assert aside == {"2.gif", "3.npy", "4.avif", "5.png", "6.png"}


def test_folders_without_images_say_what_they_hold(tmp_path) -> None:
    for kind in ("ir", "vis"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "1.gif").write_bytes(b"GIF89a")
    with pytest.raises(DataError, match=r"found: 1 \.gif; read are .*\.webp"):
        open_folders(tmp_path / "ir", tmp_path / "vis")


def test_one_bad_file_is_one_problem(pair_folders) -> None:
    folder = pair_folders(4)
    (folder / "ir" / "0.png").write_bytes(b"")
    (folder / "ir" / "1.png").write_bytes((folder / "ir" / "1.png").read_bytes()[:-9])
    findings = Findings(skip_bad=True)
    record = check_pairs(open_folders(folder / "ir", folder / "vi"), findings)
    (found,) = findings.records
    assert (found.check, found.count, found.resolution) == ("unreadable-image", 2, "left out")
    assert [pair.id for pair in record.pairs] == ["2", "3"] and len(record.skipped) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(pair_folders) -> None:
    folder = pair_folders(2)
    (folder / "ir" / "0.png").unlink()
    os.mkfifo(folder / "ir" / "0.png")
    with pytest.raises(DataError, match="no-partner"):
        check_pairs(open_folders(folder / "ir", folder / "vi"))


def test_verify_groups_what_it_finds(pair_folders, cli, tmp_path) -> None:
    folder = pair_folders(3, name="TNO")
    for i in range(3):
        cv2.imwrite(str(folder / "ir" / f"{i}.png"), smooth(i, 7000, 8000).astype(np.uint16))
    found = cli("data", "verify", "TNO", "--data-root", tmp_path)
    assert found.code == 1 and "few-levels (3 of 3 in TNO)" in found.err
    assert found.err.count("few-levels") == 1 and "--ir-range" in found.err
    assert (
        cli("data", "verify", "TNO", "--data-root", tmp_path, "--all").out.count("few-level") == 3
    )
    read = cli("data", "verify", "TNO", "--data-root", tmp_path, "--ir-range", "P1-P99")
    assert read.code == 0 and "3 usable pairs" in read.out


SPLITS = [(name, split) for name, card in load_datasets().items() for split in card.splits]


@pytest.mark.parametrize(("name", "split"), SPLITS)
def test_no_real_data_set_is_refused(shared, name, split) -> None:
    root = shared("data")
    try:
        dataset = open_dataset(name, root, split)
    except DataError:
        pytest.skip(f"{name}/{split} is not among the reference material")
    some = dataset.pairs[:: max(1, len(dataset.pairs) // 12)]
    findings = Findings()
    record = check_pairs(replace(dataset, pairs=some), findings)
    assert kinds(findings) == {} and len(record.pairs) == len(some)
