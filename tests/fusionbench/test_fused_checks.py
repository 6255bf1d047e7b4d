"""Whether fused images can be what their names say."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fusionbench.checks import Findings
from fusionbench.checks.fused import JUDGED, Look, alike, judge
from fusionbench.datasets import check_pairs, open_dataset
from fusionbench.images import luma, read_image, with_chroma, write_png
from fusionbench.runs import Run
from fusionbench.sources import PairSources
from fusionbench.stages.collecting import collect

U8 = NDArray[np.uint8]
Fuser = Callable[[U8, U8], U8]


def average(ir: U8, vis: U8) -> U8:
    return ((ir.astype(np.uint16) + vis) // 2).astype(np.uint8)


def detail(ir: U8, vis: U8) -> U8:
    high = ir.astype(np.float32) - cv2.GaussianBlur(ir, (0, 0), 8)
    return np.clip(vis + high, 0, 255).astype(np.uint8)


def equalized(ir: U8, vis: U8) -> U8:
    return cv2.equalizeHist(average(ir, vis)).view(np.uint8)


def gamma(ir: U8, vis: U8) -> U8:
    return (255 * (np.maximum(ir, vis) / 255.0) ** 0.4).astype(np.uint8)


FUSERS: dict[str, Fuser] = {
    "average": average,
    "maximum": np.maximum,
    "detail": detail,
    "equalized": equalized,
    "gamma": gamma,
}


@pytest.fixture(scope="module")
def scenes() -> dict[str, PairSources]:
    """The sample's pairs, in gray."""
    pairs = open_dataset("sample", None).pairs
    return {p.id: PairSources(luma(read_image(p.ir)), luma(read_image(p.vis))) for p in pairs}


def looks(scenes: Mapping[str, PairSources], images: Mapping[str, U8]) -> dict[str, Look]:
    return {pair: Look.of(scenes[pair].triple(image)) for pair, image in images.items()}


def fused(scenes: Mapping[str, PairSources], fuser: Fuser = average) -> dict[str, U8]:
    return {pair: fuser(s.ir, s.vis) for pair, s in scenes.items()}


def found(scenes: Mapping[str, PairSources], images: Mapping[str, U8]) -> dict[str, int]:
    return dict(Counter(problem.check for problem in judge(looks(scenes, images))))


@pytest.mark.parametrize("name", FUSERS)
def test_what_fusers_make_is_never_named(name, scenes) -> None:
    assert found(scenes, fused(scenes, FUSERS[name])) == {}


@pytest.mark.parametrize("name", FUSERS)
@pytest.mark.parametrize(
    ("check", "spoil"),
    [
        ("inverted-fused", lambda image: 255 - image),
        ("turned-fused", lambda image: image[:, ::-1]),
        ("turned-fused", lambda image: image[::-1]),
        ("turned-fused", lambda image: image[::-1, ::-1]),
        ("constant-fused", np.zeros_like),
        ("levels-0-1", lambda image: (image > image.mean()).astype(np.uint8)),
        ("few-levels-fused", lambda image: ((image > image.mean()) * 255).astype(np.uint8)),
    ],
)
def test_what_is_spoiled_is_named_on_every_image(check, spoil, name, scenes) -> None:
    images = fused(scenes, FUSERS[name])
    spoiled = {pair: np.ascontiguousarray(spoil(image)) for pair, image in images.items()}
    ((named, count),) = found(scenes, spoiled).items()
    symmetric = 1 if check == "turned-fused" else 0
    assert named == check and count >= len(scenes) - symmetric


@pytest.mark.parametrize("name", FUSERS)
@pytest.mark.parametrize(
    ("order", "said"),
    [
        (lambda ids: [*ids[1:], ids[0]], "1 later"),
        (lambda ids: [ids[-1], *ids[:-1]], "1 earlier"),
        (lambda ids: ids[::-1], "in reverse order"),
    ],
)
def test_images_under_names_of_other_pairs_are_named(order, said, name, scenes) -> None:
    images = fused(scenes, FUSERS[name])
    ids = list(images)
    renamed = {pair: images[other] for pair, other in zip(ids, order(ids), strict=True)}
    problems = judge(looks(scenes, renamed))
    assert {p.check for p in problems} == {"fits-another-pair"}
    assert len(problems) >= len(ids) - 2
    assert all(p.detail.endswith(said) for p in problems)


