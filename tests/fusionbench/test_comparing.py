"""Runs are compared where they measured the same thing, and only there."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from scipy.stats import wilcoxon

from fusionbench.comparing import agree, changes, compare_means, load, merged_boards
from fusionbench.comparing.writing import identical_methods
from fusionbench.errors import FusionBenchError
from fusionbench.images import read_image, write_png
from fusionbench.manifest import (
    ColumnRecord,
    DataSetRecord,
    Manifest,
    MethodRecord,
    PairRecord,
    WeightsRecord,
)

Make = Callable[..., Path]
PAIRS = 12
NOISE = np.random.default_rng(5).normal(size=(4, PAIRS))


def pair(name: str, images: str) -> PairRecord:
    return PairRecord(id=name, ir=name, vis=name, ir_sha256=f"i{images}", vis_sha256=f"v{images}")


def column(name: str, better: Any = "higher", code: str = "c", **params: Any) -> ColumnRecord:
    metric, _, convention = name.partition("@")
    return ColumnRecord(
        metric=metric, convention=convention, better=better, params=params, fingerprint=code
    )


def method(name: str, weights: str = "", **facts: Any) -> MethodRecord:
    of = WeightsRecord(origin="authors", file="w.pth", sha256=weights, note="") if weights else None
    facts = {"family": "pixel", "fingerprint": "f", **facts}
    return MethodRecord(name=name, label=name.title(), weights=of, **facts)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """``make("a", {"gtf": {"EN@standard": [6.1, ...]}})``: a run's folder with these values."""

    def run(
        folder: str,
        values: dict[str, dict[str, Any]],
        *,
        columns: list[ColumnRecord] | None = None,
        pairs: list[PairRecord] | None = None,
        fingerprint: str = "data",
        methods: list[MethodRecord] | None = None,
        dataset: str = "TNO",
        fused: str = "",
        **facts: Any,
    ) -> Path:
        pairs = pairs or [pair(str(i), str(i)) for i in range(PAIRS)]
        record = DataSetRecord(
            name=dataset,
            title=dataset,
            split="all",
            folder="",
            home="",
            terms="",
            fingerprint=fingerprint,
            pairs=pairs,
        )
        names = list(dict.fromkeys(c for of in values.values() for c in of))
        made_with = {"command": folder, "configuration": {}, "hardware": {}}
        Manifest(
            **{**made_with, "versions": {"fusionbench": "1", "numpy": "2"}, **facts},
            datasets=[record],
            methods=methods or [method(name) for name in values],
            columns=columns or [column(name) for name in names],
        ).write(tmp_path / folder)
        for name, of in values.items():
            path = tmp_path / folder / "scores" / dataset / f"{name}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = [
                {
                    "pair": p.id,
                    "fused": f"{fused}{i}",
                    "values": {c: v[i] for c, v in of.items() if v[i] is not None},
                }
                for i, p in enumerate(pairs)
            ]
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return tmp_path / folder

    return run


def test_p_values_are_those_of_scipy_corrected_by_hand(make: Make) -> None:
    before = [(6 + NOISE[i]).tolist() for i in range(2)]
    after = [(6 + NOISE[0] + 0.5 + NOISE[2] / 10).tolist(), (6 + NOISE[1] + NOISE[3]).tolist()]
    names = ("EN@standard", "SD@standard")
    runs = load(
        [
            make("a", {"gtf": dict(zip(names, before, strict=True))}),
            make("b", {"gtf": dict(zip(names, after, strict=True))}),
        ]
    )
    verdicts = compare_means(runs, agree(runs))
    raw = [wilcoxon(a, b).pvalue for a, b in zip(after, before, strict=True)]
    assert [v.p for v in verdicts] == pytest.approx(raw, rel=1e-12)
    small, large = min(raw), max(raw)
    by_hand = {small: 2 * small, large: max(2 * small, large)}
    assert [v.p_holm for v in verdicts] == pytest.approx([by_hand[p] for p in raw], rel=1e-12)
    assert verdicts[0].outcome == "better" and verdicts[1].outcome == "not significant"
    assert verdicts[0].difference == pytest.approx(np.mean(after[0]) - np.mean(before[0]))
    assert verdicts[0].low < verdicts[0].difference < verdicts[0].high
    assert verdicts[0].low > 0 and verdicts[1].low < 0 < verdicts[1].high


