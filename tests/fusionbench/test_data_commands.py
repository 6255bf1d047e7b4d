"""``fusionbench data``: every layout on its real sample, fetching, verifying, contact sheets."""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading
import zipfile

import pytest

from fusionbench.datasets import catalogue, load_datasets, open_dataset
from fusionbench.datasets.catalogue import Archive
from fusionbench.images import read_image, write_png


@pytest.mark.parametrize(("name", "split", "folder", "count"), [
    ("MSRS", "detection", "data/MSRS", 20),
    ("M3FD", "fusion", "data", 3),
    ("M3FD", "detection", "data", 11),
    ("M3FD", "detection", "data/m3fd", 1),
    ("LLVIP", "test", "data", 5),
    ("KAIST", None, "data", 3),
    ("VIFB", None, "data", 21),
    ("TNO", None, "data/TNO_Image_Fusion_Dataset", 10),
])  # fmt: skip
def test_layouts_open_on_their_real_samples(shared, name, split, folder, count) -> None:
    dataset = open_dataset(name, shared(folder), split)
    assert len(dataset.pairs) == count
    assert dataset.problems == ()


def test_the_official_tree_of_tno_pairs_irregular_names(shared) -> None:
    dataset = open_dataset("TNO", shared("data/TNO_Image_Fusion_Dataset"))
    pairs = {pair.id: (pair.ir.name, pair.vis.name) for pair in dataset.pairs}
    assert pairs["bunker/bunker"] == ("IR_bunker_g.bmp", "bunker_r.bmp")
    assert pairs["helicopter/helib_011"] == ("IR_helib_011.bmp", "VIS_helib_011.bmp")
    assert pairs["Nato_camp_sequence/1800"] == ("1800i.bmp", "1800v.bmp")


def test_a_file_without_partner_in_a_tree_is_a_problem(tmp_path) -> None:
    scene = tmp_path / "TNO" / "Athena_images" / "s"
    gray = read_image(next(open_dataset("sample", None).folder.glob("ir/*.png")))
    for name in ("IR_a_g", "VIS_a_r", "IR_b_g"):
        write_png(scene / f"{name}.png", gray)
    dataset = open_dataset("TNO", tmp_path)
    assert [pair.id for pair in dataset.pairs] == ["s/a"]
    assert len(dataset.problems) == 1 and "IR_b_g.png: has no partner" in str(dataset.problems[0])


def test_verify_counts_and_names_what_is_odd(cli, pair_folders) -> None:
    root = pair_folders(3)
    (root / "ir" / "Thumbs.db").touch()
    done = cli("data", "verify", "TNO", "--data-root", root)
    assert done.code == 0
    assert "3 usable pairs" in done.out
    assert "3 of 64x48, 1 + 3 channels" in done.out
    assert "Thumbs.db" in done.out
    write_png(root / "ir" / "1.png", read_image(root / "vi" / "1.png"))
    done = cli("data", "verify", "TNO", "--data-root", root)
    assert done.code == 1
    assert "are the same image" in done.err


def test_inspect_writes_a_contact_sheet(cli, tmp_path) -> None:
    assert cli("data", "inspect", "sample", "--out", tmp_path / "sheet.png", "--count", 5).code == 0
    sheet = read_image(tmp_path / "sheet.png")
    assert sheet.shape == (2 * 184, 4 * 484, 3)
    assert sheet[:180, :480].std() > 20


@pytest.fixture
def served_dataset(tmp_path, monkeypatch, pair_folders):
    """A data set whose archive a local server has."""
    folder = pair_folders(2, name="content")
    archive = tmp_path / "served" / "tiny.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(folder.rglob("*.png")):
            packed.write(path, path.relative_to(folder))
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=archive.parent)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/tiny.zip"
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    card = load_datasets()["TNO"].model_copy(
        update={"archives": (Archive(file="tiny.zip", urls=(url,), sha256=sha256),)}
    )
    monkeypatch.setattr(catalogue, "load_datasets", lambda: {"TNO": card})
    yield card
    server.shutdown()
    server.server_close()


def test_fetch_shows_the_terms_and_gets_the_data(cli, served_dataset, tmp_path) -> None:
    done = cli("data", "fetch", "TNO", "--data-root", tmp_path / "root")
    assert done.code == 0, done.err
    assert "terms: see the figshare article" in done.err
    assert len(open_dataset("TNO", tmp_path / "root").pairs) == 2


def test_fetch_needs_a_folder(cli, served_dataset) -> None:
    done = cli("data", "fetch", "TNO")
    assert done.code == 2 and "--data-root" in done.err


def test_fetch_says_the_steps_where_a_form_stands_in_the_way(cli, tmp_path) -> None:
    done = cli("data", "fetch", "LLVIP", "--data-root", tmp_path)
    assert done.code == 2
    assert "non-commercial" in done.err and "Google Drive" in done.err


def test_there_is_nothing_to_fetch_of_the_sample(cli) -> None:
    assert cli("data", "fetch", "sample").code == 0


def test_a_list_of_pairs(cli, tmp_path, pair_folders) -> None:
    root = pair_folders(4)
    (tmp_path / "list.txt").write_text("2.png\n0\n")
    dataset = open_dataset("TNO", root)
    assert [p.id for p in dataset.only(tmp_path / "list.txt").pairs] == ["0", "2"]
    (tmp_path / "list.txt").write_text("2\n17\n")
    done = cli("run", "--dataset", "TNO", "--data-root", root, "--pairs", tmp_path / "list.txt",
               "--methods", "average", "--out", tmp_path / "run")  # fmt: skip
    assert done.code == 2
    assert "1 of 2 listed pairs are not in TNO: 17" in done.err


def test_every_download_has_a_checksum() -> None:
    for card in load_datasets().values():
        assert card.packaged or card.archives or card.steps
    with pytest.raises(ValueError, match="needs sha256 or md5"):
        Archive(file="a.zip", urls=("https://example.org/a.zip",))
