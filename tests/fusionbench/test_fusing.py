"""The fuse stage: colour, failures that lose a cell only, and what is done again."""

from __future__ import annotations

import gc
import json
import random
import time
import weakref

import cv2
import numpy as np
import pytest
import torch

from fusionbench import Method, MethodCard, Setting, Weights
from fusionbench.datasets import check_pairs, open_dataset
from fusionbench.errors import FusionBenchError, UnknownNameError, WeightsError
from fusionbench.files import sha256_of
from fusionbench.images import luma, read_image, write_png
from fusionbench.runs import RowWriter, Run, read_rows
from fusionbench.stages.applying import BadOutput, fuse_arrays, fuse_checked
from fusionbench.stages.fusing import fuse
from fusionbench.stages.preparing import Prepared, prepare_methods

RNG = np.random.default_rng(3)
IR = RNG.integers(0, 256, (20, 30), dtype=np.uint8)
VIS = RNG.integers(60, 196, (20, 30, 3), dtype=np.uint8)


def loaded(name: str) -> Method:
    (prepared,) = prepare_methods(name)
    prepared.method.load()
    return prepared.method


def one(method: Method, ir, vis, *colour):
    (fused,) = fuse_arrays(method, [ir], [vis], *colour)
    return fused


class Custom(Method):
    card = MethodCard(name="custom", title="Custom", family="test")

    def __init__(self, answer, setting=None) -> None:
        super().__init__(setting)
        self.answer = answer

    def fuse(self, ir, vis):
        return self.answer(ir, vis)


def test_anchors_are_exact_copies() -> None:
    np.testing.assert_array_equal(one(loaded("ir"), IR, VIS), IR)
    np.testing.assert_array_equal(one(loaded("visible"), IR, VIS), VIS)
    np.testing.assert_array_equal(one(loaded("visible"), IR, VIS, "gray"), luma(VIS))


def test_a_luma_method_sees_luma_and_gets_its_chroma_back() -> None:
    seen = []
    method = Custom(lambda ir, vis: seen.append((ir, vis)) or vis)
    np.testing.assert_array_equal(one(method, IR, VIS), VIS)
    assert [tuple(t.shape) for t in seen[0]] == [(1, 1, 20, 30), (1, 1, 20, 30)]
    assert all(t.dtype == torch.float32 and t.min() >= 0 and t.max() <= 1 for t in seen[0])


def test_average_rounds_to_the_nearest_level() -> None:
    fused = one(loaded("average"), IR, VIS, "gray")
    exact = (IR.astype(int) + luma(VIS)) / 2
    assert np.abs(fused - exact).max() <= 0.5


def test_infrared_stored_as_colour_is_read_as_luma() -> None:
    stored = np.repeat(IR[:, :, None], 3, 2)
    np.testing.assert_array_equal(one(loaded("ir"), stored, VIS), IR)


def test_a_small_overshoot_is_clipped() -> None:
    method = Custom(lambda ir, vis: ir * 0 + torch.tensor([-0.015, 1.015]).repeat(15))
    (fused,) = fuse_checked(method, [IR], [luma(VIS)], accept_range=True)
    assert set(np.unique(fused.image)) == {0, 255} and fused.outside == 1
    fewer = Custom(lambda ir, vis: vis.clamp(0.1, 0.9) + (vis == vis.amax()) * 0.5)
    (fused,) = fuse_checked(fewer, [IR], [luma(VIS)])
    assert 0 < fused.outside < 0.01 and fused.image.max() == 255


