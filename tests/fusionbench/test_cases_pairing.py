"""Small inputs from public reports, and their siblings: names, lists, layouts of fused folders."""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections import Counter

import numpy as np
import pytest

from fusionbench.checks import Findings
from fusionbench.datasets import check_pairs, load_datasets, open_dataset, open_folders
from fusionbench.datasets.matching import alike, match_names
from fusionbench.datasets.opening import image_folders
from fusionbench.errors import DataError, FusionBenchError
from fusionbench.files import read_lines, read_text
from fusionbench.images import write_png
from fusionbench.stages.collecting import collect, method_folders, row_names

RNG = np.random.default_rng(3)
GRAY = RNG.integers(0, 256, (24, 32), dtype=np.uint8)
QUICK = ("--no-figures", "--no-html", "--workers", 1, "--metrics", "EN")


def put(folder, *names, suffix=".png"):
    for name in names:
        write_png(folder / "made.png", RNG.integers(0, 256, (24, 32), dtype=np.uint8))
        (folder / "made.png").rename(folder / f"{name}{suffix}")
    return folder


def ids_of(folder, ir="ir", vis="vis"):
    found = open_folders(folder / ir, folder / vis)
    return [pair.id for pair in found.pairs], [problem.check for problem in found.problems]


@pytest.mark.parametrize(("case", "folders", "ids"), [
    ("03_suffix_names", ("ir", "vis"), ["00001", "00002", "00003", "00004"]),
    ("05_appledouble", ("ir", "vis"), ["00001", "00002", "00003", "00004"]),
    ("08_zero_padding", ("ir", "vis"), [str(i) for i in range(1, 13)]),
    ("28_circled_digit_names", ("ir", "vis"), ["①", "②", "③", "④"]),
    ("29_case_differs", ("ir", "vis"), [f"scene0000{i}" for i in range(1, 5)]),
    ("51_odd_size", ("ir", "vis"), ["a"]),
    ("52_中文 路径", ("红外", "可见光"), ["图 一", "图 二"]),
])  # fmt: skip
def test_cases_pair(shared, case, folders, ids) -> None:
    assert ids_of(shared(f"cases/{case}"), *folders) == (ids, [])


def test_hidden_files_are_one_note(shared) -> None:
    found = open_folders(shared("cases/05_appledouble/ir"), shared("cases/05_appledouble/vis"))
    assert {note.check for note in found.notes} == {"hidden-names"}
    assert len(found.notes) == 8


@pytest.mark.parametrize(("ir", "vis", "ids"), [
    (["IR_01", "IR_02"], ["VIS_01", "VIS_02"], {"01", "02"}),
    (["IR_01"], ["VIS_01"], {"01"}),
    (["01_ir"], ["01_vis"], {"01"}),
    (["ir01", "ir02"], ["vi01", "vi02"], {"01", "02"}),
    (["FLIR_00452_ir", "FLIR_00453_ir"], ["FLIR_00452_vi", "FLIR_00453_vi"],
     {"FLIR_00452", "FLIR_00453"}),
    (["walk_ir", "walk2_ir"], ["walk_vi", "walk2_vi"], {"walk", "walk2"}),
    (["IRwalk", "IRwalk2"], ["VISwalk", "VISwalk2"], {"walk", "walk2"}),
    (["img_0001", "img_0002"], ["pic_0001", "pic_0002"], {"0001", "0002"}),
    (["1800i", "1801i"], ["1800v", "1801v"], {"1800", "1801"}),
    (["thermal_1", "thermal_2"], ["visual_1", "visual_2"], {"1", "2"}),
    (["1", "2", "10"], ["0001", "0002", "0010"], {"1", "2", "10"}),
    (["IR_1", "IR_10"], ["VIS_01", "VIS_10"], {"1", "10"}),
    (["Night", "day"], ["night", "Day"], {"Night", "day"}),
    (["๑", "๒"], ["๑", "๒"], {"๑", "๒"}),
    (["10", "11"], ["20", "21"], set()),
    (["seq1_01", "seq1_02"], ["seq2_01", "seq2_02"], set()),
    (["00001"], ["00002"], set()),
    (["a"], ["b"], set()),
    (["man", "mat"], ["can", "cat"], set()),
    (["iman", "imat"], ["vman", "vmat"], set()),
    (["a", "b"], ["ax", "bx"], set()),
    (["img_1"], ["img_2"], set()),
    (["ir_1"], ["vis_2"], set()),
    (["101", "102"], ["1", "2"], set()),
    (["t1", "t2"], ["t3", "t4"], set()),
    (["1.05", "2.05"], ["1.5", "2.5"], set()),
    (["walkIR", "sitIR"], ["walkVIS", "sitVIS"], {"walk", "sit"}),
    (["irman", "irmat"], ["visman", "vismat"], {"man", "mat"}),
    (["DJI_1_T", "DJI_2_T"], ["DJI_1_W", "DJI_2_W"], {"DJI_1", "DJI_2"}),
])  # fmt: skip
def test_names_of_two_folders(ir, vis, ids) -> None:
    ours, theirs, _ = alike(ir, vis)
    assert set(ours.values()) & set(theirs.values()) == ids
    assert "" not in {*ours.values(), *theirs.values()}