def test_direction_counts(make: Make) -> None:
    rising = (NOISE[0] + 1).tolist()
    runs = load(
        [
            make(name, {"gtf": {"Nabf@standard": v}}, columns=[column("Nabf@standard", "lower")])
            for name, v in (("a", NOISE[0].tolist()), ("b", rising))
        ]
    )
    (verdict,) = compare_means(runs, agree(runs))
    assert verdict.outcome == "worse" and verdict.difference == pytest.approx(1)


def test_identical_values_are_no_tests(make: Make) -> None:
    same, other = NOISE[0].tolist(), (NOISE[1] + 0.4).tolist()
    one = make("a", {"gtf": {"EN@s": same, "SD@s": NOISE[1].tolist()}})
    two = make("b", {"gtf": {"EN@s": same, "SD@s": other}})
    runs = load([one, two])
    identical, changed = compare_means(runs, agree(runs))
    assert identical.outcome == "identical" and math.isnan(identical.p)
    assert identical.difference == 0
    assert changed.p_holm == changed.p


def test_values_on_one_side_only_do_not_count(make: Make) -> None:
    before, after = NOISE[0].tolist(), (NOISE[0] + 1).tolist()
    before[0], after[1] = None, "nan"
    before[2] = after[2] = "inf"
    runs = load([make("a", {"gtf": {"EN@s": before}}), make("b", {"gtf": {"EN@s": after}})])
    (verdict,) = compare_means(runs, agree(runs))
    assert (verdict.pairs, verdict.of) == (PAIRS - 3, PAIRS)
    assert verdict.mean_first == pytest.approx(NOISE[0][3:].mean())
    assert verdict.difference == pytest.approx(1)


def test_the_first_run_that_has_a_method_is_the_base(make: Make) -> None:
    shifted = [(NOISE[0] + k).tolist() for k in range(3)]
    of = [{"x": shifted[0]}, {"x": shifted[1], "y": shifted[0]}, {"x": shifted[2], "y": shifted[1]}]
    paths = [
        make(name, {m: {"EN@s": v} for m, v in have.items()})
        for name, have in zip("abc", of, strict=True)
    ]
    runs = load(paths)
    verdicts = compare_means(runs, agree(runs))
    found = {(v.method.name, v.first, v.second): round(v.difference, 6) for v in verdicts}
    assert found == {("x", "A", "B"): 1, ("x", "A", "C"): 2, ("y", "B", "C"): 1}


def test_merged_table_holds_every_method_once_where_runs_agree(make: Make) -> None:
    same, changed = NOISE[0].tolist(), NOISE[1].tolist()
    one = make("a", {"ir": {"EN@s": same}, "gtf": {"EN@s": same}, "adf": {"EN@s": changed}})
    two = make("b", {"ir": {"EN@s": same}, "gtf": {"EN@s": changed}, "cbf": {"EN@s": changed}})
    runs = load([one, two])
    (board,) = merged_boards(runs, agree(runs))
    labels = [result.method.label for result in board.results]
    assert labels == ["Ir (A = B)", "Gtf (A)", "Gtf (B)", "Adf", "Cbf"]
    means = {r.method.label: r.mean(board.columns[0]) for r in board.results}
    assert means["Gtf (B)"] == pytest.approx(np.mean(changed))


def test_other_parameters_are_refused_and_named(make: Make, cli) -> None:
    own = {"gtf": {"SD@s": NOISE[0].tolist(), "EN@s": NOISE[1].tolist()}}
    one = make("a", own, columns=[column("SD@s", saturate=False), column("EN@s")])
    two = make("b", own, columns=[column("SD@s", saturate=True), column("EN@s")])
    refused = cli("compare", one, two)
    assert refused.code == 2
    assert "SD@s: saturate is False in A, True in B" in refused.err
    assert "--only-common-columns" in refused.err and "--only-common-pairs" not in refused.err
    assert "EN@s" not in refused.err
    done = cli("compare", one, two, "--only-common-columns")
    assert done.code == 0 and "EN@s" not in done.err
    assert "column left out: SD@s: saturate is False in A, True in B" in done.err


