"""What a plug-in's rows are made from: code and files that change are noticed at the next start."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
import safetensors.torch
import torch

from fusionbench import opened
from fusionbench.datasets import check_pairs, open_dataset
from fusionbench.errors import FusionBenchError, WeightsError
from fusionbench.files import sha256_of
from fusionbench.opened import Watch, engine_thread, is_users, state_of, unchanged
from fusionbench.registry import add_plugin_files
from fusionbench.runs import Run, latest, read_rows
from fusionbench.stages.fusing import fuse
from fusionbench.stages.preparing import prepare_methods

PLUGIN = """
import json
from pathlib import Path
import numpy as np
import torch
from fusionbench import Method, method
HERE = Path(__file__).parent
{top}

@method("mine", title="Mine", family="test", options={{"size": ("small", "big")}})
class Mine(Method):
    def load(self):
        {load}
    def fuse(self, ir, vis):
        {fuse}
"""


@pytest.fixture
def project(tmp_path, pair_folders, fresh_plugins):
    """A plug-in's folder, and ``run()``: fuse two pairs as a new process does, say how many."""
    dataset = check_pairs(open_dataset("TNO", pair_folders(2)))
    folder = tmp_path / "project"
    (folder / "ck").mkdir(parents=True)

    class Project:
        root = folder
        rows = tmp_path / "run" / "fused" / "TNO" / "mine.jsonl"

        def plugin(self, load: str = "pass", fuse: str = "return ir", top: str = "") -> None:
            code = PLUGIN.format(top=top, load=load, fuse=fuse)
            (folder / "plugin.py").write_text(textwrap.dedent(code))

        def save(self, name: str, value: float) -> Path:
            torch.save({"w": torch.tensor(value)}, folder / name)
            return folder / name

        def prepared(self, **options):
            fresh_plugins()
            add_plugin_files([folder / "plugin.py"])
            (prepared,) = prepare_methods("mine", **options)
            return prepared

        def run(self, *, seed: int = 0, **options) -> int:
            prepared, before = self.prepared(**options), len(list(read_rows(self.rows)))
            assert fuse(Run(tmp_path / "run"), prepared, dataset, seed=seed) == 0, self.last()
            return len(list(read_rows(self.rows))) - before

        def last(self):
            return latest(self.rows)["1"]

    return Project()


