"""Run folders that were damaged, files that spreadsheets and LaTeX misread, hostile YAML."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from pathlib import Path

import pytest

from fusionbench.cards import MethodCard
from fusionbench.citing import bibtex
from fusionbench.errors import FusionBenchError
from fusionbench.files import TEMPORARY, csv_text, plain_cell, remove_leftovers, replacing
from fusionbench.runs import RowWriter, latest, read_rows
from fusionbench.tables.escaping import escape
from fusionbench.yamls import load_yaml

GOOD = [json.dumps({"pair": str(n), "value": n}) for n in range(4)]
BAD = [
    "",
    "not json",
    GOOD[0][: len(GOOD[0]) // 2],
    GOOD[0] + GOOD[1],
    "[1, 2]",
    '{"value": 1}',
    '{"pair": 3}',
]


@pytest.mark.parametrize("bad", BAD)
def test_a_line_that_is_no_row_is_read_past_named_and_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, bad: str
) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text("\n".join([GOOD[0], bad, GOOD[1], ""]))
    assert [row["pair"] for row in read_rows(path)] == ["0", "1"]
    assert list(latest(path)) == ["0", "1"]
    assert caplog.text.count("m.jsonl") == 1 and "(2)" in caplog.text
    with RowWriter(path) as writer:
        writer.write({"pair": "2"})
    assert path.read_text() == "\n".join([GOOD[0], GOOD[1], '{"pair": "2"}', ""])
    assert path.with_name("m.jsonl.bad").read_text() == bad + "\n"


def test_bytes_that_are_no_utf8_are_such_a_line(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_bytes(b'{"pair": "\xff"}\n' + GOOD[0].encode() + b"\n")
    assert list(latest(path)) == ["0"]


def test_what_was_damaged_is_made_again(cli, pair_folders, tmp_path: Path) -> None:
    folder, run = pair_folders(3), tmp_path / "run"
    command = ("run", "--methods", "average", "--ir", folder / "ir", "--vis", folder / "vi")
    command += ("--metrics", "EN", "--out", run, "--no-figures", "--no-html")
    assert cli(*command).code == 0
    before = (run / "scores.csv").read_text()
    for rows in ("fused/custom/average.jsonl", "scores/custom/average.jsonl"):
        lines = (run / rows).read_text().splitlines()
        (run / rows).write_text("\n".join([lines[0], lines[1] + lines[2], ""]))
    (run / "fused" / "custom" / "average" / f"{TEMPORARY}abc.png").write_bytes(b"half")
    done = cli("report", run, "--no-figures", "--no-html")
    assert done.code == 0 and "average.jsonl: 1 line is no row" in done.err
    assert len((run / "scores.csv").read_text().splitlines()) == 2
    done = cli(*command)
    assert done.code == 0
    assert (run / "scores.csv").read_text() == before
    assert not list(run.rglob(f"{TEMPORARY}*"))


def test_temporary_files_have_a_name_that_is_recognised(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stopped"), replacing(tmp_path / "a.png") as temporary:
        assert temporary.name.startswith(TEMPORARY)
        raise ValueError("stopped")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / f"{TEMPORARY}x.png").write_bytes(b"")
    (tmp_path / "deep" / ".mine.png").write_bytes(b"")
    assert remove_leftovers(tmp_path) == 1
    assert [p.name for p in (tmp_path / "deep").iterdir()] == [".mine.png"]


@pytest.mark.parametrize(
    "text", ["=1+1", "+x", "-x", "@SUM(A1)", "\tx", "=cmd|' /C calc'!A0", "−", "plain"]
)
def test_no_text_is_a_formula_and_it_reads_back(text: str) -> None:
    ((cell, number),) = csv.reader(io.StringIO(csv_text([[text, "-0.5"]]), newline=""))
    assert cell[0] not in "=+-@\t\r" and number == "-0.5"
    assert plain_cell(cell) == text


@pytest.mark.parametrize("number", ["-0.5", "+3", "-inf", "-1e-05"])
def test_numbers_stay_numbers(number: str) -> None:
    assert csv_text([[number, -0.5]]) == f"{number},-0.5\n"


def test_a_label_is_no_argument_of_the_line_break_before_it() -> None:
    assert escape("[Ours] Net") == "{[}Ours] Net"
    assert escape("*Star") == "{*}Star"
    assert escape("A [b] *c*") == "A [b] *c*"


def test_bibtex_counts_every_brace() -> None:
    title = 'Open { and } \\ 100% "of" @x ~ ^ <a|b> #1 _b $c &'
    card = MethodCard(name="x", title="X", family="cnn", paper=title, year=2024, authors="A. Bée")
    entry = bibtex(card)
    assert entry.count("{") == entry.count("}")
    assert r"100\%" in entry and "Bée" in entry


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "aliases"),
        ("a: &a [*a]", "aliases"),
        ("[" * 5000, "is not YAML"),
        ("a: [1", "is not YAML"),
        ("a: !!python/object/apply:os.system [ls]", "is not YAML"),
        ("x" * 1_000_001, "characters"),
    ],
)
def test_hostile_yaml_is_one_plain_line(text: str, said: str) -> None:
    begun = time.process_time()
    with pytest.raises(FusionBenchError, match=said):
        load_yaml(text, "file.yaml")
    assert time.process_time() - begun < 30  # it ends at all; the bomb would not


def test_plain_yaml_is_read() -> None:
    assert load_yaml("a: &x [1, 2]\nb: *x", "f") == {"a": [1, 2], "b": [1, 2]}
    assert load_yaml("", "f") is None


def test_a_deleted_image_does_not_keep_its_value(cli, pair_folders, tmp_path: Path) -> None:
    folder, run = pair_folders(3), tmp_path / "run"
    command = ("--ir", folder / "ir", "--vis", folder / "vi", "--metrics", "EN", "--out", run)
    plain = ("--no-figures", "--no-html")
    assert cli("run", "--methods", "average", *command, *plain).code == 0
    (run / "fused" / "custom" / "average" / "1.png").unlink()
    assert cli("score", run, "--metrics", "EN", *plain).code == 0
    lines = (run / "scores.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in lines[1:]] == ["0", "2"]
    assert "2 of 3 pairs scored" in (run / "leaderboard.md").read_text()
    assert cli("run", "--methods", "average", *command, *plain).code == 0
    assert len((run / "scores.csv").read_text().splitlines()) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("{", "cannot be read"),
        ("[]", "expected a JSON object"),
        ('{"schema_version": 2}', "schema version 2.*newer one; upgrade"),
        ('{"schema_version": 1}', "is not the manifest of a run: command: Field required"),
    ],
)
def test_a_manifest_that_is_none_is_one_plain_line(cli, tmp_path: Path, text, said) -> None:
    (tmp_path / "manifest.json").write_text(text)
    done = cli("report", tmp_path)
    assert done.code == 2 and re.search(said, done.err)
    assert len(done.err.strip().splitlines()) == 1