def test_changed_code_is_refused_unless_accepted(make: Make) -> None:
    own = {"gtf": {"SD@s": NOISE[0].tolist()}}
    runs = load(
        [
            make("a", own, columns=[column("SD@s", code="old")]),
            make("b", own, columns=[column("SD@s", code="new")]),
        ]
    )
    with pytest.raises(FusionBenchError, match=r"old in A, new in B.*--any-code"):
        agree(runs)
    with pytest.raises(FusionBenchError, match="no column in common"):
        agree(runs, only_common_columns=True)
    agreed = agree(runs, any_code=True)
    assert len(agreed.columns) == 1 and "code has changed" in agreed.left_out[0]


def test_conventions_are_not_mixed(make: Make) -> None:
    one = make("a", {"gtf": {"EN@standard": NOISE[0].tolist()}})
    two = make("b", {"gtf": {"EN@tang": NOISE[0].tolist()}})
    with pytest.raises(FusionBenchError, match=r"no column in common(.|\n)*EN@tang is only in B"):
        agree(load([one, two]))


def test_other_images_are_refused_and_common_ones_found_by_checksum(make: Make, cli) -> None:
    renamed = [pair(f"scene{i}", str(i)) for i in range(4, 10)] + [pair("0", "another image")]
    one = make("a", {"gtf": {"EN@s": NOISE[0].tolist()}})
    shifted = [*(NOISE[0][4:10] + 0.5).tolist(), 99.0]
    two = make("b", {"gtf": {"EN@s": shifted}}, pairs=renamed, fingerprint="other")
    refused = cli("compare", one, two)
    assert refused.code == 2 and "--only-common-pairs" in refused.err
    assert "12 pairs of split all (fingerprint data) in A" in refused.err
    assert "6 pairs are the same images" in refused.err
    runs = load([one, two])
    agreed = agree(runs, only_common_pairs=True)
    (verdict,) = compare_means(runs, agreed)
    assert (verdict.pairs, verdict.of) == (6, 6)
    assert verdict.mean_first == pytest.approx(NOISE[0][4:10].mean())
    assert verdict.difference == pytest.approx(0.5)
    (board,) = merged_boards(runs, agreed)
    assert len(board.dataset.pairs) == 6 and board.dataset.fingerprint not in ("data", "other")
    assert any("6 pairs" in line for line in agreed.left_out)


def test_nothing_in_common(make: Make) -> None:
    own = {"gtf": {"EN@s": NOISE[0].tolist()}}
    one, two = make("a", own), make("b", own, dataset="MSRS")
    with pytest.raises(FusionBenchError, match=r"no data set.*in common(.|\n)*MSRS is only in B"):
        agree(load([one, two]))


def test_what_changed_is_listed_and_what_did_not_is_not(make: Make) -> None:
    own = {"deep": {"EN@s": NOISE[0].tolist()}}
    one = make("a", own, methods=[method("deep", "1" * 64, options={"fast": "no"})])
    two = make(
        "b",
        own,
        methods=[method("deep", "2" * 64, options={"fast": "yes"}), method("extra")],
        fused="other",
        versions={"fusionbench": "1", "numpy": "3"},
        hardware={"device": "cuda"},
    )
    runs = load([one, two])
    found = {c.what: tuple(c.values.values()) for c in changes(runs, agree(runs))}
    assert found["deep: weights sha256"] == ("1" * 12, "2" * 12)
    assert found["deep: option fast"] == ("no", "yes")
    assert found["version numpy"] == ("2", "3")
    assert found["hardware device"] == ("–", "cuda")
    assert found["methods only here"] == ("–", "Extra")
    assert found["deep: fused images of TNO"][1] == f"differ from A's on {PAIRS} of {PAIRS} pairs"
    assert not {"version fusionbench", "deep: fingerprint", "deep: weights file"} & set(found)


