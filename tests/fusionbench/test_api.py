"""The front door: what the commands do, called from a program that is left as it was."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import fusionbench as fb
from fusionbench.images import luma, read_image, write_png

QUICK = {"figures": False, "html": False, "quiet": True, "workers": 1}
RNG = np.random.default_rng(11)
IR = cv2.GaussianBlur(RNG.integers(0, 256, (40, 52), dtype=np.uint8), (0, 0), 1.5)
VIS = cv2.GaussianBlur(RNG.integers(0, 256, (40, 52, 3), dtype=np.uint8), (0, 0), 2)
RANDOM = """
import torch
from fusionbench import Method, method

@method("dice", title="Dice", family="test")
class Dice(Method):
    def load(self):
        self.offset = torch.rand(1)
    def fuse(self, ir, vis):
        return (ir + torch.rand_like(vis) + self.offset) / 3
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> fb.api.Run:
    """A run of two methods and both sources on two of the sample scenes."""
    folder = tmp_path_factory.mktemp("made")
    return fb.run(
        "average,laplacian,ir,visible", limit=2, metrics="EN,SSIM,VIF",
        convention="standard,tang", out=folder, **QUICK,
    )  # fmt: skip


# ---------------------------------------------------------------------------------------- fuse


def written(cli, folder: Path, method: str, *options: str) -> dict[str, np.ndarray]:
    """What ``fusionbench fuse`` writes of a colour and of a gray pair."""
    for name, vis in (("colour", VIS), ("gray", luma(VIS))):
        write_png(folder / "ir" / f"{name}.png", IR)
        write_png(folder / "vis" / f"{name}.png", vis)
    done = cli("fuse", "--methods", method, "--ir", folder / "ir", "--vis", folder / "vis",
               "--out", folder / "run", *options)  # fmt: skip
    assert done.code == 0, done.err
    images = (folder / "run" / "fused" / "custom" / method).glob("*.png")
    return {path.stem: read_image(path) for path in images}


@pytest.mark.parametrize("method", ["cmtfusion", "laplacian", "visible"])
@pytest.mark.parametrize("colour", ["keep", "gray"])
def test_fused_arrays_are_what_the_command_writes(method, colour, cli, tmp_path) -> None:
    saved = written(cli, tmp_path, method, "--colour", colour)
    loaded = fb.load_method(method)
    for name, vis in (("colour", VIS), ("gray", luma(VIS))):
        for ir, of in ((IR, vis), (Image.fromarray(IR), Image.fromarray(vis))):
            np.testing.assert_array_equal(loaded(ir, of, colour=colour), saved[name])
        files = tmp_path / "ir" / f"{name}.png", str(tmp_path / "vis" / f"{name}.png")
        np.testing.assert_array_equal(loaded(*files, colour=colour), saved[name])


@pytest.mark.usefixtures("fresh_plugins")
def test_a_method_in_colour_gives_what_the_command_writes(cli, tmp_path) -> None:
    """It sees the visible image as it is, and what it makes of gray may be in colour."""
    (tmp_path / "tint.py").write_text(
        "from fusionbench import Method, method\n\n"
        "@method('tint', title='Tint', family='test', colour='rgb')\nclass Tint(Method):\n"
        "    def fuse(self, ir, vis):\n"
        "        return vis * 0.7 + ir * ir.new_tensor([0.3, 0.2, 0.1])[:, None, None]\n"
    )
    saved = written(cli, tmp_path, "tint", "--plugin", tmp_path / "tint.py")
    tint = fb.load_method("tint", plugin=tmp_path / "tint.py")
    assert saved["gray"].shape == VIS.shape
    np.testing.assert_array_equal(tint(IR, VIS), saved["colour"])
    np.testing.assert_array_equal(tint(IR, luma(VIS)), saved["gray"])
    assert tint(IR, luma(VIS)[None]).shape == (3, *IR.shape)
    assert (tint(IR, luma(VIS), colour="gray") == luma(saved["gray"])).all()


