"""Tables in the styles of papers: every planted fault is found, and nothing else.

A line of ``latex_tables/*.tex`` that ends with ``%! 6.10 7.20`` marks these numbers wrongly; the
line ``%= ...`` after it is the same row marked rightly.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fusionbench.latex_check import check_latex
from fusionbench.latex_check.headings import Directions, metric_cards, shows_classes
from fusionbench.latex_check.table import read_cell

TABLES = sorted((Path(__file__).parent / "latex_tables").glob("*.tex"))


def planted(text):
    """The wrong numbers with their lines."""
    lines = enumerate(text.split("\n"), start=1)
    return {(i, n) for i, line in lines if "%! " in line for n in line.split("%! ")[1].split()}


def found(checked):
    where = re.compile(r"[^:]*:(\d+): .*?: (\S+) is ")
    return {(int(m[1]), m[2]) for m in map(where.match, checked.wrong) if m}


def test_there_are_ten_tables_with_several_faults_each():
    texts = [path.read_text(encoding="utf-8") for path in TABLES]
    assert len(texts) >= 10
    assert all(len(planted(text)) >= 4 for text in texts)


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_exactly_the_planted_faults_are_found(path):
    expected = planted(path.read_text(encoding="utf-8"))
    checked = check_latex(path)
    assert found(checked) == expected
    assert len(checked.wrong) == len(expected)


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_the_mended_table_is_right(path, tmp_path):
    text = re.sub(r"^.*%! .*\n%= ", "\n", path.read_text(encoding="utf-8"), flags=re.M)
    assert "%!" not in text
    (tmp_path / "mended.tex").write_text(text, encoding="utf-8")
    checked = check_latex(tmp_path / "mended.tex")
    assert checked.wrong == []
    assert checked.numbers >= 35


CASES = {
    "cellcolor": {(3, "2.10"), (4, "2.40")},
    "macros": {(7, "0.80"), (8, "0.79")},
    "nabf_max": {(3, "0.031"), (4, "0.120")},
    "percent_map": set(),
    "pm_comma": {(4, "6.50"), (5, "6.60")},
    "siunitx": {(3, "0.812"), (5, "0.801")},
    "tblr": {(3, "6.10"), (4, "6.00")},
    "transposed": {(4, "33.0"), (4, "32.0")},
}


@pytest.mark.parametrize("name", CASES)
def test_cases_from_practice(shared, cli, name):
    path = shared(f"cases/70_latex/{name}.tex")
    assert found(check_latex(path)) == CASES[name]
    assert cli("latex-check", path).code == (1 if CASES[name] else 0)


HIGHER = (
    *("mAP", "mAP50", "mAP@0.5", "mAP@[.5:.95]", "mAP$_{50:95}$", "AP", "AP50", "AP$_{75}$", "AR"),
    *("Precision", "Recall", "F1", "mIoU", "IoU (\\%)", "Acc.", "FPS", "Speed (FPS)", "VIFF"),
    *("Person AP50", "Mean EN"),
)
LOWER = (
    *("MR", "LAMR", "MR$^{-2}$", "\\#Params (M)", "FLOPs", "GFLOPs", "MACs (G)", "Time", "Latency"),
    *("Runtime/s", "Speed (ms)", "Memory", "RMSE", "AbsRel", "Abs Rel", "Model size (MB)"),
    *("Avg. rank", "$Q_{CV}$", "Inference time per image (ms)"),
)


@pytest.mark.parametrize(
    ("heading", "better"),
    [
        *((h, "higher") for h in HIGHER),
        *((h, "lower") for h in LOWER),
        *((h, None) for h in ("Venue", "Year", "N", "$\\Delta$ mAP", "Person", "Backbone")),
    ],
)
def test_what_headings_say(heading, better):
    directions = Directions(metric_cards())
    found = directions.of([read_cell(heading, {}, "t.tex:1")])
    assert (found.better if found else None) == better


@pytest.mark.parametrize("name", ["Person", "People", "Lamp", "Car Stop", "Color cone", "Bike"])
def test_names_of_classes_are_metrics_beside_others(name):
    cells = [read_cell(text, {}, "t.tex:1") for text in (name, "mIoU")]
    assert shows_classes(cells, [])
    assert not shows_classes(cells[:1], ["Results on TNO"])
    assert shows_classes(cells[:1], ["Detection results on M3FD"])
    found = Directions(metric_cards()).of(cells[:1], classes=True)
    assert found is not None and found.better == "higher"
