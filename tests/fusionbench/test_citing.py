"""Citations: keys, kinds of entries, and what BibTeX makes of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fusionbench.cards import MethodCard
from fusionbench.citing import bibtex, bibtex_key
from fusionbench.registry import METHODS


def test_every_paper_has_a_key_of_its_own_and_a_place() -> None:
    papers = {}
    for entry in METHODS:
        card = entry.plugin.card
        if card.paper:
            papers.setdefault(bibtex_key(card), set()).add(card.paper)
            kind, rest = bibtex(card).split("{", 1)
            assert rest.startswith(f"{bibtex_key(card)},\n")
            place = {"@article": "journal", "@inproceedings": "booktitle", "@misc": "eprint"}[kind]
            assert f"  {place} = {{" in rest and "howpublished" not in rest
    assert all(len(titles) == 1 for titles in papers.values()), papers


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
    cards = [entry.plugin.card for entry in METHODS]
    entries = {bibtex_key(card): bibtex(card) for card in cards if card.paper}
    (tmp_path / "all.bib").write_text("\n".join(entries.values()))
    (tmp_path / "all.aux").write_text("\\citation{*}\n\\bibstyle{plain}\n\\bibdata{all}\n")
    done = subprocess.run(["bibtex", "all"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "Warning" not in done.stdout, done.stdout
    assert (tmp_path / "all.bbl").read_text().count("\\bibitem") == len(entries)