def test_what_came_in_comes_back() -> None:
    wanted = fb.fuse("average", IR, VIS)
    assert (wanted.dtype, wanted.shape) == (np.dtype(np.uint8), VIS.shape)
    average = fb.load_method("average")
    chw = np.ascontiguousarray(VIS.transpose(2, 0, 1))
    share = average(IR / 255, (VIS / 255).astype(np.float32))
    assert share.dtype == np.float32
    np.testing.assert_array_equal(np.rint(share * 255), wanted)
    tensor = average(torch.from_numpy(IR)[None], torch.from_numpy(chw).double() / 255)
    assert tensor.dtype == torch.float64
    np.testing.assert_array_equal((tensor * 255).round().numpy().transpose(1, 2, 0), wanted)
    batch = average(np.stack([IR, IR])[:, None], np.stack([chw, 255 - chw]))
    assert batch.shape == (2, 3, *IR.shape)
    np.testing.assert_array_equal(batch[0].transpose(1, 2, 0), wanted)
    picture = average(IR, Image.fromarray(VIS))
    assert picture.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(picture), wanted)
    first, second = average([IR, IR[:20]], [VIS, Image.fromarray(VIS[:20])])
    np.testing.assert_array_equal(first, wanted)
    assert second.size == (52, 20)


@pytest.mark.usefixtures("fresh_plugins")
def test_random_numbers_are_those_of_the_command(cli, tmp_path) -> None:
    (tmp_path / "dice.py").write_text(RANDOM)
    saved = written(cli, tmp_path, "dice", "--plugin", tmp_path / "dice.py", "--seed", "4")
    loaded = fb.load_method("dice", plugin=tmp_path / "dice.py", seed=4)
    for name in ("gray", "colour"):
        files = tmp_path / "ir" / f"{name}.png", tmp_path / "vis" / f"{name}.png"
        np.testing.assert_array_equal(loaded(*files), saved[name])
    assert (loaded(IR, VIS) == loaded(IR, VIS)).all()


@pytest.mark.usefixtures("fresh_plugins")
def test_a_plugin_is_imported_again_as_it_is_now(tmp_path) -> None:
    file = tmp_path / "mine.py"
    body = (
        "import fusionbench as fb\n\n@fb.method('mine', title='M', family='t')\n"
        "class M(fb.Method):\n"
    )
    for share in (0.25, 0.75):
        file.write_text(f"{body}    def fuse(self, ir, vis):\n        return ir * 0 + {share}\n")
        assert fb.fuse("mine", IR, luma(VIS), plugin=file)[0, 0] == round(share * 255)
        again = fb.run("mine", plugin=file, limit=1, metrics="EN", out=tmp_path / "run", **QUICK)
        (image,) = again.folder.rglob("*.png")
        assert luma(read_image(image)).mean() == pytest.approx(share * 255, abs=3)
    file.write_text("import nothing_of_the_kind\n")
    with pytest.raises(fb.FusionBenchError, match="nothing_of_the_kind"):
        fb.load_method("mine", plugin=file)
    file.write_text(f"{body}    def fuse(self, ir, vis):\n        return vis\n")
    np.testing.assert_array_equal(fb.fuse("mine", IR, VIS, plugin=file), VIS)


def test_a_class_in_the_program_is_a_method(fresh_plugins, tmp_path) -> None:
    @fb.method("inline", title="Inline", family="test")
    class Inline(fb.Method):
        value = 0.5

        def fuse(self, ir, vis):
            return ir * 0 + self.value

    assert fb.fuse(Inline, IR, luma(VIS))[0, 0] == 128
    for Inline.value in (0.5, 0.6):  # whatever it is made of may have changed meanwhile
        run = fb.run([Inline, "average"], limit=1, metrics="EN", out=tmp_path, **QUICK)
        (image,) = (tmp_path / "fused" / "sample" / "inline").glob("*.png")
        assert luma(read_image(image)).mean() == pytest.approx(255 * Inline.value, abs=3)
    assert run.leaderboard()["method"].tolist() == ["inline", "average"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: fb.fuse("avrage", IR, VIS), "Did you mean average"),
        (lambda: fb.fuse("average,ir", IR, VIS), "names 2 methods"),
        (lambda: fb.fuse(7, IR, VIS), "expected a method's name"),
        (lambda: fb.fuse("average", IR, VIS, device="warp:9"), "device"),
        (lambda: fb.fuse("average", IR, VIS, options={"size": "2"}), "has no option"),
        (lambda: fb.fuse("average", IR, VIS[:9]), "sizes-differ"),
        (lambda: fb.fuse(fb.load_method("average"), IR, VIS, device="cpu"), "loaded already"),
        (lambda: fb.fuse("average", IR, VIS, plugin="nothing.py"), "no such file"),
    ],
)
def test_what_cannot_be_fused_is_refused(call, said) -> None:
    with pytest.raises(fb.FusionBenchError, match=said):
        call()


