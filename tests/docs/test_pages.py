"""What the site is made of: every card has a page, every page its parts, every command exists."""

from __future__ import annotations

import math
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from fusionbench.cards import MethodCard
from fusionbench.conventions import load_conventions
from fusionbench.datasets import load_datasets
from fusionbench.datasets.catalogue import DataSetCard
from fusionbench.registry import METHODS, METRICS
from tests.docs.conftest import DOCS, ROOT, TUTORIALS, blocks, cells
from tests.metrics.golden_data import cases

sys.path.insert(0, str(ROOT / "tools"))
from site_pages import write_pages
from site_pages.formulas import markdown, tex_of
from site_pages.reference import command_tree


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    write_pages(folder)
    return folder


WRITTEN = sorted(DOCS.glob("*.md")) + [p for p in TUTORIALS if p.suffix == ".md"]


@pytest.mark.parametrize("entry", list(METRICS), ids=lambda e: e.name)
def test_a_metric_has_a_page_with_its_parts(entry: Any, generated: Path) -> None:
    text = (generated / "metrics" / f"{entry.name}.md").read_text("utf-8")
    for heading in ("Definition", "Conventions", "Values to check against", "Known faults"):
        assert f"\n## {heading}" in text
    for convention in load_conventions().values():
        assert (f"`{entry.name}@{convention.name}`" in text) == convention.defines(entry)


def test_example_values_are_those_of_the_published_code(generated: Path) -> None:
    checked = 0
    for case in cases():
        if case.triple != "e5_noise97x83" or not math.isfinite(case.value + case.limit):
            continue
        page = (generated / "metrics" / f"{case.column.partition('@')[0]}.md").read_text("utf-8")
        rows = [line for line in page.splitlines() if f"| `{case.column}` |" in line]
        (row,) = (line for line in rows if f"| {case.implementation} |" in line)
        here, there = (float(row.split(" | ")[place]) for place in (1, 3))
        assert there == pytest.approx(case.value, rel=1e-9)
        assert here == pytest.approx(there, rel=max(case.limit, 1e-8), abs=1e-11)
        checked += 1
    assert checked > 100


@pytest.mark.parametrize("entry", list(METHODS), ids=lambda e: e.name)
def test_a_method_has_a_page_with_its_parts(entry: Any, generated: Path) -> None:
    card: MethodCard = entry.plugin.card
    text = (generated / "methods" / f"{entry.name}.md").read_text("utf-8")
    for heading in ("What it does", "On a sample scene", "Weights", "Numbers"):
        assert f"\n## {heading}" in text
    assert ("```bibtex" in text) == bool(card.paper)
    assert ("None: the method is a formula." in text) == ("deep" not in card.groups)


def test_a_method_has_the_numbers_that_are_published(generated: Path) -> None:
    text = (generated / "methods" / "laplacian.md").read_text("utf-8")
    board = (ROOT / "results" / "field" / "leaderboard.csv").read_text("utf-8").splitlines()
    (row,) = (line for line in board if line.startswith("MSRS,standard,laplacian,"))
    for value in row.split(",")[5:13]:
        assert f" {float(value):.4g} |" in text


@pytest.mark.parametrize("card", load_datasets().values(), ids=lambda c: c.name)
def test_a_data_set_has_a_page_with_its_parts(card: DataSetCard, generated: Path) -> None:
    text = (generated / "datasets" / f"{card.name}.md").read_text("utf-8")
    for split, count in card.published.items():
        assert re.search(rf"\| `{split}`(?: \(default\))? \| {count} \|", text)
    assert all(f"| `{labels.name}` |" in text for labels in card.labels)
    assert "## How to get it" in text and "## Layout" in text


def test_every_command_and_convention_has_a_place(generated: Path) -> None:
    text = (generated / "commands.md").read_text("utf-8")
    for name, command in command_tree():
        part = text.split(f"## `{name}`\n")[1].split("\n## ")[0]
        options = [option for p in command.params for option in p.opts if p.name != "help"]
        assert all(f"`{option}`" in part for option in options if option.startswith("--"))
    for name in load_conventions():
        assert (generated / "conventions" / f"{name}.md").is_file()