@pytest.mark.parametrize(("names", "ids", "expected"), [
    ([f"{i:04}" for i in range(1, 13)], [str(i) for i in range(1, 13)], 12),
    (["fused_0001", "fused_0012"], [str(i) for i in range(1, 13)], 2),
    (["11", "12"], ["1", "2"], 0),
    (["walk2"], ["walk"], 0),
    (["manCar_ADF"], ["man", "manCar"], 1),
    (["man_A", "man_B", "car_A", "car_B"], ["man", "car"], 0),
    (["1_MINE", "2_MINE", "stray"], ["1", "2"], 0),
    (["101", "102"], ["1", "2"], 0),
    (["x101", "x102"], ["1", "2"], 0),
    (["12_fused", "13_fused"], ["2", "3"], 0),
    (["1_2", "1_3"], ["1", "2", "3"], 0),
    (["img_1"], ["img_2"], 0),
    (["mans", "cats"], ["man", "cat"], 0),
    (["man", "mat"], ["an", "at"], 0),
    (["1.05"], ["1.5"], 0),
    (["walkFused", "sitFused"], ["walk", "sit"], 2),
    (["walkfused", "sitfused"], ["walk", "sit"], 2),
    (["x1", "x2"], ["1", "2"], 2),
    (["融合街道", "融合桥"], ["街道", "桥"], 2),
])  # fmt: skip
def test_names_of_fused_images(names, ids, expected) -> None:
    assert len(match_names(names, ids)) == expected


@pytest.mark.parametrize(("ir", "vis", "folders", "said"), [
    (("a1", "a2"), ("b1", "b2"), ("ir", "vis"), {"names-guessed": 2}),
    (("1_T", "2_T"), ("1_W", "2_W"), ("ir", "vis"), {"names-guessed": 2}),
    (("ir_1", "ir_2"), ("vis_1", "vis_2"), ("ir", "vis"), {"names-differ": 2}),
    (("FLIR1", "FLIR2"), ("RGB1", "RGB2"), ("x", "y"), {"names-differ": 2}),
    (("vis_1", "vis_2"), ("ir_1", "ir_2"), ("x", "y"), {"names-differ": 2, "names-exchanged": 1}),
    (("1", "2"), ("1", "2"), ("visible", "infrared"), {"names-exchanged": 1}),
    (("1", "2"), ("1", "2"), ("a", "ir"), {"names-exchanged": 1}),
    (("1", "2"), ("1", "2"), ("vi1", "b"), {"names-exchanged": 1}),
    (("1", "2"), ("1", "2"), ("ir", "ir2"), {}),
    (("1", "2"), ("1", "2"), ("a", "b"), {}),
])  # fmt: skip
def test_what_names_say_is_said(tmp_path, ir, vis, folders, said) -> None:
    found = open_folders(put(tmp_path / folders[0], *ir), put(tmp_path / folders[1], *vis))
    assert len(found.pairs) == 2 and found.problems == ()
    assert Counter(note.check for note in found.notes) == said