# ----------------------------------------------------------------------------------------- run


def test_a_run_is_that_of_the_command(made, cli, tmp_path) -> None:
    out = tmp_path / made.folder.name
    done = cli(
        "run", "--methods", "average,laplacian,ir,visible", "--limit", 2, "--metrics",
        "EN,SSIM,VIF", "--convention", "standard,tang", "--out", out, "--workers", 1,
        "--no-figures", "--no-html",
    )  # fmt: skip
    assert done.code == 0, done.err
    names, others = (
        sorted(p.relative_to(folder) for p in folder.rglob("[!.]*") if p.is_file())
        for folder in (out, made.folder)
    )
    assert names == others
    for name in names:
        if name.suffix in (".csv", ".md", ".png", ".tex", ".bib"):
            assert (out / name).read_bytes() == (made.folder / name).read_bytes(), name
    assert "fusionbench.run(" in json.loads((made.folder / "manifest.json").read_text())["command"]


def test_the_frames_are_the_files(made) -> None:
    board = made.leaderboard()
    saved = pd.read_csv(made.folder / "leaderboard.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(pd.DataFrame(board)[saved.columns], saved, check_dtype=False)
    ranks = pd.read_csv(made.folder / "ranks.csv")
    assert made.ranks().shape == ranks.shape
    assert len(made.scores()) == 4 * 2 * 3 * 2
    assert made.scores()["value"].notna().all()
    assert set(made.significance()["first"]) == {"average"}
    assert made.detection().empty
    assert made.profile().empty
    assert made.failures().empty
    assert made.methods()["method"].tolist() == ["average", "laplacian", "ir", "visible"]
    assert len(made.pairs()) == 2


def test_a_run_is_loaded_and_chosen_from(made) -> None:
    again = fb.load(str(made.folder))
    tang = again.leaderboard(convention="tang")
    assert set(tang["convention"]) == {"tang"}
    assert set(again.leaderboard(convention=["tang", "standard"])["convention"]) == {
        "tang", "standard",
    }  # fmt: skip
    few = again.leaderboard(methods="laplacian", metrics="VIF,EN", convention="tang", sources=False)
    assert few["method"].tolist() == ["laplacian"]
    assert few.columns[5:7].tolist() == ["VIF", "EN"]
    assert "Mine" in again.leaderboard(labels={"average": "Mine"})["label"].tolist()
    for wrong in ({"methods": "gff"}, {"metrics": "SD"}, {"convention": "vifb"}, {"our": "x"}):
        with pytest.raises(fb.UnknownNameError):
            again.leaderboard(**wrong)
    with pytest.raises(fb.FusionBenchError, match="is not a run"):
        fb.load(made.folder / "fused")


def test_a_notebook_sees_the_table(made) -> None:
    html = made.leaderboard(ours="laplacian", convention="standard")._repr_html_()
    assert html.count("<b>") >= 3
    assert "<u>" in html
    assert "Source images, not ranked" in html
    assert html.index("Average") < html.index("Ours") < html.index("Laplacian")
    assert "data fingerprint" in html
    assert made._repr_html_().count("<table") == 2
    assert "Source images are not ranked" in repr(made)
    assert str(made).startswith(f"Run {made.folder}: 4 methods on sample (2 pairs)")
    assert "<table" not in str(made)


def test_what_is_made_of_a_leaderboard_is_a_plain_frame(made) -> None:
    board = made.leaderboard()
    best = board[board["convention"] == "tang"].sort_values("VIF")
    assert type(best) is pd.DataFrame
    assert type(board[["VIF", "EN"]]) is pd.DataFrame
    assert board.set_index("method").loc["ir", "EN"].shape == (2,)


def test_marks_and_text_are_escaped_in_html(made) -> None:
    html = made.leaderboard(labels="average=<i>&A</i>")._repr_html_()
    assert "&lt;i&gt;&amp;A&lt;/i&gt;" in html
    assert "<i>&A" not in html


def test_a_run_is_reported_anew(made) -> None:
    before = (made.folder / "leaderboard.tex").read_bytes()
    files = made.report(layout="stacked", ours="laplacian", figures=False, html=False, quiet=True,
                        methods="average,laplacian", convention="tang", std=True)  # fmt: skip
    assert made.folder / "leaderboard.tex" in files
    text = (made.folder / "leaderboard.tex").read_text()
    assert "$\\pm$" in text
    assert text.index("Average") < text.index("Laplacian")
    assert "standard" not in text.partition("\\begin{tabular}")[2].partition("\\end{tabular}")[0]
    made.report(figures=False, html=False, quiet=True)
    assert (made.folder / "leaderboard.tex").read_bytes() == before
    with pytest.raises(fb.UnknownNameError, match="unknown option 'layouts'"):
        made.report(layouts="stacked")
    with pytest.raises(fb.FusionBenchError, match="decimals"):
        made.report(decimals=99)


def test_images_from_elsewhere_are_scored(made, tmp_path) -> None:
    run = fb.run(fused=made.folder / "fused" / "sample" / "average", dataset="sample", limit=2,
                 metrics="EN", out=tmp_path, **QUICK)  # fmt: skip
    wanted = made.scores().query("method == 'average' and metric == 'EN' and convention == 'tang'")
    np.testing.assert_array_equal(run.scores()["value"], wanted["value"])
    with pytest.raises(fb.FusionBenchError, match="methods and images from elsewhere"):
        fb.run("average", fused=made.folder)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"methods": "avrage"}, "unknown method 'avrage'"),
        ({"dataset": "smple"}, "unknown data set 'smple'"),
        ({"figure": False}, "unknown option 'figure'. Did you mean figures"),
        ({"limit": 0}, "limit 0: expected 1 or more"),
        ({"limit": "few"}, "limit: got 'few'; input should be a valid integer"),
        ({"overwrite": "sometimes"}, "overwrite: got 'sometimes'; input should be"),
        ({"plugin": "nothing.py"}, "no such file"),
        ({"fused": "nowhere", "dataset": "sample"}, "nowhere"),
    ],
)
def test_what_cannot_run_is_refused(options, said, tmp_path) -> None:
    with pytest.raises(fb.FusionBenchError, match=said):
        fb.run(**{"out": tmp_path / "run", **QUICK, **options})
    assert not (tmp_path / "run").exists()


