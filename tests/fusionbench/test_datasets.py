"""Layouts, pairing, locating and content checks."""

from pathlib import Path

import numpy as np
import pytest

from fusionbench.datasets import check_pairs, load_datasets, open_dataset, open_folders
from fusionbench.datasets.catalogue import Layout
from fusionbench.datasets.matching import match_names
from fusionbench.datasets.pairing import natural, pair_layouts
from fusionbench.errors import DataError, UnknownNameError
from fusionbench.images import read_image, write_png

GRAY = np.random.default_rng(1).integers(0, 256, (32, 40), dtype=np.uint8)


@pytest.mark.parametrize(("name", "split", "count"), [
    ("MSRS", None, 72), ("MSRS", "train", 6), ("TNO", None, 30), ("RoadScene", None, 221),
])  # fmt: skip
def test_real_data_sets_open(shared, name, split, count) -> None:
    dataset = open_dataset(name, shared("data"), split)
    assert len(dataset.pairs) == count
    assert dataset.problems == ()
    record = check_pairs(dataset.first(2))
    assert record.home.startswith("https://")
    assert [p.id for p in record.pairs] == [p.id for p in dataset.pairs[:2]]


def test_a_folder_is_found_below_the_root_or_is_the_root(pair_folders) -> None:
    folder = pair_folders(2, name="some/where/TNO")
    for root in (folder, folder.parent, folder.parent.parent):
        assert open_dataset("tno", root).folder == folder


def test_a_missing_data_set_says_where_it_looked_and_what_it_expected(tmp_path) -> None:
    with pytest.raises(DataError, match=r"Looked in.*Expected: MSRS/test/ir/.*github\.com"):
        open_dataset("MSRS", tmp_path)
    (tmp_path / "MSRS").mkdir()
    with pytest.raises(DataError, match=r"Looked in: .*MSRS"):
        open_dataset("MSRS", tmp_path)


def test_no_data_root_is_said(monkeypatch) -> None:
    with pytest.raises(DataError, match="--data-root"):
        open_dataset("MSRS", None)


