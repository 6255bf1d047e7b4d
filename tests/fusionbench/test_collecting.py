"""Fused images from elsewhere: which belong to which pair, and what cannot be scored."""

from __future__ import annotations

import numpy as np
import pytest

from fusionbench.datasets import check_pairs, open_dataset
from fusionbench.errors import DataError
from fusionbench.images import write_png
from fusionbench.stages.collecting import collect, method_folders

FUSED = np.random.default_rng(5).integers(0, 256, (48, 64), dtype=np.uint8)


@pytest.fixture
def dataset(pair_folders):
    return check_pairs(open_dataset("TNO", pair_folders(3)))


def put(folder, *names, image=FUSED) -> None:
    for name in names:
        write_png(folder / f"{name}.png", image)


def test_one_folder_of_images_is_one_method(tmp_path) -> None:
    put(tmp_path / "Mine", "0")
    assert method_folders(tmp_path / "Mine") == {"Mine": tmp_path / "Mine"}
    assert list(method_folders(tmp_path / "Mine", "Ours")) == ["Ours"]


def test_a_folder_of_folders_is_a_method_each(tmp_path) -> None:
    put(tmp_path / "all" / "B", "0")
    put(tmp_path / "all" / "A", "0")
    (tmp_path / "all" / "notes").mkdir()
    assert list(method_folders(tmp_path / "all")) == ["A", "B"]


def test_nothing_there_is_an_error(tmp_path) -> None:
    with pytest.raises(DataError, match="not a folder"):
        method_folders(tmp_path / "none")
    with pytest.raises(DataError, match="holds no images"):
        method_folders(tmp_path)


def test_names_with_a_method_suffix_match(tmp_path, dataset) -> None:
    put(tmp_path / "m", "0_MINE", "1_MINE", "2_MINE")
    collected = collect({"m": tmp_path / "m"}, dataset)
    assert set(collected.methods[0].fused["TNO"]) == {"0", "1", "2"}
    assert collected.notes == []


def test_fewer_images_than_pairs_cut_the_data_set_and_say_so(tmp_path, dataset) -> None:
    put(tmp_path / "m", "0", "2")
    collected = collect({"m": tmp_path / "m"}, dataset)
    assert [p.id for p in collected.dataset.pairs] == ["0", "2"]
    assert collected.dataset.fingerprint != dataset.fingerprint
    assert collected.notes == ["scored on 2 of 3 pairs of TNO"]


def test_images_of_no_pair_are_an_error(tmp_path, dataset) -> None:
    put(tmp_path / "m", "x", "y")
    with pytest.raises(DataError, match=r"no image belongs to a pair of TNO.*x\.png"):
        collect({"m": tmp_path / "m"}, dataset)


def test_one_stray_image_stops_the_work_or_is_left_out(tmp_path, dataset) -> None:
    put(tmp_path / "m", "0", "1", "2", "stray")
    with pytest.raises(DataError, match=r"stray\.png: belongs to no pair"):
        collect({"m": tmp_path / "m"}, dataset)
    assert len(collect({"m": tmp_path / "m"}, dataset, skip_bad=True).dataset.pairs) == 3


def test_methods_are_scored_on_the_same_pairs(tmp_path, dataset) -> None:
    put(tmp_path / "a", "0", "1", "2")
    put(tmp_path / "b", "0", "1")
    folders = {"a": tmp_path / "a", "b": tmp_path / "b"}
    with pytest.raises(DataError, match=r"no-fused-image \(1 of 3 in b of TNO\).*: 2: no image"):
        collect(folders, dataset)
    assert [p.id for p in collect(folders, dataset, skip_bad=True).dataset.pairs] == ["0", "1"]


def test_wrong_sizes_and_unreadable_images_are_errors(tmp_path, dataset) -> None:
    put(tmp_path / "m", "0", "1", "2")
    put(tmp_path / "m", "1", image=FUSED[:, 1:])
    (tmp_path / "m" / "2.png").write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match="63x48, but pair 1 is 64x48") as stopped:
        collect({"m": tmp_path / "m"}, dataset)
    assert "truncated PNG" in str(stopped.value)
    kept = collect({"m": tmp_path / "m"}, dataset, skip_bad=True).dataset.pairs
    assert [p.id for p in kept] == ["0"]


def test_nothing_left_is_an_error(tmp_path, dataset) -> None:
    put(tmp_path / "a", "0")
    put(tmp_path / "b", "1")
    with pytest.raises(DataError, match="no pair has a usable image of every method"):
        collect({"a": tmp_path / "a", "b": tmp_path / "b"}, dataset, skip_bad=True)


def test_published_results_are_matched(shared) -> None:
    dataset = check_pairs(open_dataset("TNO", shared("data")))
    folders = method_folders(shared("data/fused_results/TNO"))
    collected = collect(folders, dataset)
    assert len(collected.methods) == 9
    assert len(collected.dataset.pairs) == 9