def test_options_are_given_as_python_has_them(made, tmp_path) -> None:
    request = fb.api.request_of(
        methods=["average", "ir"], data_root="data", weights={"cmtfusion": "retrained"},
        plugin="a.py", option="x.y=z", metrics=["EN", "SD"], accept=("a", "b"), limit=3,
    )  # fmt: skip
    assert request.methods == "average,ir"
    assert request.data_root == Path("data")
    assert request.weights == ["cmtfusion=retrained"]
    assert request.plugin == [Path("a.py")]
    assert request.option == ["x.y=z"]
    assert (request.metrics, request.accept) == ("EN,SD", ["a", "b"])


def test_failures_are_said(fresh_plugins, tmp_path, capsys) -> None:
    @fb.method("broken", title="Broken", family="test")
    class Broken(fb.Method):
        def fuse(self, ir, vis):
            raise ValueError("no")

    run = fb.run(["broken", "average"], limit=1, metrics="EN", out=tmp_path, **QUICK)
    assert run.failures()["error"].tolist() == ["ValueError: no"]
    assert np.isnan(run.leaderboard().set_index("method").loc["broken", "EN"])
    assert capsys.readouterr().err == ""


def test_a_metric_in_the_program_is_scored_here(fresh_plugins, tmp_path) -> None:
    """Other processes do not know it."""

    @fb.metric("MINE", title="Mine", better="higher", low=0, high=255,
               conventions={"standard": {}})  # fmt: skip
    def mine(triple):
        return triple.fused.f64.mean()

    run = fb.run("average", metrics="MINE,EN", limit=2, out=tmp_path, **{**QUICK, "workers": 2})
    assert run.leaderboard()["MINE"].between(1, 254).all()
    assert fb.score(IR, VIS, VIS // 2, "MINE")["MINE"] == luma(VIS // 2).mean()


# ------------------------------------------------------------------------------------- dataset


def test_a_data_set_is_a_sequence_of_pairs() -> None:
    scenes = fb.dataset("sample", limit=3, quiet=True)
    assert len(scenes) == 3
    first = scenes[0]
    assert scenes[first.id] is first
    assert [pair.id for pair in scenes[1:]] == [pair.id for pair in scenes][1:]
    assert first.ir().dtype == first.vis().dtype == np.uint8
    assert first.vis().shape == (*first.ir().shape[:2], 3)
    np.testing.assert_array_equal(first.ir(), read_image(first.record.ir))
    assert first.labels is not None
    assert first.labels.boxes.shape == (len(first.labels.classes), 4)
    assert set(np.unique(first.labels.classes)) <= set(range(len(scenes.classes)))
    with pytest.raises(fb.UnknownNameError, match="unknown pair of sample 'nope'"):
        scenes["nope"]
    with pytest.raises(IndexError):
        scenes[3]


def test_folders_of_ones_own_are_a_data_set(pair_folders) -> None:
    folder = pair_folders(2)
    scenes = fb.dataset("mine", ir=folder / "ir", vis=folder / "vi", quiet=True)
    assert [pair.id for pair in scenes] == ["0", "1"]
    assert scenes[0].labels is None
    assert scenes.classes == ()
    (folder / "ir" / "1.png").unlink()
    with pytest.raises(fb.DataError, match="no-partner"):
        fb.dataset("mine", ir=folder / "ir", vis=folder / "vi", quiet=True)
    narrow = fb.dataset("mine", ir=folder / "ir", vis=folder / "vi", ir_range="0:510", quiet=True,
                        skip_bad_pairs=True)  # fmt: skip
    assert narrow[0].ir().max() <= 128, "read as a run would read it"


@pytest.mark.parametrize(
    ("options", "said"),
    [({"name": "MSSR"}, "Did you mean MSRS"), ({"split": "tets"}, "unknown split of sample"),
     ({"name": "MSRS"}, "needs a data root"), ({"lmit": 1}, "unknown option 'lmit'")],
)  # fmt: skip
def test_what_is_no_data_set_is_refused(options, said) -> None:
    with pytest.raises(fb.FusionBenchError, match=said):
        fb.dataset(**options)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("methods", "cmtfusion"), ("metrics", "VIF"), ("datasets", "MSRS"), ("conventions", "tang"),
     ("detectors", "yolox-nano")],
)  # fmt: skip
def test_cards_are_frames(kind, name, cli) -> None:
    frame = getattr(fb, kind)()
    assert frame.loc[name, "name"] == name
    listed = json.loads(cli("list", kind, "--json").out)
    assert frame["name"].tolist() == [item["name"] for item in listed]
    assert set(frame.columns) == set(listed[0])


