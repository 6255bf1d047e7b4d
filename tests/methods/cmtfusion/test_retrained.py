"""The weights that ship: what their cards say is so."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fusionbench.files import sha256_of
from fusionbench.methods.cmtfusion import RETRAINED
from fusionbench.methods.cmtfusion.network import CMTFusion, load_state, read_state
from fusionbench.methods.cmtfusion.transformer import Variant

ROOT = Path(__file__).parents[3]


def listed(name: str) -> list[str]:
    """The ids of a list."""
    return (ROOT / "configs" / "lists" / f"{name}.txt").read_text("utf-8").split()


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
    held_out = listed("RoadScene-validation")
    assert set(card["trained_pairs"]) == {"RoadScene", "MSRS"}
    assert len(card["trained_pairs"]["MSRS"]) == 6
    assert not set(card["trained_pairs"]["MSRS"]) & set(listed("MSRS-study"))
    assert sorted(card["validation_pairs"]["RoadScene"]) == sorted(held_out)
    training, validation = (card[f"{kind}_pairs"] for kind in ("trained", "validation"))
    assert set(validation) == {"RoadScene"}
    assert (len(training["RoadScene"]), len(validation["RoadScene"])) == (200, 21)
    assert not set(held_out) & set(training["RoadScene"])


def test_the_cards_say_what_the_study_found() -> None:
    script = ROOT / "benchmarks" / "cards.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False)
    assert done.returncode == 0, "run python benchmarks/cards.py"


@pytest.mark.parametrize("variant", ["release", "paper"])
def test_no_test_pair_of_msrs_was_learnt_from(
    variant: Variant, shared: Callable[[str], Path]
) -> None:
    card = json.loads(RETRAINED[variant].with_suffix(".json").read_text("utf-8"))
    official = shared("data/lists/MSRS_train_1083.txt").read_text("utf-8").split()
    assert set(card["trained_pairs"]["MSRS"]) <= {Path(name).stem for name in official}