def test_partners_that_are_not_found_say_what_was_tried(tmp_path) -> None:
    found = open_folders(put(tmp_path / "ir", "man", "mat"), put(tmp_path / "vis", "can", "cat"))
    with pytest.raises(DataError, match=r"no-partner \(4.*without what all names"):
        check_pairs(found)
    record = check_pairs(open_folders(put(tmp_path / "a", "1", "2"), put(tmp_path / "b", "1", "2")))
    put(tmp_path / "fused", "1", "1_ADF")
    with pytest.raises(DataError, match=r"no-pair \(1 of 2.*its name was compared with"):
        collect({"x": tmp_path / "fused"}, record)


def test_links_that_lead_nowhere_are_pairs_that_cannot_be_read(tmp_path) -> None:
    ir, vis = put(tmp_path / "ir", "1", "2", "3"), put(tmp_path / "vis", "1", "2", "3")
    for path in (ir / "1.png", vis / "1.png", vis / "2.png"):
        path.unlink()
        path.symlink_to(tmp_path / "nowhere.png")
    (ir / "4.png").symlink_to(ir / "4.png")  # a circle, and no partner: a file that is left aside
    findings = Findings(skip_bad=True)
    record = check_pairs(open_folders(ir, vis), findings)
    assert [pair.id for pair in record.pairs] == ["3"]
    counts = {one.check: one.count for one in findings.records}
    assert counts == {"unreadable-image": 3, "left-aside": 1}
    fused = put(tmp_path / "fused", "3")
    (fused / "3.png").unlink()
    (fused / "3.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match="unreadable-image"):
        collect({"x": fused}, record)
    for path in (*ir.iterdir(), *vis.iterdir()):
        path.unlink()
    (ir / "1.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match=r"found: 1 \.png \(a link that leads nowhere\)"):
        open_folders(ir, vis)


def test_a_pair_without_a_name_takes_that_of_its_folder(tmp_path) -> None:
    put(tmp_path / "scene7" / "ir", "thermal")
    put(tmp_path / "scene7" / "vis", "visible")
    assert ids_of(tmp_path / "scene7") == (["scene7"], [])


def test_two_files_of_one_name_are_refused_and_neither_is_used(tmp_path) -> None:
    both = put(tmp_path / "ir", "x", "y"), put(tmp_path / "vis", "x", "y")
    put(both[0], "x", suffix=".jpg")
    assert ids_of(tmp_path) == (["y"], ["two-files"])


def test_composed_and_decomposed_names_are_one(tmp_path) -> None:
    name = "Überführung"
    put(tmp_path / "ir", unicodedata.normalize("NFD", name))
    put(tmp_path / "vis", name)
    assert ids_of(tmp_path) == ([name], [])
    put(tmp_path / "vis", unicodedata.normalize("NFD", name))
    assert ids_of(tmp_path) == ([], ["two-files"])


def test_numbers_with_two_paddings_collide(tmp_path) -> None:
    put(tmp_path / "ir", "1", "2", "3")
    put(tmp_path / "vis", "01", "001", "02", "03")
    assert ids_of(tmp_path) == (["2", "3"], ["two-files"])


def test_names_that_are_not_utf8_are_named(tmp_path) -> None:
    for folder in (tmp_path / "ir", tmp_path / "vis"):
        put(folder, "a", "b")
        (folder / "b.png").rename(folder / b"\xff1.png".decode("utf-8", "surrogateescape"))
    found = open_folders(tmp_path / "ir", tmp_path / "vis")
    assert [p.check for p in found.problems] == ["bad-name"]
    assert r"\xff1.png" in str(found.problems[0]) and str(found.problems[0]).isprintable()


def test_folders_that_cannot_be_a_pair_of_folders(tmp_path) -> None:
    ir = put(tmp_path / "ir", "a")
    (tmp_path / "up").mkdir()
    put(tmp_path / "up" / "deep", "a")
    with pytest.raises(DataError, match="the same folder"):
        open_folders(ir, tmp_path / "up" / ".." / "ir")
    with pytest.raises(DataError, match="is a file"):
        open_folders(ir / "a.png", ir)
    with pytest.raises(DataError, match=r"--vis .*lie deeper: name one of .*deep"):
        open_folders(ir, tmp_path / "up")


def test_links_in_a_circle_end(tmp_path) -> None:
    put(tmp_path / "a" / "TNO" / "ir", "1")
    put(tmp_path / "a" / "TNO" / "vi", "1")
    (tmp_path / "a" / "loop").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a" / "self")
    assert len(open_dataset("TNO", tmp_path).pairs) == 1
    assert len(image_folders(tmp_path)) == 2


def test_hidden_folders_are_not_searched(tmp_path) -> None:
    for place in ("__MACOSX/TNO", "TNO"):
        put(tmp_path / place / "ir", "1")
        put(tmp_path / place / "vi", "1")
    assert open_dataset("TNO", tmp_path).folder == tmp_path / "TNO"


# lists


def listed(tmp_path, text, names=("00001", "00002", "00010")):
    put(tmp_path / "ir", *names)
    put(tmp_path / "vis", *names)
    content = text if isinstance(text, bytes) else text.encode()
    (tmp_path / "list.txt").write_bytes(content)
    chosen = open_folders(tmp_path / "ir", tmp_path / "vis").only(tmp_path / "list.txt")
    return [pair.id for pair in chosen.pairs], chosen


@pytest.mark.parametrize("text", [
    "00001\n00010\n", "\ufeff00001.png\r\n00010.png\r\n", "# two\n\nir/00001.png\nvis/00010.png",
    " 00010 \r00001\t\r", "00001.png,00001.png\n00010.png,00010.png", "1\n10\n",
    "name,x\n00001.PNG\n00010\n", "ir,vis\nir/00001.png,vis/00001.png\nir/10.png,vis/10.png",
    ".\\ir\\00001.png\n00010.jpg",
])  # fmt: skip
def test_lists_are_read(tmp_path, text) -> None:
    assert listed(tmp_path, text)[0] == ["00001", "00010"]


@pytest.mark.parametrize(("text", "said"), [
    ("00001\n00003", "1 of 2 listed pairs are not in custom: 00003"),
    ("00001\n1x\n", "1 of 2 .*: 1x"), ("\n\n", "lists nothing"),
    ("00001".encode("utf-16"), "UTF-16"), ("00001".encode("utf-16-le"), "UTF-16"),
    ("00001".encode("utf-32"), "UTF-32"), ("ok\né".encode("latin-1"), "line 2.*not UTF-8"),
    ("00001,00002", "00001,00002"), ("ir/00001.png,vis/00010.png", "1 of 1 .*ir/00001.png,vis"),
])  # fmt: skip
def test_bad_lists_are_said(tmp_path, text, said) -> None:
    with pytest.raises(DataError, match=said):
        listed(tmp_path, text)


def test_names_in_lists_keep_their_blanks_and_signs(tmp_path) -> None:
    names = ("a b  c", "#1", "x,y")
    assert set(listed(tmp_path, "a b  c\n#1\nx,y.png\n", names)[0]) == set(names)


def test_what_is_listed_twice_is_noted(tmp_path) -> None:
    ids, chosen = listed(tmp_path, "00001\n00001.png\n")
    assert ids == ["00001"]
    assert [str(note.check) for note in chosen.notes] == ["listed-twice"]
    assert len(chosen.rest) == 2


def test_text_is_read(tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfone \r\n\r\n two words\rthree")
    assert read_lines(tmp_path / "a") == ["one", "two words", "three"]
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_text(tmp_path / "none")


@pytest.mark.parametrize(("case", "file", "count"), [
    ("13_names_with_spaces", "list.txt", 2), ("14_bom_list", "list.txt", 2),
])  # fmt: skip
def test_cases_of_lists(shared, case, file, count) -> None:
    folder = shared(f"cases/{case}")
    chosen = open_folders(folder / "ir", folder / "vis").only(folder / file)
    assert len(chosen.pairs) == count


def test_a_list_in_utf16_is_named(shared) -> None:
    folder = shared("cases/14_bom_list")
    with pytest.raises(DataError, match="it is UTF-16; save it as UTF-8"):
        open_folders(folder / "ir", folder / "vis").only(folder / "list_utf16.txt")


# numbers of pairs


def test_part_of_a_split_is_said(shared) -> None:
    opened = open_dataset("MSRS", shared("data"))
    assert "72 of 361 pairs of the split are here" in str(opened.counted()[0])
    assert opened.first(5).counted() == []
    assert open_dataset("RoadScene", shared("data")).counted() == []


def test_real_data_pair_by_their_layouts(shared) -> None:
    root = shared("data")
    expected = {
        "KAIST/all": 3, "LLVIP/test": 5, "LLVIP/train": 9, "M3FD/fusion": 3, "M3FD/detection": 11,
        "MSRS/test": 72, "MSRS/train": 6, "MSRS/detection": 20, "RoadScene/all": 221, "TNO/all": 30,
        "VIFB/all": 21,
    }  # fmt: skip
    found = {}
    for card in load_datasets().values():
        for split in card.splits:
            if f"{card.name}/{split}" in expected:
                opened = open_dataset(card.name, root, split)
                assert not opened.problems and not opened.notes
                assert all(pair.id.rpartition("/")[2] == pair.ir.stem for pair in opened.pairs)
                found[f"{card.name}/{split}"] = len(opened.pairs)
    assert found == expected


# fused folders


@pytest.fixture
def scenes(tmp_path):
    for kind in ("ir", "vis"):
        put(tmp_path / kind, "00001", "00002", "00003")
    opened = open_folders(tmp_path / "ir", tmp_path / "vis")
    return opened, check_pairs(opened)


@pytest.mark.parametrize(("places", "labels"), [
    (["A/MSRS", "B/MSRS"], ["A", "B"]), (["A", "B"], ["A", "B"]), (["A", "B/any/x"], ["A", "B"]),
    (["custom/A", "custom/B"], ["A", "B"]), (["A/TNO", "A/custom"], ["A"]),
    ([".ipynb_checkpoints", "__MACOSX/A", "A", "A/.cache"], ["A"]),
])  # fmt: skip
def test_layouts_of_fused_folders(tmp_path, scenes, places, labels) -> None:
    for place in places:
        put(tmp_path / "fused" / place, "00001", "00002", "00003")
    folders = method_folders(tmp_path / "fused", None, scenes[0])
    assert list(folders) == labels
    assert len(collect(folders, scenes[1]).dataset.pairs) == 3


def test_fused_folders_that_may_be_either_are_refused(tmp_path, scenes) -> None:
    for place in ("A/MSRS", "A/TNO"):
        put(tmp_path / "fused" / place, "00001")
    with pytest.raises(DataError, match=r"A holds no images itself and 2 folders.*MSRS.*TNO"):
        method_folders(tmp_path / "fused", None, scenes[0])


def test_images_named_after_a_source_are_matched(tmp_path) -> None:
    put(tmp_path / "ir", "a_ir", "b_ir")
    put(tmp_path / "vis", "a_vis", "b_vis")
    record = check_pairs(open_folders(tmp_path / "ir", tmp_path / "vis"))
    put(tmp_path / "m", "a_vis", "b_vis")
    assert set(collect({"m": tmp_path / "m"}, record).methods[0].fused["custom"]) == {"a", "b"}


def test_every_fused_image_twice_is_said_as_that(tmp_path, scenes) -> None:
    folder = put(put(tmp_path / "m", "00001", "00002"), "00001", "00002", suffix=".jpg")
    with pytest.raises(DataError, match=r"two-files \(2 of 3"):
        collect({"m": folder}, scenes[1])


def test_two_fused_files_of_one_pair_are_refused(tmp_path, scenes) -> None:
    put(tmp_path / "m", "00001", "00002", "00003", "3")
    with pytest.raises(DataError, match="two-files"):
        collect({"m": tmp_path / "m"}, scenes[1])
    kept = collect({"m": tmp_path / "m"}, scenes[1], skip_bad=True).dataset.pairs
    assert [pair.id for pair in kept] == ["00001", "00002"]


def test_images_outside_the_chosen_pairs_are_counted_in_one_line(tmp_path, scenes) -> None:
    opened = scenes[0].first(1)
    folders = {name: put(tmp_path / name, "00001", "00002", "00003") for name in "mn"}
    findings = Findings()
    collect(folders, check_pairs(opened), findings, others=opened.rest)
    assert [(r.check, r.count) for r in findings.records] == [("outside-subset", 4)]


def test_a_cut_image_says_to_what(tmp_path, scenes) -> None:
    put(tmp_path / "m", "00001", "00002", "00003")
    write_png(tmp_path / "m" / "00002.png", GRAY[:16])
    with pytest.raises(DataError, match="16 = 24 cut to a multiple of 16"):
        collect({"m": tmp_path / "m"}, scenes[1])


def test_labels_stay_and_rows_keep_apart(tmp_path, scenes) -> None:
    labels = ["a=b", "a_b", "a,b", "ir", "visible", "Net", "net", "SeAFusion", "我的方法"]
    names = row_names(labels)
    assert len({name.casefold() for name in names.values()}) == len(labels)
    assert names["a_b"] == "a_b" and names["SeAFusion"] == "SeAFusion"
    assert not {"ir", "visible"} & set(names.values())
    assert row_names(["a=b"])["a=b"] == names["a=b"]
    folders = {label: put(tmp_path / "f" / label, "00001") for label in labels[:3]}
    methods = collect(folders, scenes[1]).methods
    assert [method.label for method in methods] == labels[:3]


def test_folders_that_differ_in_composition_only_are_refused(tmp_path) -> None:
    for form in ("NFC", "NFD"):
        put(tmp_path / unicodedata.normalize(form, "Müller"), "1")
    with pytest.raises(DataError, match="two folders are called 'Müller'"):
        method_folders(tmp_path)


@pytest.mark.parametrize("name", ["", "  ", "a/b", "..", "a\nb", "x" * 300])
def test_names_that_cannot_be_labels(tmp_path, name) -> None:
    put(tmp_path / "m", "1")
    with pytest.raises(FusionBenchError, match="name"):
        method_folders(tmp_path / "m", name)


def test_folders_beside_images_are_noted(tmp_path) -> None:
    put(put(tmp_path / "m", "1") / "other", "1")
    findings = Findings()
    assert list(method_folders(tmp_path / "m", None, None, findings)) == ["m"]
    assert [record.check for record in findings.records] == ["folders-aside"]


@pytest.mark.parametrize(("case", "fused", "pairs", "labels"), [
    ("08_zero_padding", "fused", 12, ["fused"]),
    ("20_nested_method_dataset", "Fused", 4, ["SeAFusion", "U2Fusion"]),
    ("21_ipynb_checkpoints", "Fused", 4, ["SeAFusion", "U2Fusion"]),
])  # fmt: skip
def test_cases_of_fused_folders(shared, case, fused, pairs, labels) -> None:
    folder = shared(f"cases/{case}")
    opened = open_folders(folder / "ir", folder / "vis")
    collected = collect(method_folders(folder / fused, None, opened), check_pairs(opened))
    assert [method.label for method in collected.methods] == labels
    assert len(collected.dataset.pairs) == pairs


@pytest.mark.parametrize(("case", "fused", "said"), [
    ("48_one_fused_missing", "Fused", r"no-fused-image \(1 of 4 in B of custom\).*00003"),
    ("06_fused_cropped", "fused", r"152 = 160 cut to a multiple of 8"),
])  # fmt: skip
def test_cases_that_are_refused(shared, case, fused, said) -> None:
    folder = shared(f"cases/{case}")
    opened = open_folders(folder / "ir", folder / "vis")
    with pytest.raises(DataError, match=said):
        collect(method_folders(folder / fused, None, opened), check_pairs(opened))


def test_on_the_command_line(cli, tmp_path, scenes) -> None:
    put(tmp_path / "fused" / "a=b", "00001", "00002", "00003")
    put(tmp_path / "fused" / "a_b", "00001", "00002", "00003")
    shutil.copy(tmp_path / "ir" / "00001.png", tmp_path / "ir" / "._00001.png")
    sources = ("--ir", tmp_path / "ir", "--vis", tmp_path / "vis", "--limit", 2)
    out = ("--out", tmp_path / "out")
    done = cli("score", "--fused", tmp_path / "fused", *sources, *out, *QUICK)
    assert done.code == 0, done.err
    assert "outside-subset (2 in custom)" in done.err and "hidden-names (1 in" in done.err
    kept = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert [method["label"] for method in kept["methods"]] == ["a=b", "a_b"]
    assert len(kept["datasets"][0]["pairs"]) == 2