def test_nothing_old_stays(tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "GONE.md").write_text("# Gone\n")
    write_pages(tmp_path)
    assert not (tmp_path / "metrics" / "GONE.md").exists()


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("(A + B) / 2", r"\frac{A + B}{2}"),
        ("Σ(Q_A g_A) / Σ(g_A + g_B)", r"\frac{\sum (Q_{A} g_{A})}{\sum (g_{A} + g_{B})}"),
        ("Σ (X - F)² / N", r"\sum \frac{(X - F)^{2}}{N}"),
        ("g² σx² / (σv² + σn²)", r"\frac{g^{2} \sigma_{x}^{2}}{\sigma_{v}^{2} + \sigma_{n}^{2}}"),
        ("| |α_X - α_F| - π/2 |", r"||\alpha_{X} - \alpha_{F}| - \pi / 2|"),
        ("sqrt(RF² + CF²)", r"\sqrt{\mathrm{RF}^{2} + \mathrm{CF}^{2}}"),
        ("F_i,j-1", "F_{i,j-1}"),
        ("2·10⁻¹⁶", r"2 \cdot 10^{-16}"),
        ("C'_A² + x̃_k", r"C'_{A}^{2} + \tilde{x}_{k}"),
        ("a formula? (no", None),
    ],
)
def test_formulas_become_tex(text: str, tex: str | None) -> None:
    assert tex_of(text) == tex


def test_prose_stays_prose() -> None:
    assert markdown("A mean of a list, 3 of 4 [see](x).") == r"A mean of a list, 3 of 4 \[see\](x)."
    assert markdown("with `g_F` and g_F ≤ g_A.") == r"with `g_F` and $g_{F} \le g_{A}$."


def test_all_formulas_of_metrics_are_set(generated: Path) -> None:
    for path in (generated / "metrics").glob("*.md"):
        definition = path.read_text("utf-8").partition("## Definition")[2].partition("\n## ")[0]
        prose = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|`[^`]*`", "", definition, flags=re.S)
        assert not re.search("[ΣΠσλμ√²³]", prose), f"{path.stem}: {prose}"


def _commands(text: str) -> list[str]:
    shown = [
        body for language, body in blocks(text) if language in ("bash", "text", "{code-block} bash")
    ]
    inline = re.findall(r"`(fusionbench [^`]+)`", text)
    lines = [line for body in shown for line in body.splitlines()]
    return [line for line in [*lines, *inline] if line.startswith("fusionbench ")]


def test_every_command_shown_exists(generated: Path) -> None:
    known = dict(command_tree())
    pages = [*WRITTEN, *generated.rglob("*.md"), ROOT / "README.md"]
    seen = 0
    for path in pages:
        text = path.read_text("utf-8")
        made = cells(path) if path in TUTORIALS else []
        for line in [*_commands(text), *(c[1:] for c in made if c.startswith("!"))]:
            words = shlex.split(line.split(" #")[0])
            name = next((n for n in (" ".join(words[:3]), " ".join(words[:2])) if n in known), "")
            if not name:
                assert words[1] in ("--help", "--debug", "list", "data", "weights"), (
                    f"{path}: {line}"
                )
                continue
            options = {
                option for p in known[name].params for option in (*p.opts, *p.secondary_opts)
            }
            free = name == "fusionbench train"  # options of the method's own
            for word in words:
                if word.startswith("--") and not free:
                    assert word.partition("=")[0] in options, f"{path}: {line}"
            seen += 1
    assert seen > 60


@pytest.mark.parametrize("path", WRITTEN, ids=lambda p: p.stem)
def test_links_between_pages_lead_somewhere(path: Path, generated: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if target.startswith("http"):
            continue
        below = re.sub(r"^(?:\.\./)?generated/", "", target)
        found = (path.parent / target).exists() or (generated / below).exists()
        assert found, f"{path.name}: {target}"


def test_there_are_twenty_questions() -> None:
    text = (DOCS / "questions.md").read_text("utf-8")
    questions = re.findall(r"^### .+$", text, flags=re.M)
    assert len(questions) == len(set(questions)) >= 20


def test_the_metric_that_is_shown_works(cli: Any, fresh_plugins: Any, tmp_path: Path) -> None:
    shown = dict.fromkeys(
        b for k, b in blocks((DOCS / "extending.md").read_text("utf-8")) if k == "python"
    )
    metric, detector = shown
    (tmp_path / "contrast.py").write_text(metric)
    done = cli("run", "--plugin", tmp_path / "contrast.py", "--metrics", "CONTRAST", "--methods",
               "average", "--limit", 1, "--workers", 1, "--out", tmp_path / "run", "--no-figures",
               "--no-html")  # fmt: skip
    assert done.code == 0, done.err
    compile(detector, "detector", "exec")


def test_the_data_set_that_is_shown_is_valid() -> None:
    (shown,) = (b for k, b in blocks((DOCS / "extending.md").read_text("utf-8")) if k == "yaml")
    assert DataSetCard.model_validate(yaml.safe_load(shown)).published == {"test": 120}