def test_unknown_names_are_errors(tmp_path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean MSRS"):
        open_dataset("MSR", tmp_path)
    with pytest.raises(UnknownNameError, match="split of MSRS"):
        open_dataset("MSRS", tmp_path, "tset")


def test_the_sample_data_set_makes_itself() -> None:
    dataset = open_dataset("sample", None)
    assert len(dataset.pairs) == 8
    assert check_pairs(dataset).fingerprint == check_pairs(open_dataset("sample", None)).fingerprint


def test_every_data_set_file_says_where_it_comes_from_and_under_what_terms() -> None:
    for card in load_datasets().values():
        assert card.home and card.terms and card.title


def test_a_missing_partner_is_a_problem(pair_folders) -> None:
    folder = pair_folders(3)
    (folder / "vi" / "1.png").unlink()
    dataset = open_dataset("TNO", folder)
    assert len(dataset.problems) == 1
    with pytest.raises(DataError, match=r"1: infrared .* has no visible partner"):
        check_pairs(dataset)
    record = check_pairs(dataset, skip_bad=True)
    assert [p.id for p in record.pairs] == ["0", "2"]
    assert "no visible partner" in record.skipped[0]


def _spoil_size(folder: Path) -> str:
    write_png(folder / "ir" / "1.png", GRAY)
    return "1: sizes differ, infrared 40x32, visible 64x48"


def _spoil_truncated(folder: Path) -> str:
    path = folder / "vi" / "1.png"
    path.write_bytes(path.read_bytes()[:500])
    return "truncated PNG"


def _spoil_same(folder: Path) -> str:
    write_png(folder / "ir" / "1.png", read_image(folder / "vi" / "1.png"))
    return "are the same image"


@pytest.mark.parametrize("spoil", [_spoil_size, _spoil_truncated, _spoil_same])
def test_bad_contents_stop_the_work_with_the_list(pair_folders, spoil) -> None:
    folder = pair_folders(3)
    message = spoil(folder)
    dataset = open_dataset("TNO", folder)
    with pytest.raises(DataError, match=message) as stopped:
        check_pairs(dataset)
    assert "--skip-bad-pairs" in str(stopped.value)
    assert [p.id for p in check_pairs(dataset, skip_bad=True).pairs] == ["0", "2"]


def test_no_usable_pair_is_an_error_even_when_skipping(pair_folders) -> None:
    folder = pair_folders(1)
    (folder / "ir" / "0.png").write_bytes(b"")
    with pytest.raises(DataError, match="no usable pair"):
        check_pairs(open_dataset("TNO", folder), skip_bad=True)


def test_the_fingerprint_follows_contents_not_places(pair_folders, tmp_path) -> None:
    folder = pair_folders(2)
    before = check_pairs(open_dataset("TNO", folder)).fingerprint
    moved = folder.rename(tmp_path / "elsewhere")
    same = open_folders(moved / "ir", moved / "vi")
    assert check_pairs(same).fingerprint == before
    write_png(moved / "ir" / "0.png", GRAY.repeat(2, 0)[:48].repeat(2, 1)[:, :64])
    assert check_pairs(same).fingerprint != before


def test_folders_pair_by_stem_over_different_suffixes(tmp_path) -> None:
    write_png(tmp_path / "a" / "x.png", GRAY)
    write_png(tmp_path / "b" / "x.png", 255 - GRAY)
    (tmp_path / "b" / "x.png").rename(tmp_path / "b" / "x.PNG")
    assert [p.id for p in open_folders(tmp_path / "a", tmp_path / "b").pairs] == ["x"]


def test_folders_pair_under_a_common_prefix(tmp_path) -> None:
    for index in (1, 2, 10):
        write_png(tmp_path / "a" / f"IR{index}.png", GRAY)
        write_png(tmp_path / "b" / f"VIS{index}.png", 255 - GRAY)
    found = open_folders(tmp_path / "a", tmp_path / "b")
    assert [p.id for p in found.pairs] == ["1", "2", "10"]
    assert not found.problems


def test_empty_and_missing_folders_are_errors(tmp_path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with pytest.raises(DataError, match="hold no images"):
        open_folders(tmp_path / "a", tmp_path / "b")
    with pytest.raises(DataError, match="not a folder"):
        open_folders(tmp_path / "a", tmp_path / "none")


def test_two_files_for_one_id_are_a_problem(tmp_path) -> None:
    write_png(tmp_path / "ir" / "x.png", GRAY)
    write_png(tmp_path / "vi" / "x.png", 255 - GRAY)
    write_png(tmp_path / "vi" / "x.bmp", GRAY)
    layout = Layout(ir="ir/{id}.{ext}", vis="vi/{id}.{ext}")
    assert "two files" in str(pair_layouts(tmp_path, [layout]).problems[0])


def test_several_placeholders_make_one_id(tmp_path) -> None:
    write_png(tmp_path / "set00" / "V001" / "lwir" / "I1.png", GRAY)
    write_png(tmp_path / "set00" / "V001" / "visible" / "I1.png", 255 - GRAY)
    pattern = "{set}/{video}/%s/{frame}.{ext}"
    found = pair_layouts(tmp_path, [Layout(ir=pattern % "lwir", vis=pattern % "visible")])
    assert [p.id for p in found.pairs] == ["set00/V001/I1"]


@pytest.mark.parametrize(("names", "ids", "expected"), [
    (["01", "02"], ["01", "02", "03"], {"01": "01", "02": "02"}),
    (["walk_ADF", "walk2_ADF"], ["walk", "walk2"], {"walk_ADF": "walk", "walk2_ADF": "walk2"}),
    (["man_LP_SR", "manCar_LP_SR"], ["man", "manCar"],
     {"man_LP_SR": "man", "manCar_LP_SR": "manCar"}),
    (["fused_1", "fused_2"], ["1", "2"], {"fused_1": "1", "fused_2": "2"}),
    (["a", "b"], ["1", "2"], {}),
])  # fmt: skip
def test_names_match_within_one_affix(names, ids, expected) -> None:
    assert match_names(names, ids) == expected


def test_natural_order() -> None:
    assert sorted(["10", "9", "2b", "2a"], key=natural) == ["2a", "2b", "9", "10"]
