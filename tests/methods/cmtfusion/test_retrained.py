"""The weights that ship: what their cards say is so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fusionbench.files import sha256_of
from fusionbench.methods.cmtfusion import RETRAINED
from fusionbench.methods.cmtfusion.loading import load_state, read_state
from fusionbench.methods.cmtfusion.network import CMTFusion
from fusionbench.methods.cmtfusion.transformer import Variant

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("variant", ["release", "paper"])
def test_the_card_is_of_this_file(variant: Variant) -> None:
    path = RETRAINED[variant]
    card = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert card["file"] == {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    assert card["variant"] == card["settings"]["variant"] == variant
    assert card["settings"]["weights"]["perceptual"] > 0 and not card["settings"]["no_perceptual"]
    load_state(CMTFusion(variant), read_state(path), str(path))


@pytest.mark.parametrize("variant", ["release", "paper"])
def test_nothing_that_is_scored_was_learnt_from(variant: Variant) -> None:
    card = json.loads(RETRAINED[variant].with_suffix(".json").read_text("utf-8"))
    held_out = (ROOT / "configs" / "lists" / "RoadScene-validation.txt").read_text("utf-8").split()
    assert set(card["trained_pairs"]) == {"RoadScene"}
    assert sorted(card["validation_pairs"]["RoadScene"]) == sorted(held_out)
    assert not set(held_out) & set(card["trained_pairs"]["RoadScene"])


def test_the_cards_say_what_the_study_found() -> None:
    script = ROOT / "benchmarks" / "cards.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False)
    assert done.returncode == 0, "run python benchmarks/cards.py"