def test_modules_stay_modules() -> None:
    code = (
        "import fusionbench as fb; before = fb.metrics().shape\n"
        "import fusionbench.metrics.vif, fusionbench.conventions as c\n"
        "from fusionbench.datasets import load_datasets\n"
        "assert fb.metrics.vif and c.select_columns\n"
        "assert fb.datasets.load_datasets is load_datasets\n"
        "assert fb.metrics().shape == before and len(c()) == len(fb.conventions())\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ---------------------------------------------------------------------------- left as it was


def surroundings() -> dict[str, object]:
    return {
        "environment": dict(os.environ),
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads(), cv2.getNumThreads()),
        "python": random.getstate(),
        "numpy": str(np.random.get_state()),  # noqa: NPY002
        "torch": torch.get_rng_state().tolist(),
        "seed": torch.initial_seed(),
        "gradients": torch.is_grad_enabled(),
        "type": torch.get_default_dtype(),
        "path": list(sys.path),
        "folder": Path.cwd(),
        "printing": np.get_printoptions(),
        "float errors": np.geterr(),
    }


@pytest.mark.parametrize("what", ["score", "fuse", "scorer", "run", "report", "dataset"])
def test_a_call_changes_nothing_of_the_program(what, made, fresh_plugins, tmp_path) -> None:
    (tmp_path / "dice.py").write_text(RANDOM)
    torch.manual_seed(3)
    random.seed(3)
    calls = {
        "score": lambda: fb.score(IR, VIS, VIS // 2 + 40),
        "fuse": lambda: fb.fuse("dice", IR, VIS, plugin=tmp_path / "dice.py"),
        "scorer": lambda: fb.Scorer("core").update(IR, VIS, VIS // 2 + 40),
        "run": lambda: fb.run("dice", plugin=tmp_path / "dice.py", limit=1, metrics="EN",
                              out=tmp_path / "run", **QUICK),
        "report": lambda: made.report(metrics="EN", sources=False, html=False, quiet=True),
        "dataset": lambda: fb.dataset("sample", limit=1, quiet=True),
    }  # fmt: skip
    before = surroundings()
    calls[what]()
    after = surroundings()
    for name, held in before.items():
        assert after[name] == held, name


def test_opencvs_numbers_depend_on_the_programs_seed_alone(fresh_plugins) -> None:
    def drawn(method: str, seed: int) -> list[int]:
        cv2.setRNGSeed(seed)
        fb.fuse(method, IR, VIS)
        return cv2.randu(np.zeros(4, np.int32), 0, 1000).ravel().tolist()

    @fb.method("draws", title="Draws", family="test")
    class Draws(fb.Method):
        def fuse(self, ir, vis):
            cv2.randu(np.zeros(9, np.int32), 0, 9)
            return ir

    assert drawn("average", 5) == drawn("draws", 5) != drawn("average", 6)


def test_how_memory_is_kept_is_the_programs_affair(cli, tmp_path, monkeypatch) -> None:
    calls = []
    monkeypatch.setattr("fusionbench.stages.scoring.keep_freed_memory", lambda: calls.append(1))
    fb.run("average", limit=1, metrics="EN", out=tmp_path, **QUICK)
    assert not calls
    cli("score", tmp_path, "--metrics", "SD", "--workers", 1, "--no-figures", "--no-html")
    assert calls


def test_a_folder_is_given_back(made) -> None:
    from fusionbench import locking

    made.report(figures=False, html=False, quiet=True)
    assert not locking._held
    assert not locking.waits
    assert not (made.folder / ".lock.json").exists()


@pytest.mark.slow
def test_a_script_needs_no_guard(tmp_path) -> None:
    """Scoring in several processes does not run the script again in each of them."""
    script = tmp_path / "try.py"
    script.write_text(
        "import fusionbench as fb\nprint('begun')\n"
        "run = fb.run('average', limit=2, metrics='EN', out='run', workers=2, figures=False,"
        " html=False)\nprint(len(run.scores()))\n"
    )
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["begun", "2"]


def test_python_m_fusionbench() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fusionbench", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("fusionbench 0.")
    wrong = subprocess.run(
        [sys.executable, "-m", "fusionbench", "nothing"], capture_output=True, text=True
    )
    assert wrong.returncode == 2
    assert "Usage: fusionbench" in wrong.stderr
