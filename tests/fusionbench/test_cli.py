"""The commands as a user types them: what they give, and one clear line where they cannot go on."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fusionbench.images import write_png

CHEAP = ("--methods", "average,ir,visible", "--metrics", "EN,SD", "--no-figures", "--workers", 1)


def leaderboard(run: Path) -> list[dict[str, str]]:
    with (run / "leaderboard.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nsys.argv = ['fusionbench', '--help']\nfrom fusionbench.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'pandas', 'numpy', 'cv2', 'matplotlib', 'seaborn', 'pydantic'}\n"
        "sys.stderr.write(' '.join(sorted(heavy & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: fusionbench" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("kind", ["methods", "metrics", "detectors", "conventions", "datasets"])
def test_listing_does_not_import_torch(kind) -> None:
    code = (
        f"import sys\nsys.argv = ['fusionbench', 'list', '{kind}', '--json']\n"
        "from fusionbench.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "sys.stderr.write(' '.join(sorted({'torch', 'pandas', 'matplotlib'} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert all("broken" not in item for item in json.loads(done.stdout))


def test_lists_are_readable(cli) -> None:
    assert "average" in cli("list", "methods").out
    assert "Qabf" in cli("list", "metrics").out
    assert "RoadScene" in cli("list", "datasets").out
    assert "standard" in cli("list", "conventions").out


def test_a_metric_has_a_card(cli) -> None:
    done = cli("show", "vif")
    assert done.code == 0
    assert "Visual information fidelity" in done.out and "0 to infinity" in done.out
    assert "Σ log(1 + g² σx²" in done.out and "saturate: Clip" in done.out
    assert "tang-legacy: noise=2.0, saturate=true, combine=sum" in done.out
    assert "Linfeng-Tang/Evaluation-for-Image-Fusion 5d6c43a" in done.out
    assert "@article{sheikh2006image," in done.out
    assert "Args:" not in done.out and "triple" not in done.out
    one = cli("show", "SF@vifb").out
    assert "vifb: peak=255, divisor=pixels" in one and "side by side" in one
    assert "standard:" not in one


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("yolox-nano", "@misc{ge2021yolox,"),
        ("tang", "Nabf: peak=255, ir_as_fused=true"),
        ("seafusion", "10.1016/j.inffus.2021.12.004"),
        ("MSRS", "terms"),
        ("no-partner", "looks at"),
    ],
)
def test_whatever_has_a_name_can_be_shown(cli, name, said) -> None:
    done = cli("show", name)
    assert done.code == 0
    assert said in done.out


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("MSRSS", "MSRS"), ("Qabff", "Qabf"), ("tan-legacy", "tang-legacy"), ("yolox", "yolox-nano")],
)
def test_an_unknown_name_suggests_near_ones_of_every_kind(cli, wrong, near) -> None:
    done = cli("show", wrong)
    assert done.code == 2 and near in done.err
    assert cli("show", "VIF@tank").code == 2
    assert cli("show", "average@tang").code == 2


def test_version(cli) -> None:
    assert cli("--version").out.startswith("fusionbench 0.")


def test_run_end_to_end_and_again(cli, tmp_path) -> None:
    out = tmp_path / "run"
    first = cli("run", *CHEAP, "--limit", 2, "--out", out)
    assert first.code == 0, first.err
    assert "Average" in first.out and "EN" in first.out
    assert {p.name for p in out.iterdir()} >= {
        "manifest.json", "fused", "scores", "scores.csv",
        "leaderboard.csv", "leaderboard.md", "leaderboard.tex",
    }  # fmt: skip
    rows = leaderboard(out)
    assert [r["method"] for r in rows] == ["average", "ir", "visible"]
    assert list(rows[0]) == ["dataset", "convention", "method", "label", "n", "EN", "SD"]
    assert {r["n"] for r in rows} == {"2"}
    before = {p: p.stat().st_mtime_ns for p in (out / "fused").rglob("*.png")}
    text = (out / "leaderboard.csv").read_bytes()
    assert cli("run", *CHEAP, "--limit", 2, "--out", out).code == 0
    assert {p: p.stat().st_mtime_ns for p in (out / "fused").rglob("*.png")} == before
    assert (out / "leaderboard.csv").read_bytes() == text


def test_the_manifest_says_what_was_done(cli, tmp_path) -> None:
    cli("run", *CHEAP, "--metrics", "SSIM", "--limit", 1, "--out", tmp_path / "run", "--colour",
        "gray")  # fmt: skip
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["schema_version"] == 1
    assert manifest["configuration"]["colour"] == "gray"
    assert manifest["command"].startswith("fusionbench run --methods")
    assert len(manifest["datasets"][0]["pairs"][0]["ir_sha256"]) == 64
    assert {"numpy", "torch", "fusionbench"} <= set(manifest["versions"])
    assert manifest["columns"][0]["params"]["peak"] == 255


def test_fuse_then_score_then_report_equals_run(cli, tmp_path) -> None:
    methods = CHEAP[:2]
    cli("run", *CHEAP, "--limit", 2, "--out", tmp_path / "a")
    assert cli("fuse", *methods, "--limit", 2, "--out", tmp_path / "b").code == 0
    assert not (tmp_path / "b" / "scores").exists()
    done = cli("score", tmp_path / "b", "--metrics", "EN,SD", "--no-figures", "--workers", 1)
    assert done.code == 0, done.err
    (tmp_path / "b" / "leaderboard.csv").unlink()
    assert cli("report", tmp_path / "b", "--no-figures").code == 0
    for name in ("leaderboard.csv", "scores.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_manifest_remembers_earlier_commands(cli, tmp_path) -> None:
    cli("fuse", "--methods", "average", "--limit", 1, "--out", tmp_path / "run")
    cli("score", tmp_path / "run", "--metrics", "EN", "--no-figures")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert [e["command"].split()[1] for e in manifest["earlier"]] == ["fuse"]
    assert manifest["command"].split()[1] == "score"
    assert manifest["earlier"][0]["versions"]["torch"]


def test_two_conventions_side_by_side(cli, tmp_path) -> None:
    done = cli(
        "run", "--methods", "average", "--metrics", "SSIM@standard,SSIM@tang,EN", "--limit", 1,
        "--no-figures", "--out", tmp_path / "run", "--workers", 1,
    )  # fmt: skip
    assert done.code == 0, done.err
    rows = leaderboard(tmp_path / "run")
    assert [r["convention"] for r in rows] == ["standard", "tang"]
    assert rows[0]["SSIM"] != rows[1]["SSIM"]
    assert rows[0]["EN"] and not rows[1]["EN"]


def test_images_from_elsewhere(cli, tmp_path, pair_folders) -> None:
    root = pair_folders(3)
    cli("fuse", "--methods", "average", "--dataset", "TNO", "--data-root", root, "--out",
        tmp_path / "run")  # fmt: skip
    cli("score", tmp_path / "run", "--metrics", "EN,SD", "--no-figures", "--workers", 1)
    done = cli(
        "score", "--fused", tmp_path / "run" / "fused" / "TNO", "--dataset", "TNO",
        "--data-root", root, "--metrics", "EN,SD", "--out", tmp_path / "again", "--no-figures",
    )  # fmt: skip
    assert done.code == 0, done.err
    (ours,), (theirs,) = leaderboard(tmp_path / "run"), leaderboard(tmp_path / "again")
    assert ours["EN"] == theirs["EN"] and ours["SD"] == theirs["SD"]


def test_own_folders(cli, tmp_path, pair_folders) -> None:
    root = pair_folders(2)
    done = cli("run", *CHEAP, "--ir", root / "ir", "--vis", root / "vi", "--out", tmp_path / "run")
    assert done.code == 0, done.err
    assert leaderboard(tmp_path / "run")[0]["dataset"] == "custom"


def test_the_data_root_comes_from_the_environment_or_a_file(
    cli, tmp_path, pair_folders, monkeypatch
) -> None:
    root = pair_folders(1)
    arguments = ("run", *CHEAP, "--dataset", "TNO", "--out", tmp_path / "run")
    assert cli(*arguments).code == 2
    (tmp_path / "no-config.yaml").write_text(f"data_root: {root}\n")
    assert cli(*arguments).code == 0
    monkeypatch.setenv("FUSIONBENCH_DATA", str(tmp_path / "nowhere"))
    assert "nowhere" in cli(*arguments).err
    (tmp_path / "no-config.yaml").write_text("data_rot: 1\n")
    monkeypatch.delenv("FUSIONBENCH_DATA")
    assert "data_rot" in cli(*arguments).err


def test_a_failing_method_makes_the_exit_code_1_and_a_dash(cli, tmp_path, monkeypatch) -> None:
    from fusionbench.methods.pixelwise import Average

    def fail(self, ir, vis):
        raise MemoryError("out of memory")

    monkeypatch.setattr(Average, "fuse", fail)
    done = cli("run", *CHEAP, "--limit", 2, "--out", tmp_path / "run")
    assert done.code == 1
    assert "average failed on 2 of 2 pairs of sample" in done.err
    assert "Traceback" not in done.err
    assert {r["method"]: r["EN"] == "" for r in leaderboard(tmp_path / "run")} == {
        "average": True, "ir": False, "visible": False,
    }  # fmt: skip


def bad(tmp_path: Path, root: Path, what: str) -> tuple[list[object], str]:
    """Arguments that cannot work, and what the message must say."""
    tno = ["--dataset", "TNO", "--data-root", root]
    if what == "method":
        return ["run", "--methods", "cmtfuson"], "Did you mean cmtfusion"
    if what == "metric":
        return ["run", "--metrics", "QABFF"], "Did you mean Qabf"
    if what == "convention":
        return ["run", "--convention", "standart"], "Did you mean standard"
    if what == "dataset":
        return ["run", "--dataset", "MSR"], "Did you mean MSRS"
    if what == "root":
        return ["run", "--dataset", "MSRS", "--data-root", root], "Expected: MSRS/test/ir"
    if what == "partner":
        (root / "vi" / "0.png").unlink()
        return ["run", *tno], "has no visible partner"
    if what == "sizes":
        write_png(root / "vi" / "0.png", np.zeros((9, 9), np.uint8))
        return ["run", *tno], "sizes differ"
    if what == "truncated":
        (root / "ir" / "0.png").write_bytes((root / "ir" / "0.png").read_bytes()[:99])
        return ["run", *tno], "truncated PNG"
    if what == "empty":
        (tmp_path / "empty").mkdir()
        folder = tmp_path / "empty"
        return ["run", "--ir", folder, "--vis", folder], "hold no images"
    if what == "strangers":
        write_png(tmp_path / "f" / "x.png", np.zeros((48, 64), np.uint8))
        return ["score", "--fused", tmp_path / "f", *tno], "no image belongs to a pair"
    if what == "nothing":
        return ["score"], "--fused"
    if what == "half":
        return ["run", "--ir", root / "ir"], "--ir and --vis go together"
    if what == "device":
        return ["run", "--device", "warp9"], "--device warp9"
    if what == "weights":
        return ["run", "--weights", "cmtfusion=/none.pth"], "there is no such file"
    raise AssertionError(what)


@pytest.mark.parametrize("what", [
    "method", "metric", "convention", "dataset", "root", "partner", "sizes", "truncated", "empty",
    "strangers", "nothing", "half", "device", "weights",
])  # fmt: skip
def test_bad_input_is_one_clear_error_and_nothing_is_written(
    cli, tmp_path, pair_folders, what
) -> None:
    arguments, message = bad(tmp_path, pair_folders(2), what)
    out = tmp_path / "out"
    done = cli(*arguments, "--out", out)
    assert done.code == 2
    assert message in done.err
    assert done.err.count("error: ") == 1
    assert "Traceback" not in done.err
    assert not out.exists()


def test_a_folder_that_cannot_be_written_is_an_error(cli, tmp_path) -> None:
    (tmp_path / "file").touch()
    done = cli("run", *CHEAP, "--limit", 1, "--out", tmp_path / "file" / "run")
    assert done.code == 2
    assert "cannot write to" in done.err and "--out" in done.err


def test_a_folder_that_is_no_run(cli, tmp_path) -> None:
    assert "is not a run" in cli("report", tmp_path).err
    assert cli("score", tmp_path).code == 2


def test_debug_shows_the_traceback(monkeypatch) -> None:
    from fusionbench.cli import main
    from fusionbench.errors import UnknownNameError

    monkeypatch.setattr(sys, "argv", ["fusionbench", "--debug", "run", "--methods", "nope"])
    with pytest.raises(UnknownNameError):
        main()