def test_a_real_run_its_published_copy_and_another(cli, tmp_path, pair_folders) -> None:
    root = pair_folders(3)
    folders = {"one": ("darker", "ir"), "two": ("darker", "blurred")}
    make_image = {
        "darker": lambda image: image // 2,
        "ir": lambda image: 255 - image,
        "blurred": lambda image: cv2.blur(image, (5, 5)),
    }
    for folder, names in folders.items():
        for name in names:
            for path in sorted((root / "vi").iterdir()):
                write_png(tmp_path / folder / name / path.name, make_image[name](read_image(path)))
    for folder in folders:
        where = ("--dataset", "TNO", f"--data-root={root}", "--metrics", "EN,AG", "--workers", 1)
        run = ("--fused", tmp_path / folder, "--out", tmp_path / f"run-{folder}", "--no-figures")
        assert cli("score", *where, *run).code == 0
    run, copy = tmp_path / "run-one", tmp_path / "copy"
    assert cli("publish", run, copy).code == 0
    same = cli("compare", run, copy, "--out", tmp_path / "same")
    assert same.code == 0
    with (tmp_path / "same" / "comparison.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 4 and {row["outcome"] for row in rows} == {"identical"}
    assert {row["pairs"] for row in rows} == {"3"}
    union = cli("compare", run, tmp_path / "run-two", "--out", tmp_path / "union")
    assert union.code == 0 and "Identical in every value: darker." in union.out
    text = (tmp_path / "union" / "comparison.md").read_text()
    for cell in ("| darker (A = B) |", "| ir |", "| blurred |", "| methods only here | ir |"):
        assert cell in text
    assert "2 are identical" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a"], "1 runs given: expected two at least"),
        (["a", "nowhere"], "nowhere"),
        (["a", "empty"], "no scores in"),
        (["a", "broken"], "does not hold the scores of a run"),
    ],
)
def test_bad_input(make: Make, cli, tmp_path, arguments: list[str], said: str) -> None:
    make("a", {"gtf": {"EN@s": NOISE[0].tolist()}})
    make("empty", {}, columns=[column("EN@s")], methods=[method("gtf")])
    make("broken", {}, columns=[column("EN@s")], methods=[method("gtf")])
    (tmp_path / "broken" / "scores.csv").write_text("pair,value\n0,1\n")
    done = cli("compare", *(tmp_path / name for name in arguments))
    assert done.code == 2 and said in done.err


def test_few_pairs_are_said_to_be_too_few(make: Make, cli) -> None:
    """A change on five pairs in the same direction: the smallest p there is, 2 / 2^5."""
    few = [pair(str(i), str(i)) for i in range(5)]
    one = make("a", {"gtf": {"EN@s": NOISE[0][:5].tolist()}}, pairs=few)
    two = make("b", {"gtf": {"EN@s": (NOISE[0][:5] + 1 + NOISE[1][:5] / 9).tolist()}}, pairs=few)
    done = cli("compare", one, two)
    assert done.code == 0
    assert "With 5 pairs and 1 tests none could be significant" in done.out
    assert "0.062" in done.out and "1 changed without significance" in done.out


def test_a_failed_pair_is_left_out_and_the_table_says_so(make: Make) -> None:
    same = NOISE[0].tolist()
    one, two = make("a", {"gtf": {"EN@s": same}}), make("b", {"gtf": {"EN@s": same}})
    path = two / "fused" / "TNO" / "gtf.jsonl"
    path.parent.mkdir(parents=True)
    row = {"pair": "3", "hash": "h", "error": "ValueError: no", "traceback": ""}
    path.write_text(json.dumps(row) + "\n")
    runs = load([one, two])
    agreed = agree(runs)
    (verdict,) = compare_means(runs, agreed)
    assert (verdict.pairs, verdict.of, verdict.outcome) == (PAIRS - 1, PAIRS, "identical")
    assert identical_methods([verdict]) == []
    (board,) = merged_boards(runs, agreed)
    assert [result.method.label for result in board.results] == ["Gtf (A)", "Gtf (B)"]
    assert math.isnan(board.results[1].mean(board.columns[0]))
