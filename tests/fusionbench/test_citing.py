"""Citations: keys, kinds of entries, and what BibTeX makes of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fusionbench.cards import Card, MethodCard, MetricCard
from fusionbench.citing import bibtex, bibtex_key, cited_by, column_citation
from fusionbench.conventions import Column
from fusionbench.manifest import ColumnRecord
from fusionbench.pipeline import column_record
from fusionbench.plugins import metric_formula
from fusionbench.registry import METRICS, REGISTRIES, Entry

CARDS: list[Card] = [entry.plugin.card for registry in REGISTRIES for entry in registry]
JOURNALS = {
    **{"TIP": "IEEE Transactions on Image Processing", "inffus": "Information Fusion"},
    **{"el": "Electronics Letters", "imavis": "Image and Vision Computing"},
    **{"optcom": "Optics Communications", "biosystemseng": "Biosystems Engineering"},
    **{"aqpro": "Aquatic Procedia", "infrared": "Infrared Physics & Technology"},
}
"""What publishers call their journals in a DOI."""


def test_every_paper_has_a_key_of_its_own_and_a_place() -> None:
    papers: dict[str, set[str]] = {}
    for card in CARDS:
        if card.paper:
            papers.setdefault(bibtex_key(card), set()).add(card.paper)
            kind, rest = bibtex(card).split("{", 1)
            assert rest.startswith(f"{bibtex_key(card)},\n")
            place = {"@article": "journal", "@inproceedings": "booktitle", "@misc": "eprint"}
            if card.venue.startswith("http"):
                continue
            assert f"  {place[kind]} = {{" in rest and "howpublished" not in rest
    assert all(len(titles) == 1 for titles in papers.values()), papers


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_doi_and_its_journal_agree(card: Card) -> None:
    named = re.search(r"/(?:j\.)?([A-Za-z]+)[.:]\d{4}", card.doi)
    if named and (journal := JOURNALS.get(named[1])):
        assert card.venue.startswith(journal)


@pytest.mark.parametrize("entry", list(METRICS), ids=lambda entry: entry.name)
def test_a_metric_says_its_formula_its_range_and_its_paper(entry: Entry[Any]) -> None:
    card: MetricCard = entry.plugin.card
    assert re.search("[=Σ/+]", metric_formula(entry.plugin))
    assert "Args:" not in metric_formula(entry.plugin)
    assert card.low < card.high
    assert card.paper or card.textbook
    if card.paper:
        assert card.authors and card.year and card.venue
        assert f"year = {{{card.year}}}" in bibtex(card)


def test_metrics_of_one_paper_share_an_entry() -> None:
    columns = [column_record(Column(name, "standard")) for name in ("MI", "NMI", "SD", "VIF")]
    cited = cited_by(columns)
    assert list(cited) == ["qu2002information", "sheikh2006image"]
    assert cited["qu2002information"].bibtex.startswith("@article{qu2002information,")


def test_a_manifest_that_knows_no_citations_takes_those_of_the_metrics() -> None:
    fresh = column_record(Column("VIF", "tang"))
    facts = fresh.model_dump()
    del facts["citation"]
    old = ColumnRecord.model_validate(facts)
    assert old.citation is None
    assert column_citation(old) == fresh.citation
    assert column_citation(old.model_copy(update={"metric": "Somebody's"})) is None
    assert column_citation(old.model_copy(update={"metric": "SD"})) is None


@pytest.mark.parametrize(
    ("venue", "expected"),
    [
        ("Information Fusion 8(2)", "@article journal={Information Fusion} volume={8} number={2}"),
        ("Infrared Physics & Technology 76", "@article journal={Infrared Physics \\& Technology}"),
        ("IEEE Transactions on X", "@article journal={IEEE Transactions on X}"),
        ("Conference on X (CX)", "@inproceedings booktitle={Conference on X (CX)}"),
        ("arXiv:1804.08992", "@misc eprint={1804.08992} archivePrefix={arXiv}"),
        ("https://example.org/x", "@misc howpublished={https://example.org/x}"),
    ],
)
def test_where_a_paper_appeared(venue: str, expected: str) -> None:
    card = MethodCard(name="x", title="X", family="cnn", paper="On X", venue=venue)
    kind, *fields = expected.split(" ", 1)[0], *re.findall(r"\w+=\{.*?\}", expected)
    entry = bibtex(card)
    assert entry.startswith(f"{kind}{{")
    for field in fields:
        assert field.replace("=", " = ") in entry


@pytest.mark.skipif(shutil.which("bibtex") is None, reason="bibtex is not installed")
def test_bibtex_reads_every_entry(tmp_path: Path) -> None:
    entries = {bibtex_key(card): bibtex(card) for card in CARDS if card.paper}
    (tmp_path / "all.bib").write_text("\n".join(entries.values()))
    (tmp_path / "all.aux").write_text("\\citation{*}\n\\bibstyle{plain}\n\\bibdata{all}\n")
    done = subprocess.run(["bibtex", "all"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "Warning" not in done.stdout, done.stdout
    assert (tmp_path / "all.bbl").read_text().count("\\bibitem") == len(entries)