@pytest.mark.parametrize(("answer", "message"), [
    (lambda ir, vis: ir[..., 1:], "size"),
    (lambda ir, vis: ir[0], "shape"),
    (lambda ir, vis: ir / 0 * 0, "not finite"),
    (lambda ir, vis: None, "NoneType"),
    (lambda ir, vis: 1 / 0, "ZeroDivisionError"),
])  # fmt: skip
def test_a_bad_answer_loses_its_cell_with_a_reason(tmp_path, pair_folders, answer, message) -> None:
    dataset = check_pairs(open_dataset("TNO", pair_folders(2)))
    (template,) = prepare_methods("average")
    prepared = Prepared(Custom(answer), template.record.model_copy(update={"name": "custom"}))
    run = Run(tmp_path / "run")
    assert fuse(run, prepared, dataset) == 2
    rows = run.failures("TNO", "custom")
    assert set(rows) == {"0", "1"}
    assert message in rows["0"]["error"]
    assert "Traceback" in rows["0"]["traceback"]
    assert not list((tmp_path / "run").rglob("*.png"))


def test_a_method_that_cannot_load_fails_on_every_pair(tmp_path, pair_folders) -> None:
    class Unloadable(Custom):
        def load(self) -> None:
            raise RuntimeError("no such network")

    (template,) = prepare_methods("average")
    run = Run(tmp_path / "run")
    dataset = check_pairs(open_dataset("TNO", pair_folders(3)))
    assert fuse(run, Prepared(Unloadable(None), template.record), dataset) == 3
    assert "no such network" in run.failures("TNO", "average")["2"]["error"]


@pytest.fixture
def fused_run(tmp_path, pair_folders):
    """A run with ``average`` fused on three pairs, and what is needed to do it again."""
    dataset = check_pairs(open_dataset("TNO", pair_folders(3)))
    (prepared,) = prepare_methods("average")
    run = Run(tmp_path / "run")
    assert fuse(run, prepared, dataset) == 0
    return run, prepared, dataset


def rows_of(run: Run) -> int:
    return len(list(read_rows(run.fused_rows("TNO", "average"))))


def test_done_pairs_are_not_done_again(fused_run) -> None:
    run, prepared, dataset = fused_run
    assert rows_of(run) == 3
    advanced = []
    fuse(run, prepared, dataset, advance=lambda: advanced.append(1))
    assert rows_of(run) == 3
    assert len(advanced) == 3


@pytest.mark.parametrize(("overwrite", "redone"), [
    ("never", 1), ("missing", 1), ("changed", 1), ("always", 3),
])  # fmt: skip
def test_a_deleted_image_comes_back(fused_run, overwrite, redone) -> None:
    run, prepared, dataset = fused_run
    image = run.fused_image(dataset, prepared.record, dataset.pairs[1])
    before = image.read_bytes()
    image.unlink()
    fuse(run, prepared, dataset, overwrite=overwrite)
    assert image.read_bytes() == before
    assert rows_of(run) == 3 + redone


@pytest.mark.parametrize(("overwrite", "redone"), [
    ("never", 0), ("missing", 0), ("changed", 3), ("always", 3),
])  # fmt: skip
def test_what_was_made_otherwise_is_made_again_by_default(fused_run, overwrite, redone) -> None:
    run, prepared, dataset = fused_run
    fuse(run, prepared, dataset, colour="gray", overwrite=overwrite)
    assert rows_of(run) == 3 + redone
    image = read_image(run.fused_image(dataset, prepared.record, dataset.pairs[0]))
    assert image.ndim == (2 if redone else 3)


def test_a_failure_is_tried_again(tmp_path, pair_folders) -> None:
    dataset = check_pairs(open_dataset("TNO", pair_folders(1)))
    (template,) = prepare_methods("average")
    run = Run(tmp_path / "run")
    assert fuse(run, Prepared(Custom(lambda ir, vis: 1 / 0), template.record), dataset) == 1
    assert fuse(run, Prepared(Custom(lambda ir, vis: ir), template.record), dataset) == 0
    assert run.failures("TNO", "average") == {}


def test_rows_say_what_they_were_made_from(fused_run) -> None:
    run, _, _ = fused_run
    row = json.loads(run.fused_rows("TNO", "average").read_text().splitlines()[0])
    assert set(row) == {"pair", "hash", "sha256", "seconds"}


