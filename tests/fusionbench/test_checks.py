"""Named checks: what stops a command, what is let through, and how it is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fusionbench.checks import CHECKS, Findings, page, without_folders
from fusionbench.errors import DataError, FusionBenchError, UnknownNameError
from fusionbench.images import write_png

ROOT = Path(__file__).resolve().parents[2]


def test_a_kind_is_one_line_with_a_count_and_three_names() -> None:
    findings = Findings()
    for number in range(7):
        findings.add("few-levels", str(number), "4 levels", dataset="custom", of=9)
    (record,) = findings.records
    assert record.count == 7 and record.stops
    assert record.text() == (
        "few-levels (7 of 9 in custom): scaled by 1/257, few gray levels of the file are left: "
        "0: 4 levels; 1: 4 levels; 2: 4 levels and 4 more"
    )


def test_what_is_refused_stops_unless_accepted_and_everything_is_listed() -> None:
    findings = Findings()
    findings.add("few-levels", "1", dataset="a")
    findings.add("no-partner", "2", dataset="b")
    with pytest.raises(DataError) as stopped:
        findings.settle()
    text = str(stopped.value)
    assert "few-levels" in text and "no-partner" in text
    assert "--accept few-levels" in text and "--skip-bad-pairs" in text
    accepted = Findings(["few-levels"], skip_bad=True)
    accepted.add("few-levels", "1", dataset="a")
    accepted.add("no-partner", "2", dataset="b")
    accepted.settle()
    assert [r.resolution for r in accepted.records] == ["accepted", "left out"]
    assert accepted.records[0].in_tables and "accepted" in accepted.records[0].text()


def test_strict_refuses_on_warnings_and_never_on_notes() -> None:
    for strict in (False, True):
        findings = Findings(strict=strict)
        findings.add("constant-fused", "1", method="m")
        findings.add("alpha-dropped", "1")
        if strict:
            with pytest.raises(DataError, match="--accept constant-fused"):
                findings.settle()
        else:
            findings.settle()
    accepted = Findings(["constant-fused"], strict=True)
    accepted.add("constant-fused", "1", method="m")
    accepted.settle()


def test_only_checks_that_can_be_let_through_can_be_accepted() -> None:
    with pytest.raises(UnknownNameError, match="few-levels"):
        Findings(["few-level"])
    with pytest.raises(FusionBenchError, match="--skip-bad-pairs"):
        Findings(["unreadable-image"])
    with pytest.raises(FusionBenchError, match="no checkpoint"):
        Findings(["not-weights"])
    with pytest.raises(UnknownNameError):
        Findings().add("few-level")


def test_the_page_of_the_documents_lists_every_check() -> None:
    assert (ROOT / "docs" / "checks.md").read_text("utf-8") == page(), (
        "write it anew: fusionbench list checks --markdown > docs/checks.md"
    )
    for name, check in CHECKS.items():
        assert name == check.name and f"`{name}`" in page()
        assert check.finds and check.remedy and check.looks_at


def test_the_command_line_lists_them(cli) -> None:
    listed = json.loads(cli("list", "checks", "--json").out)
    assert [item["name"] for item in listed] == list(CHECKS)


def test_what_was_left_out_is_in_the_manifest_and_on_the_terminal(
    cli, pair_folders, tmp_path
) -> None:
    folder = pair_folders(3)
    write_png(folder / "ir" / "1.png", np.zeros((9, 9), np.uint8))
    run = tmp_path / "out"
    arguments = ("--ir", folder / "ir", "--vis", folder / "vi", "--methods", "average")
    plain = ("--metrics", "EN", "--out", run, "--no-figures", "--no-html")
    done = cli("run", *arguments, *plain, "--accept", "few-level")
    assert done.code == 2 and "few-levels" in done.err and not run.exists()
    done = cli("run", *arguments, *plain, "--skip-bad-pairs")
    assert done.code == 0 and "sizes-differ (1 of 3 in custom, left out)" in done.err
    (found,) = json.loads((run / "manifest.json").read_text())["findings"]
    assert found["check"] == "sizes-differ" and found["resolution"] == "left out"


@pytest.mark.parametrize(("text", "left"), [
    ("/a/my data/1.png: cut short", "1.png: cut short"),
    ("3/4 of (/tmp/x/y.png)", "3/4 of (y.png)"),
    ("/tmp/x and /home/y/z.png", "x and z.png"),
    ("/tmp/x.png and a/b.png", "x.png and a/b.png"),
    ("the folder /data/run/ is empty", "the folder run is empty"),
    ("['/a/b.png', '/c d/e.png']", "['b.png', 'e.png']"),
    ("run --out=/home/me/run --ir '/home/Max Muster/ir'", "run --out=run --ir 'ir'"),
    ("PATH=/usr/bin:/home/me/bin", "PATH=bin:bin"),
    ("/data (copy)/[new], 2/x.png", "x.png"),
    ("~/secret/x.png, ~me/secret/y.png", "x.png, y.png"),
    ("../../me/x.png", "x.png"),
    ("file:///home/me/x.png", "x.png"),
    (r"C:\Users\Max Muster\x.png: no image", "x.png: no image"),
    (r"'D:\\data\\x.png'", "'x.png'"),
    (r"\\server\share\x.png", "x.png"),
    ("/runs/12:30:05/x.png, 7", "x.png, 7"),
    (r"lost: /home/max\_muster/a\&b/x\_1.png \\", r"lost: x\_1.png \\"),
    (r"/home/x\textasciitilde{}y/z-{}-1/w.png", "w.png"),
    ("https://example.org/a/b.html and http://localhost:80/c/d", None),
    ("git@github.com:me/that.git, s3://bucket/a/b", None),
    (r"$Q^{AB/F}$ & 3/4 \\ {a}/{b}/c \hline", None),
    ("| a / b / c | and/or | </td></tr> | 1/2/3 | train/ir/1.png |", None),
    ("doi 10.1109/TIP.2020/1, N/A, ./ir/x.png", None),
])  # fmt: skip
def test_places_of_the_machine_are_cut_and_nothing_else(text, left) -> None:
    assert without_folders(text) == (text if left is None else left)


def test_cutting_places_takes_no_time_on_odd_texts() -> None:
    for text in ("/" * 20_000, "/a" * 20_000, "/" + "a " * 20_000, "/(" * 9_999, "~" * 20_000):
        without_folders(text)