def write_weights(path: Path, value: float) -> None:
    """The same content type by the file's ending, with another value in it."""
    number = np.array(value, np.float32)
    if path.suffix == ".pth":
        torch.save({"w": torch.tensor(value)}, path)
    elif path.suffix == ".npy":
        np.save(path, number)
    elif path.suffix == ".npz":
        np.savez(path, w=number)
    elif path.suffix == ".safetensors":
        safetensors.torch.save_file({"w": torch.tensor(value)}, path)
    elif path.suffix == ".png":
        cv2.imwrite(str(path), np.full((2, 2), int(value * 100), np.uint8))
    elif path.suffix == ".pt":
        network = torch.nn.Linear(1, 1)
        torch.nn.init.constant_(network.weight, value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            torch.jit.save(torch.jit.script(network), str(path))
    else:
        path.write_text(str(value))


@pytest.mark.parametrize(("name", "load"), [
    ("a.pth", "self.w = torch.load(HERE / 'a.pth')['w']"),
    ("a.pth", "self.w = torch.load(str(HERE / 'a.pth'), mmap=True)['w']"),
    ("a.npy", "self.w = float(np.load(HERE / 'a.npy'))"),
    ("a.npy", "self.w = float(np.load(HERE / 'a.npy', mmap_mode='r'))"),
    ("a.npz", "self.w = float(np.load(HERE / 'a.npz')['w'])"),
    ("a.txt", "self.w = float((HERE / 'a.txt').read_bytes())"),
    ("a.json", "self.w = json.load(open(HERE / 'a.json'))"),
    ("a.png", "import cv2; self.w = cv2.imread(str(HERE / 'a.png'))[0, 0, 0] / 100"),
    ("a.pt", "self.w = torch.jit.load(HERE / 'a.pt').weight.item()"),
    ("a.safetensors", "from safetensors.torch import load_file; "
                      "self.w = load_file(HERE / 'a.safetensors')['w']"),
    ("a.safetensors", "from safetensors import safe_open\n"
                      "        with safe_open(HERE / 'a.safetensors', 'pt') as file:\n"
                      "            self.w = file.get_tensor('w')"),
    ("ck/a.pth", "self.w = torch.load(self.file('ck/a.pth'))['w']"),
    ("ck/a.pth", "name = '/'.join(('ck', 'a.pth')); self.w = torch.load(self.file(name))['w']"),
])  # fmt: skip
def test_a_file_that_load_opens_is_noticed(project, name, load) -> None:
    write_weights(project.root / name, 0.5)
    project.plugin(load, "return self.w * ir")
    assert (project.run(), project.run()) == (2, 0)
    before = project.last()["sha256"]
    write_weights(project.root / name, 0.25)
    assert (project.run(), project.run()) == (2, 0)
    assert project.last()["sha256"] != before


@pytest.mark.parametrize(("top", "load", "fuse"), [
    ("K = float((HERE / 'a.txt').read_text())", "pass", "return K * ir"),
    ("", "pass", "return float((HERE / 'a.txt').read_text()) * ir"),
    ("", "self.w = 0", "self.w = self.w or float(open(HERE / 'a.txt').read()); return self.w * ir"),
    ("import subprocess", "self.w = float(subprocess.run(['cat', str(HERE / 'a.txt')], "
     "capture_output=True).stdout)", "return self.w * ir"),
])  # fmt: skip
def test_a_file_is_noticed_wherever_it_is_opened(project, top, load, fuse) -> None:
    (project.root / "a.txt").write_text("0.5")
    project.plugin(load, fuse, top)
    assert (project.run(), project.run()) == (2, 0)
    (project.root / "a.txt").write_text("0.25")
    assert (project.run(), project.run()) == (2, 0)


@pytest.mark.parametrize(("top", "load", "fuse"), [
    ("from net import scale", "pass", "return scale * ir"),
    ("", "from net import scale; self.s = scale", "return self.s * ir"),
    ("", "import importlib; self.s = importlib.import_module('net').scale", "return self.s * ir"),
    ("", "pass", "from net import scale; return scale * ir"),
    ("import outer", "pass", "return outer.scale * ir"),
    ("import sys; sys.path.insert(0, str(HERE.parent / 'src'))\nfrom apart import scale", "pass",
     "return scale * ir"),
])  # fmt: skip
def test_a_module_that_is_imported_is_noticed(project, top, load, fuse) -> None:
    apart = project.root.parent / "src" / "apart.py"
    apart.parent.mkdir()
    (project.root / "outer").mkdir()
    (project.root / "outer" / "__init__.py").write_text("from .inner import scale\n")
    changed = [project.root / "net.py", project.root / "outer" / "inner.py", apart]
    for value in (0.5, 0.25):
        for path in changed:
            path.write_text(f"scale = {value}\n")
        (project.root / "train.py").write_text(f"# not imported {value}\n")
        project.plugin(load, fuse, top)
        assert (project.run(), project.run()) == (2, 0)


def test_what_is_not_used_may_change(project) -> None:
    project.save("a.pth", 0.5)
    project.plugin("self.w = torch.load(HERE / 'a.pth')['w']", "return self.w * ir")
    assert project.run() == 2
    project.save("b.pth", 0.5)
    (project.root / "train.py").write_text("x = 1\n")
    project.save("a.pth", 0.5)  # the same bytes, written again
    assert project.run() == 0


def test_the_newest_file_of_a_folder_may_be_another(project) -> None:
    project.save("ck/1.pth", 0.5)
    newest = "sorted((HERE / 'ck').glob('*.pth'))[-1]"
    project.plugin(f"self.w = torch.load({newest})['w']", "return self.w * ir")
    assert (project.run(), project.run()) == (2, 0)
    project.save("ck/2.pth", 0.25)
    assert (project.run(), project.run()) == (2, 0)


def test_a_file_that_was_asked_for_may_come(project) -> None:
    project.save("a.pth", 0.5)
    path = "HERE / ('best.pth' if (HERE / 'best.pth').exists() else 'a.pth')"
    project.plugin(f"self.w = torch.load({path})['w']", "return self.w * ir")
    assert (project.run(), project.run()) == (2, 0)
    project.save("best.pth", 0.25)
    assert (project.run(), project.run()) == (2, 0)


def test_a_file_that_is_gone_is_loaded_again(project) -> None:
    save = project.save("a.pth", 0.5)
    project.plugin(
        "path = HERE / 'a.pth'\n        self.w = torch.load(path)['w'] if path.exists() else 1",
        "return self.w * ir",
    )
    assert project.run() == 2
    save.unlink()
    assert project.run() == 2


def test_files_that_the_code_itself_makes_do_not_count(project) -> None:
    project.plugin(
        "import tempfile\n        (HERE / 'log.txt').write_text('started')\n"
        "        self.w = float(len((HERE / 'log.txt').read_text())) / 10\n"
        "        with tempfile.TemporaryDirectory() as t:\n"
        "            np.save(f'{t}/a.npy', 1); np.load(f'{t}/a.npy')",
        "return self.w * ir",
    )
    assert (project.run(), project.run()) == (2, 0)


def test_a_named_file_is_known_before_it_is_loaded(project) -> None:
    project.plugin("self.w = torch.load(self.file('a.pth'))['w']", "return self.w * ir")
    with pytest.raises(WeightsError, match=r"'mine' needs .*a\.pth, and there is no such file"):
        project.prepared()
    path = project.save("a.pth", 0.5)
    record = project.prepared().record
    assert (record.weights.file, record.weights.sha256) == ("a.pth", sha256_of(path))
    assert record.weights.note == f"a.pth, sha256 {sha256_of(path)[:12]}"
    assert record.label == "Mine"
    assert project.run() == 2
    assert "files" not in project.last()  # the row's hash has it
    other = project.save("other.pth", 0.25)
    asked = project.prepared(weights=[f"mine={other}"])
    assert asked.record.label == "Mine (other.pth)"
    assert asked.record.weights.sha256 == sha256_of(other)
    assert "the user's file other.pth" in asked.record.weights.note
    assert asked.record.fingerprint != record.fingerprint
    assert project.run(weights=[f"mine={other}"]) == 2
    with pytest.raises(WeightsError, match=r"--weights mine=none\.pth: there is no such file"):
        project.prepared(weights=["mine=none.pth"])


def test_weights_are_not_taken_by_a_method_that_names_none(project) -> None:
    project.plugin()
    with pytest.raises(FusionBenchError, match="'mine' takes no weights"):
        project.prepared(weights=["mine=x.pth"])


def test_several_named_files(project, tmp_path) -> None:
    names = ("encoder.pth", "decoder.pth", "scale.txt")
    load = "; ".join(f"self.{n.split('.')[0]} = self.file('{n}').read_bytes()" for n in names)
    project.plugin(load)
    for name in names:
        (project.root / name).write_bytes(name.encode())
    note = project.prepared().record.weights.note
    assert note.startswith("encoder.pth") and "with decoder.pth" in note and "scale.txt" in note
    other = tmp_path / "other"
    shutil.copytree(project.root, other)
    with pytest.raises(WeightsError, match="name a folder that holds them: --weights mine=FOLDER"):
        project.prepared(weights=[f"mine={other / 'encoder.pth'}"])
    for asked, changed in ((other, "all"), (other / "scale.txt", "scale")):
        (other / "scale.txt").write_text("changed")
        (other / "encoder.pth").write_text("changed")
        method = project.prepared(weights=[f"mine={asked}"]).method
        method.load()
        assert method.scale == b"changed"
        assert (method.encoder == b"changed") is (changed == "all")
    (other / "decoder.pth").unlink()
    with pytest.raises(WeightsError, match="decoder"):
        project.prepared(weights=[f"mine={other}"])


def test_weights_that_change_during_the_run_fail(project, tmp_path, pair_folders) -> None:
    project.plugin("self.w = torch.load(self.file('a.pth'))['w']", "return self.w * ir")
    project.save("a.pth", 0.5)
    prepared = project.prepared()
    project.save("a.pth", 0.25)
    dataset = check_pairs(open_dataset("TNO", tmp_path / "TNO"))
    run = Run(tmp_path / "run")
    assert fuse(run, prepared, dataset) == 2
    assert "changed after the run had begun" in run.failures("TNO", "mine")["0"]["error"]
    assert (project.run(), project.run()) == (2, 0)


@pytest.mark.parametrize(("fuse_with", "again"), [
    ("return ir + 0.1 * torch.rand_like(ir) * 0.5", 2),
    ("return ir * 0.5", 0),
])  # fmt: skip
def test_another_seed_is_another_result_where_one_is_drawn(project, fuse_with, again) -> None:
    project.plugin(fuse="return (ir * 0.5 + 0.1 * torch.rand_like(ir))" if again else fuse_with)
    assert (project.run(), project.run()) == (2, 0)
    assert project.run(seed=1) == again
    assert project.last().get("seed") == (1 if again else None)


def test_the_table_follows(project, tmp_path) -> None:
    """The command line, in processes of its own: the numbers are those of the new weights."""
    project.plugin("self.w = torch.load(HERE / 'a.pth')['w']", "return self.w * ir")
    means = []
    for value in (0.5, 0.25):
        project.save("a.pth", value)
        done = subprocess.run(
            [sys.executable, "-c", "from fusionbench.cli import main; main()", "run",
             "--plugin", project.root / "plugin.py", "--methods", "mine", "--metrics", "EN",
             "--ir", tmp_path / "TNO" / "ir", "--vis", tmp_path / "TNO" / "vi", "--no-figures",
             "--no-html", "--workers", "1", "--out", tmp_path / "cli"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        lines = (tmp_path / "cli" / "leaderboard.csv").read_text().splitlines()
        means.append(lines[1])
    assert means[0] != means[1]


def test_a_file_that_a_metric_opens_is_noticed(tmp_path, pair_folders, cli, fresh_plugins) -> None:
    pairs, file, scale = pair_folders(2), tmp_path / "mine.py", tmp_path / "scale.txt"
    file.write_text(
        "from functools import cache\nfrom pathlib import Path\nfrom fusionbench import metric\n"
        "@cache\ndef scale():\n"
        "    return float(Path(__file__).with_name('scale.txt').read_text())\n"
        "@metric('MEAN', title='Mean', better='higher', low=0, high=255,\n"
        "        conventions={'standard': {}})\n"
        "def mean(triple):\n    return scale() * triple.fused.u8.mean()\n"
    )
    for text, rows in (("1", 2), ("1", 2), ("2", 4)):
        scale.write_text(text)
        fresh_plugins()
        done = cli("run", "--plugin", file, "--methods", "average", "--metrics", "MEAN", "--ir",
                   pairs / "ir", "--vis", pairs / "vi", "--no-figures", "--no-html", "--workers", 1,
                   "--out", tmp_path / "run")  # fmt: skip
        assert done.code == 0, done.err
        assert len(list(read_rows(tmp_path / "run/scores/custom/average.jsonl"))) == rows


def test_more_files_than_are_followed_are_not_taken_as_unchanged(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(opened, "MOST", 2)
    watch = Watch(tmp_path)
    for name in "abc":
        (tmp_path / name).write_text(name)
        with watch.looking():
            (tmp_path / name).read_text()
    assert not unchanged(watch.states()) and "more than 2 files" in caplog.text


def test_a_plugins_parser_does_not_get_our_options(project) -> None:
    project.plugin(top="import argparse\np = argparse.ArgumentParser()\n"
                       "p.add_argument('--batch', default=7)\nK = p.parse_args().batch",
                   fuse="assert K == 7; return ir")  # fmt: skip
    assert project.run() == 2


def test_installed_files_are_nobodys_own(tmp_path) -> None:
    root = str(tmp_path)
    assert is_users(str(tmp_path / "net.py"), root) and is_users("/data/weights/a.pth", root)
    assert not is_users(np.__file__, root) and not is_users(os.__file__, root)
    assert not is_users(str(Path(fuse.__code__.co_filename)), root)
    inside = tmp_path / ".venv" / "lib" / "site-packages" / "pack" / "w.pth"
    assert not is_users(str(inside), root)
    assert is_users(str(inside), str(inside.parent))
    assert not is_users(str(Path.home() / ".cache" / "torch" / "hub" / "vgg.pth"), root)


def test_the_state_of_what_is_there_and_is_not(tmp_path) -> None:
    path = tmp_path / "a"
    assert state_of(str(path)) is None and unchanged([[str(path), None]])
    path.write_text("x")
    assert state_of(str(path)) == sha256_of(path) and not unchanged([[str(path), None]])
    folder = state_of(str(tmp_path))
    (tmp_path / "b").write_text("y")
    assert state_of(str(tmp_path)) != folder


def test_a_file_that_changes_while_it_is_in_use_never_counts_as_unchanged(tmp_path) -> None:
    path, watch = tmp_path / "a", Watch(tmp_path)
    path.write_text("one")
    with watch.looking():
        path.read_text()
        shutil.copy(path, tmp_path / "b").replace(path)
    states = [state for name, state in watch.states() if name == str(path)]
    assert states and not unchanged(watch.states())


def test_the_engines_threads_are_left_out(tmp_path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for name in ("engine", "own"):
        (tmp_path / name).write_text(name)
    watch = Watch(tmp_path)
    engine, own = ThreadPoolExecutor(1, initializer=engine_thread), ThreadPoolExecutor(1)
    with engine, own, watch.looking():
        engine.submit((tmp_path / "engine").read_text).result()
        own.submit((tmp_path / "own").read_text).result()
    assert [Path(str(path)).name for path, _ in watch.states()] == ["own"]