def test_batches_give_what_single_pairs_give(tmp_path, pair_folders) -> None:
    root = pair_folders(5)
    for index, size in ((5, (40, 56)), (6, (40, 56)), (7, (48, 64))):
        for kind in ("ir", "vi"):
            write_png(root / kind / f"{index}.png", RNG.integers(0, 256, size, dtype=np.uint8))
    dataset = check_pairs(open_dataset("TNO", root))
    sizes = []

    class Watched(Custom):
        def fuse(self, ir, vis):
            sizes.append(tuple(ir.shape))
            return (ir + vis) / 2

    (template,) = prepare_methods("average")
    images = []
    for batch in (1, 3):
        run = Run(tmp_path / f"run{batch}")
        assert fuse(run, Prepared(Watched(None), template.record), dataset, batch=batch) == 0
        paths = [run.fused_image(dataset, template.record, pair) for pair in dataset.pairs]
        images.append([path.read_bytes() for path in paths])
    assert images[0] == images[1]
    assert [shape[0] for shape in sizes[8:]] == [3, 2, 2, 1]


def test_a_batch_that_fails_is_done_one_by_one(tmp_path, pair_folders) -> None:
    dataset = check_pairs(open_dataset("TNO", pair_folders(4)))

    def only_single(ir, vis):
        if len(ir) > 1:
            raise MemoryError("too much at once")
        return ir

    (template,) = prepare_methods("average")
    run = Run(tmp_path / "run")
    assert fuse(run, Prepared(Custom(only_single), template.record), dataset, batch=4) == 0


def test_a_source_that_went_missing_fails_its_pair_only(tmp_path, pair_folders) -> None:
    root = pair_folders(4)
    dataset = check_pairs(open_dataset("TNO", root))
    (root / "vi" / "2.png").unlink()
    (prepared,) = prepare_methods("average")
    run = Run(tmp_path / "run")
    assert fuse(run, prepared, dataset, batch=2) == 1
    assert "No such file" in run.failures("TNO", "average")["2"]["error"]
    assert [row["pair"] for row in read_rows(run.fused_rows("TNO", "average"))] == list("0123")


def test_what_a_method_loaded_is_freed_afterwards(tmp_path, pair_folders) -> None:
    class Heavy(Custom):
        def load(self) -> None:
            self.network = Network()
            alive.append(weakref.ref(self.network))

        def fuse(self, ir, vis):
            assert self.network
            return ir

    class Network:
        pass

    alive: list[weakref.ref] = []
    dataset = check_pairs(open_dataset("TNO", pair_folders(2)))
    (template,) = prepare_methods("average")
    heavy = Heavy(None)
    assert fuse(Run(tmp_path / "run"), Prepared(heavy, template.record), dataset) == 0
    gc.collect()
    assert [ref() for ref in alive] == [None]


def test_options_and_weights_that_do_not_fit_are_errors() -> None:
    with pytest.raises(FusionBenchError, match="has no option strength"):
        prepare_methods("average", options=["average.strength=1"])
    with pytest.raises(FusionBenchError, match=r"expected NAME\.KEY=VALUE"):
        prepare_methods("average", options=["average"])
    with pytest.raises(FusionBenchError, match="takes no weights"):
        prepare_methods("average", weights=["average=authors"])
    with pytest.raises(FusionBenchError, match="not selected"):
        prepare_methods("average", weights=["maximum=authors"])
    with pytest.raises(UnknownNameError):
        prepare_methods("average", weights=["maximun=authors"])


def test_all_missing_weights_are_named_at_once() -> None:
    with pytest.raises(WeightsError) as stopped:
        prepare_methods("seafusion,average,cmtfusion-patch,sdnet")
    for part in ("SeAFusion.pth", "weights fetch seafusion", "model_fusion12.pth", "sdnet"):
        assert part in str(stopped.value)


def test_a_method_checks_its_options() -> None:
    class Choosy(Method):
        card = MethodCard(name="c", title="C", family="t", options={"output": ("clip", "minmax")})

    assert Choosy().options == {"output": "clip"}
    assert Choosy(Setting(options={"output": "minmax"})).options == {"output": "minmax"}
    with pytest.raises(FusionBenchError, match="expected one of clip, minmax"):
        Choosy(Setting(options={"output": "stretch"}))