def test_two_files_that_were_exchanged_are_named_and_no_others(scenes) -> None:
    images = fused(scenes, detail)
    first, second, *_ = images
    images[first], images[second] = images[second], images[first]
    problems = judge(looks(scenes, images))
    assert [(p.check, p.item) for p in problems] == [
        ("fits-another-pair", first),
        ("fits-another-pair", second),
    ]
    assert f"fits {second}" in problems[0].detail


def test_one_spoiled_image_among_good_ones_is_named(scenes) -> None:
    last = list(scenes)[-1]
    for check, spoil in (
        ("inverted-fused", lambda image: 255 - image),
        ("constant-fused", np.ones_like),
        ("few-levels-fused", lambda image: (image > 99).astype(np.uint8)),
        ("fused-is-source", lambda _: scenes[last].ir),
    ):
        images = fused(scenes)
        images[last] = spoil(images[last])
        assert [(p.check, p.item) for p in judge(looks(scenes, images))] == [(check, last)]


def test_values_that_wrapped_around_are_named(scenes) -> None:
    for wrap in (
        lambda ir, vis: ir + vis,
        lambda ir, vis: (ir + vis) // 2,
        lambda ir, vis: vis + (ir - 128),
    ):
        assert "wrapped-fused" in found(scenes, fused(scenes, wrap))


@pytest.mark.parametrize("name", FUSERS)
def test_images_that_were_moved_are_named(name, scenes) -> None:
    for move, said in (
        (lambda image: np.roll(image, 20, 1), "+6% of the width, +0% of the height"),
        (lambda image: np.pad(image, ((24, 0), (0, 0)), "edge")[:-24], "+0% of the width, +9%"),
    ):
        images = {pair: move(image) for pair, image in fused(scenes, FUSERS[name]).items()}
        problems = judge(looks(scenes, images))
        assert {problem.check for problem in problems} == {"moved-fused"}
        assert len(problems) >= len(scenes) // 2
        assert sum(said in problem.detail for problem in problems) >= len(scenes) // 2


def test_white_images_are_named_where_the_sources_are_not_white(scenes) -> None:
    doubled = fused(
        scenes, lambda ir, vis: np.clip(2.5 * average(ir, vis), 0, 255).astype(np.uint8)
    )
    assert found(scenes, doubled).keys() <= {"white-fused"}
    assert found(scenes, doubled)["white-fused"] >= len(scenes) // 2
    bright = {p: PairSources(*(np.maximum(i, 250) | 255 for i in (s.ir, s.vis)))
              for p, s in scenes.items()}  # fmt: skip
    assert "white-fused" not in found(bright, fused(bright))


def test_channels_in_another_order_are_named() -> None:
    pairs = open_dataset("sample", None).pairs
    coloured = {p.id: PairSources(luma(read_image(p.ir)), read_image(p.vis)) for p in pairs}
    right = {p: with_chroma(average(s.ir, luma(s.vis)), s.vis) for p, s in coloured.items()}
    assert found(coloured, right) == {}
    exchanged = {p: np.ascontiguousarray(image[:, :, ::-1]) for p, image in right.items()}
    assert found(coloured, exchanged)["exchanged-channels"] > len(pairs) // 2
    gray = {p: luma(image) for p, image in right.items()}
    assert found(coloured, gray) == {}
    last = list(right)[-1]
    assert found(coloured, right | {last: exchanged[last]}) == {}, "one may be a false colour"