def test_every_weights_file_counts_for_the_fingerprint(tmp_path, monkeypatch) -> None:
    from fusionbench.methods.pixelwise import Average

    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("1")
    prints = []
    for content in ("2", "3"):
        second.write_text(content)
        used = Weights("authors", first, sha256_of(first), "a note", (second,))
        monkeypatch.setattr(Average, "weights", lambda self, used=used: used)
        prints.append(prepare_methods("average")[0].record.fingerprint)
    assert prints[0] != prints[1]


def test_after_ctrl_c_every_finished_image_counts(tmp_path, pair_folders) -> None:
    dataset = check_pairs(open_dataset("TNO", pair_folders(8)))
    (template,) = prepare_methods("average")
    calls, rows, moved = [], [], []
    run = Run(tmp_path / "run")

    def fused(ir, vis):
        if len(calls) == 5:
            raise KeyboardInterrupt
        calls.append(1)
        deadline = time.monotonic() + 20  # the row of the pair before is there without a next one
        while len(rows_now()) < len(calls) - 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        rows.append(len(rows_now()))
        return (ir + vis) / 2

    def rows_now():
        return list(read_rows(run.fused_rows("TNO", "average")))

    with pytest.raises(KeyboardInterrupt):
        fuse(
            run, Prepared(Custom(fused), template.record), dataset, advance=lambda: moved.append(1)
        )
    assert rows == [0, 1, 2, 3, 4] and len(moved) == 5
    assert [row["pair"] for row in rows_now()] == ["0", "1", "2", "3", "4"]
    for pair in dataset.pairs[:5]:
        assert run.fused_image(dataset, template.record, pair).is_file()
    assert fuse(run, Prepared(Custom(lambda ir, vis: ir), template.record), dataset) == 0
    assert len(rows_now()) == 8


def test_a_row_that_cannot_be_written_stops_the_stage(tmp_path, pair_folders, monkeypatch) -> None:
    dataset = check_pairs(open_dataset("TNO", pair_folders(4)))
    (prepared,) = prepare_methods("average")

    def full(self, row) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RowWriter, "write", full)
    with pytest.raises(OSError, match="No space left"):
        fuse(Run(tmp_path / "run"), prepared, dataset)


def noise(ir, vis):
    drawn = torch.rand(1) + np.random.rand() + random.random() + cv2_random()  # noqa: NPY002
    return ir * 0 + float(drawn) / 4


def cv2_random() -> float:
    return float(cv2.randu(np.zeros((1, 1), np.float32), 0, 1)[0, 0])


def test_a_run_that_goes_on_draws_what_one_that_was_not_stopped_does(
    tmp_path, pair_folders
) -> None:
    dataset = check_pairs(open_dataset("TNO", pair_folders(5)))
    (template,) = prepare_methods("average")
    prepared = Prepared(Custom(noise), template.record)
    whole, parts, other = (Run(tmp_path / name) for name in ("whole", "parts", "other"))
    assert fuse(whole, prepared, dataset) == 0
    for count in (2, 5):
        few = dataset.model_copy(update={"pairs": dataset.pairs[:count]})
        assert fuse(parts, prepared, few) == 0
    assert fuse(other, prepared, dataset, seed=1) == 0

    def images(run):
        return [sha256_of(run.fused_image(dataset, template.record, p)) for p in dataset.pairs]

    assert images(whole) == images(parts) != images(other)
    assert len(set(images(whole))) == 5
    row = next(read_rows(whole.fused_rows("TNO", "average")))
    assert row["seed"] == 0
    assert fuse(whole, prepared, dataset) == 0
    assert rows_of(whole) == 5
    assert fuse(whole, prepared, dataset, seed=1) == 0
    assert images(whole) == images(other)


@pytest.mark.parametrize(("answer", "told"), [
    (lambda ir, vis: 255 * (ir + vis) / 2, "divide levels of 0..255 by 255"),
    (lambda ir, vis: ir + vis - 1, r"from -\d.*outside \[0, 1\]; expected \[0, 1\]: a net"),
    (lambda ir, vis: (vis - vis.mean()) / vis.std(), "outside"),
    (lambda ir, vis: (255 * vis).to(torch.uint8), "uint8 values, expected float.*divide"),
    (lambda ir, vis: (255 * vis).long(), "int64 values, expected float"),
    (lambda ir, vis: vis > 0.5, "bool values, expected float"),
    (lambda ir, vis: vis + 0j, "complex64 values, expected float"),
    (lambda ir, vis: vis.masked_fill(vis > 0.5, torch.inf), "not finite"),
])  # fmt: skip
def test_an_output_in_another_range_is_refused(answer, told) -> None:
    with pytest.raises(BadOutput, match=told):
        one(Custom(answer), IR, VIS)


def test_an_output_in_another_range_may_be_accepted() -> None:
    (fused,) = fuse_checked(Custom(lambda ir, vis: ir + vis - 1), [IR], [VIS], accept_range=True)
    assert 0.1 < fused.outside < 0.9
    half = Custom(lambda ir, vis: vis.half())
    np.testing.assert_array_equal(one(half, IR, VIS, "gray"), luma(VIS))


def test_what_was_clipped_is_in_the_row(tmp_path, pair_folders) -> None:
    dataset = check_pairs(open_dataset("TNO", pair_folders(1)))
    (template,) = prepare_methods("average")
    over = Custom(lambda ir, vis: vis + 0.5 * (vis == vis.amax()))
    run = Run(tmp_path / "run")
    assert fuse(run, Prepared(over, template.record), dataset) == 0
    (row,) = read_rows(run.fused_rows("TNO", "average"))
    assert 0 < row["outside"] < 0.05


@pytest.mark.parametrize("name", ["../../out", "a/../../b", "/abs", "a\0b", "..", ""])
def test_nothing_is_written_outside_the_run(tmp_path, pair_folders, name) -> None:
    dataset = check_pairs(open_dataset("TNO", pair_folders(1)))
    (prepared,) = prepare_methods("average")
    bad = dataset.pairs[0].model_copy(update={"id": name})
    with pytest.raises(FusionBenchError, match="cannot be a path in the run"):
        fuse(Run(tmp_path / "run"), prepared, dataset.model_copy(update={"pairs": [bad]}))
    with pytest.raises(FusionBenchError, match="cannot be a path in the run"):
        fuse(Run(tmp_path / "run"), prepared, dataset.model_copy(update={"name": name or ".."}))
    assert not (tmp_path / "run").exists()


def test_ctrl_c_is_one_plain_line(cli, monkeypatch) -> None:
    from fusionbench.cli import listing

    def stopped(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(listing, "_show", stopped)
    done = cli("list", "methods")
    assert done.code == 130
    assert done.err.splitlines() == [
        "stopped: every image and row that was finished is kept; "
        "the same command goes on from there"
    ]


@pytest.mark.reference
@pytest.mark.parametrize(("method", "told"), [
    ("scale255", "divide levels of 0..255 by 255"), ("numpyhw", "ndarray"), ("cropped", "size"),
])  # fmt: skip
def test_a_plugin_in_the_wrong_range_loses_its_cells(
    shared, cli, tmp_path, fresh_plugins, method, told
) -> None:
    pairs = shared("cases/_base_pairs")
    done = cli(
        "run", "--plugin", shared("cases/80_plugins/bad.py"), "--methods", f"{method},average",
        "--ir", pairs / "ir", "--vis", pairs / "vis", "--limit", 2, "--metrics", "EN", "--workers",
        1, "--out", tmp_path / "run", "--no-figures", "--no-html",
    )  # fmt: skip
    assert done.code == 1 and told in done.err, done.err
    assert f"{method} failed on 2 of 2 pairs" in done.err