def test_an_image_of_few_levels_is_named(scenes) -> None:
    for levels in (2, 4, 8, 16):
        step = 256 // levels
        coarse = fused(scenes, lambda ir, vis, step=step: average(ir, vis) // step * step)
        assert found(scenes, coarse)["few-levels-fused"] == len(scenes)
    assert found(scenes, fused(scenes, lambda ir, vis: average(ir, vis) // 4 * 4)) == {}


def test_looks_are_of_no_size(scenes) -> None:
    """Large images are looked at in part: what is found is the same."""
    for spoil, check in ((lambda i: 255 - i, "inverted-fused"), (lambda i: i * 2, "wrapped-fused")):
        images = {pair: spoil(image) for pair, image in fused(scenes).items()}
        large = {
            p: PairSources(*(np.kron(i, np.ones((3, 3), np.uint8)) for i in (s.ir, s.vis)))
            for p, s in scenes.items()
        }
        grown = {pair: np.kron(image, np.ones((3, 3), np.uint8)) for pair, image in images.items()}
        assert check in found(scenes, images) and check in found(large, grown)


def test_copies_of_a_source_are_named_also_when_saved_anew(scenes) -> None:
    for side in ("ir", "vis"):
        images = {pair: getattr(s, side) for pair, s in scenes.items()}
        assert found(scenes, images) == {"fused-is-source": len(scenes)}
        again = {
            pair: cv2.imdecode(cv2.imencode(".jpg", image, [1, 98])[1], 0).view(np.uint8)
            for pair, image in images.items()
        }
        assert found(scenes, again) == {"fused-is-source": len(scenes)}
        assert judge(looks(scenes, images), anchor=True) == []


def test_one_image_under_every_name_is_named_once_each(scenes) -> None:
    images = fused(scenes)
    first = next(iter(images))
    assert found(scenes, dict.fromkeys(images, images[first])) == {
        "repeated-fused": len(scenes) - 1
    }
    twice = {f"{pair}{n}": s for pair, s in scenes.items() for n in "ab"}
    assert found(twice, fused(twice)) == {}, "pairs that are the same give the same images"


def test_the_same_images_under_two_methods_are_named(scenes) -> None:
    one = looks(scenes, fused(scenes))
    sums = {"first": {pair: look.crc for pair, look in one.items()}}
    assert {(p.check, p.detail) for p in alike(one, sums)} == {("same-as-another", "as of first")}
    assert alike(looks(scenes, fused(scenes, detail)), sums) == []


def test_near_identical_pairs_in_any_order_are_not_named(scenes) -> None:
    first = next(iter(scenes.values()))
    rng = np.random.default_rng(0)
    frames = {}
    for number in range(12):
        moved = [np.roll(plane, number, 1) for plane in (first.ir, first.vis)]
        noisy = [np.clip(m + rng.normal(0, 4, m.shape), 0, 255).astype(np.uint8) for m in moved]
        frames[str(number)] = PairSources(*noisy)
    assert found(frames, fused(frames, gamma)) == {}


def test_constant_sources_and_tiny_images_are_looked_at_too() -> None:
    flat = {"a": PairSources(np.zeros((5, 3), np.uint8), np.zeros((5, 3), np.uint8))}
    assert found(flat, {"a": np.zeros((5, 3), np.uint8)}) == {}
    dot = {"a": PairSources(np.zeros((1, 1), np.uint8), np.full((1, 1), 9, np.uint8))}
    assert found(dot, {"a": np.full((1, 1), 5, np.uint8)}) == {}


def test_a_look_is_read_back_and_old_rows_have_none(scenes) -> None:
    look = next(iter(looks(scenes, fused(scenes)).values()))
    assert Look.from_row(json.loads(json.dumps(look.row()))) == look
    assert Look.from_row(None) is None and Look.from_row({"levels": 3}) is None


# the shared cases and images


def test_the_cases_are_named(shared, tmp_path) -> None:
    for case, check in (
        ("10_black_fused", "constant-fused"),
        ("12_fused_off_by_one", "fits-another-pair"),
        ("49_fused_uint8_overflow", "wrapped-fused"),
        ("16_rgba_fused", ""),
    ):
        folder = shared(f"cases/{case}")
        images = {p.stem: read_image(p) for p in sorted((folder / "fused").iterdir())}
        pairs = {
            stem: PairSources(
                *(read_image(folder / side / f"{stem}.png") for side in ("ir", "vis"))
            )
            for stem in images
        }
        assert found(pairs, images) == ({check: len(images)} if check else {})


def published(shared) -> dict[str, dict[str, tuple[PairSources, U8]]]:
    """Published fused images by method and pair."""
    sets: dict[str, dict[str, tuple[PairSources, U8]]] = {}
    tno = shared("data/TNO")
    for folder in sorted(p for p in shared("data/fused_results/TNO").iterdir() if p.is_dir()):
        for image in sorted(folder.glob("*.png")):
            ir, vis = (next((tno / side).glob(f"{image.stem}.*")) for side in ("ir", "vi"))
            pair = PairSources(read_image(ir), read_image(vis))
            sets.setdefault(folder.name, {})[image.stem] = pair, read_image(image)
    vifb = shared("data/VIFB")
    for ir in sorted((vifb / "input" / "IR").iterdir())[::3]:
        vis = next((vifb / "input" / "VI").glob(f"{ir.stem}.*"))
        pair = PairSources(read_image(ir), read_image(vis))
        for image in sorted((vifb / "output" / "fused_images").glob(f"{ir.stem}_*")):
            method = image.stem.removeprefix(f"{ir.stem}_")
            sets.setdefault(method, {})[ir.stem] = pair, read_image(image)
    return sets


def test_no_published_image_is_named_and_every_negative_is(shared) -> None:
    for method, images in published(shared).items():
        pairs = {pair: sources for pair, (sources, _) in images.items()}
        seen = looks(pairs, {pair: image for pair, (_, image) in images.items()})
        assert judge(seen) == [], method
        negative = looks(pairs, {pair: 255 - image for pair, (_, image) in images.items()})
        named = [p for p in judge(negative) if p.check == "inverted-fused"]
        # GTF takes its levels from one source and its edges from the other
        assert len(named) >= len(images) - (1 if method == "GTF" else 0), method


# from end to end


@pytest.fixture
def folders(tmp_path, scenes) -> Path:
    for pair, sources in list(scenes.items())[:4]:
        small = [
            cv2.resize(i, (160, 120), interpolation=cv2.INTER_AREA)
            for i in (sources.ir, sources.vis)
        ]
        ir, vis = (s.view(np.uint8) for s in small)
        write_png(tmp_path / "ir" / f"{pair}.png", ir)
        write_png(tmp_path / "vis" / f"{pair}.png", vis)
        write_png(tmp_path / "fused" / "good" / f"{pair}.png", average(ir, vis))
        write_png(tmp_path / "fused" / "copy" / f"{pair}.png", average(ir, vis))
        write_png(tmp_path / "fused" / "negative" / f"{pair}.png", 255 - average(ir, vis))
        write_png(tmp_path / "floats" / f"{pair}.png", np.round(ir / 255.0).astype(np.uint8))
    return tmp_path


PLAIN = ("--metrics", "EN", "--no-figures", "--no-html")


def records(run: Path) -> list[dict]:
    found = json.loads((run / "manifest.json").read_text())["findings"]
    return [record for record in found if record["check"] in JUDGED]


def test_warnings_stand_where_the_numbers_stand(cli, folders) -> None:
    run, sides = folders / "run", ("--ir", folders / "ir", "--vis", folders / "vis")
    done = cli("score", "--fused", folders / "fused", *sides, "--out", run, *PLAIN)
    assert done.code == 0
    assert done.err.count("inverted-fused (4 of 4 in negative of custom)") == 1
    assert {(r["check"], r["method"]) for r in records(run)} == {
        ("inverted-fused", "negative"),
        ("same-as-another", "good"),
    }
    for name in ("leaderboard.md", "leaderboard.tex"):
        text = (run / name).read_text()
        assert "Bright is dark" in text and "4 of 4" in text and str(folders) not in text
    with (run / "leaderboard.csv").open() as stream:
        notes = {row["method"]: row["notes"] for row in csv.DictReader(stream)}
    assert "inverted-fused" in notes["negative"] and notes["copy"] == ""
    before = (run / "manifest.json").read_bytes()
    assert cli("report", run, "--no-figures", "--no-html").code == 0
    assert (run / "manifest.json").read_bytes() == before


def test_an_image_from_elsewhere_is_looked_at_once(cli, folders, monkeypatch) -> None:
    taken, of = [], Look.of
    monkeypatch.setattr(Look, "of", lambda triple: taken.append(of(triple)) or taken[-1])
    run, sides = folders / "run", ("--ir", folders / "ir", "--vis", folders / "vis")
    command = ("score", "--fused", folders / "fused", *sides, "--out", run, *PLAIN, "--workers", 1)
    assert cli(*command).code == 0 and len(taken) == 3 * 4
    looks, found = (
        [Run(run).scores("custom", m) for m in ("copy", "good", "negative")],
        records(run),
    )
    assert cli("score", run, *PLAIN, "--overwrite", "always", "--workers", 1).code == 0
    assert len(taken) == 2 * 3 * 4 and records(run) == found
    again = [Run(run).scores("custom", m) for m in ("copy", "good", "negative")]
    assert again == looks and all("look" in row for rows in again for row in rows.values())


def test_levels_0_and_1_are_refused_before_anything_is_written(cli, folders) -> None:
    run, sides = folders / "run", ("--ir", folders / "ir", "--vis", folders / "vis")
    command = ("score", "--fused", folders / "floats", *sides, "--out", run, *PLAIN)
    done = cli(*command)
    assert done.code == 2 and "multiply by 255" in done.err and not run.exists()
    done = cli(*command, "--accept", "levels-0-1")
    assert done.code == 0 and "levels-0-1, accepted" in (run / "leaderboard.md").read_text()
    assert cli("score", run, *PLAIN).code == 0, "what was accepted stays accepted"
    strict = folders / "strict"
    done = cli("score", "--fused", folders / "fused", *sides, "--out", strict, *PLAIN, "--strict")
    assert done.code == 2 and "inverted-fused" in done.err and not strict.exists()


PLUGIN = """
from fusionbench import Method, method

@method("dark", title="Dark", family="mine")
class Dark(Method):
    def fuse(self, ir, vis):
        return ir[:, :1] / 255
"""


def test_what_a_run_makes_is_looked_at_too(cli, folders) -> None:
    file, run = folders / "dark.py", folders / "own"
    file.write_text(PLUGIN)
    command = ("run", "--methods", "dark,average,ir", "--plugin", file, "--ir", folders / "ir")
    command = (*command, "--vis", folders / "vis", "--out", run, *PLAIN, "--colour", "gray")
    done = cli(*command)
    assert done.code == 1 and "levels-0-1 (4 of 4 in dark of custom)" in done.err
    assert [(r["check"], r["method"], r["resolution"]) for r in records(run)] == [
        ("levels-0-1", "dark", "")
    ]
    rows = {r["method"]: r for r in csv.DictReader((run / "leaderboard.csv").open())}
    assert rows["dark"]["EN"] == "" and rows["average"]["EN"] and rows["average"]["notes"] == ""
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["earlier"] == []
    assert cli("report", run, "--no-figures", "--no-html").code == 1
    assert cli(*command, "--accept", "levels-0-1").code == 0
    rows = {r["method"]: r for r in csv.DictReader((run / "leaderboard.csv").open())}
    assert rows["dark"]["EN"] and "accepted" in rows["dark"]["notes"]


def test_identify_looks_before_it_works(folders) -> None:
    record = check_pairs(open_dataset_of(folders), Findings())
    with pytest.raises(Exception, match="levels-0-1"):
        collect({"floats": folders / "floats"}, record, Findings())


def open_dataset_of(folders: Path):
    from fusionbench.datasets import open_folders

    return open_folders(folders / "ir", folders / "vis", "custom")


SIGNED = """
from fusionbench import Method, method


@method("signed", title="Signed", family="pixel")
class Signed(Method):
    def fuse(self, ir, vis):
        return ir + vis - 1
"""


@pytest.mark.usefixtures("fresh_plugins")
def test_an_output_out_of_range_is_refused_or_accepted_and_marked(cli, tmp_path) -> None:
    plugin = tmp_path / "signed.py"
    plugin.write_text(SIGNED)
    command = ("run", "--plugin", plugin, "--methods", "signed", "--metrics", "EN", "--limit", 2)
    plain = ("--no-figures", "--no-html", "--out")
    done = cli(*command, *plain, tmp_path / "refused")
    assert done.code == 1 and "outside [0, 1]" in done.err
    done = cli(*command, "--accept", "output-range", *plain, tmp_path / "accepted")
    assert done.code == 0 and "output-range" in done.err
    assert "output-range, accepted" in (tmp_path / "accepted" / "leaderboard.md").read_text()


def test_an_image_that_several_methods_share_is_named_once() -> None:
    from fusionbench.checks.fused import Look, alike

    look = Look(0, 255, 200, 200, 7, 9.0, 9.0, 1.0, 0.0, "")
    others = {name: {"1": 7, "2": 7} for name in ("a", "b", "c")}
    found = alike({"1": look, "2": look}, others)
    assert [problem[1:] for problem in found] == [("1", "as of a"), ("2", "as of a")]
