"""Selectors, near-miss errors, broken plug-ins and fingerprints."""

import importlib
import sys
from pathlib import Path

import pytest

from fusionbench.errors import FusionBenchError, UnknownNameError
from fusionbench.registry import METHODS, METRICS, Registry, source_fingerprint


def names(selector: str) -> list[str]:
    return [entry.name for entry in METHODS.select(selector)]


def test_a_selector_keeps_the_order_it_was_written_in() -> None:
    assert names("visible,average,ir") == ["visible", "average", "ir"]


def test_a_name_is_found_in_any_case() -> None:
    assert [e.name for e in METRICS.select("qabf,ssim")] == ["Qabf", "SSIM"]


def test_groups_globs_and_drops() -> None:
    baselines = names("baselines")
    assert {"ir", "visible", "average", "maximum", "laplacian", "dwt"} <= set(baselines)
    assert "cmtfusion" not in baselines
    assert names("baselines,-ir") == [name for name in baselines if name != "ir"]
    assert names("a*e") == ["average"]
    assert set(names("-cmtfusion*")) == set(names("all")) - set(names("cmtfusion*"))


def test_a_method_named_twice_stands_once() -> None:
    assert names("ir,baselines").count("ir") == 1


@pytest.mark.parametrize("selector", ["averge", "baselins", "nope*", "ir,-nope"])
def test_an_unknown_name_is_an_error(selector: str) -> None:
    with pytest.raises(UnknownNameError, match="fusionbench list methods"):
        METHODS.select(selector)


def test_near_names_are_suggested() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean average"):
        METHODS.select("averge")
    with pytest.raises(UnknownNameError, match="baselines"):
        METHODS.select("baselins")


@pytest.mark.parametrize("selector", ["", ",", "ir,-ir"])
def test_selecting_nothing_is_an_error(selector: str) -> None:
    with pytest.raises(FusionBenchError, match="selects no method"):
        METHODS.select(selector)


def test_a_broken_module_is_listed_and_harms_no_other(tmp_path, monkeypatch) -> None:
    package = tmp_path / "somebodys_methods"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "broken.py").write_text("import a_module_that_is_not_there\n")
    (package / "good.py").write_text("GOOD = True\n")
    (package / "_private.py").write_text("raise RuntimeError\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry: Registry[object] = Registry("method", "somebodys_methods")
    registry.discover()
    (broken,) = registry.broken.values()
    assert broken.module == "somebodys_methods.broken"
    assert "a_module_that_is_not_there" in broken.error
    assert "Traceback" in broken.traceback
    assert "somebodys_methods.good" in sys.modules


def test_an_entry_point_is_discovered(tmp_path, monkeypatch) -> None:
    (tmp_path / "lab_metrics").mkdir()
    (tmp_path / "lab_metrics" / "__init__.py").touch()
    (tmp_path / "lab_plugin.py").write_text(
        "from fusionbench import Method\nPLUGGED = type('Mine', (Method,), {})\n"
    )
    info = tmp_path / "lab-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lab\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[lab_metrics]\nmine = lab_plugin:PLUGGED\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry: Registry[object] = Registry("metric", "lab_metrics")
    registry.discover()
    assert "lab_plugin" in sys.modules
    assert not registry.broken


def test_two_plugins_cannot_share_a_name() -> None:
    registry: Registry[type] = Registry("method", "fusionbench.methods")
    registry.add("mine", type("A", (), {"__module__": "one"}), frozenset())
    with pytest.raises(FusionBenchError, match="already registered by one"):
        registry.add("mine", type("B", (), {"__module__": "two"}), frozenset())


@pytest.mark.parametrize("name", ["", "-mine", "a,b", "a*", "a=b", "a@b"])
def test_a_name_that_a_selector_could_not_name_is_refused(name: str) -> None:
    with pytest.raises(FusionBenchError, match="selectors use"):
        Registry("method", "fusionbench.methods").add(name, type("A", (), {}), frozenset())


@pytest.fixture
def plugin_package(tmp_path, monkeypatch):
    """A package with a plug-in ``mine`` and a private sibling ``_shared``."""
    package = tmp_path / "fingerprinted"
    (package / "mine").mkdir(parents=True)
    (package / "_shared").mkdir()
    for name in ("__init__", "mine/__init__", "mine/network", "_shared/__init__", "other"):
        (package / f"{name}.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("fingerprinted.mine")
    importlib.import_module("fingerprinted.other")
    source_fingerprint.cache_clear()
    yield package
    for name in [n for n in sys.modules if n.startswith("fingerprinted")]:
        del sys.modules[name]
    source_fingerprint.cache_clear()


@pytest.mark.parametrize(("file", "changes"), [
    ("mine/__init__", True), ("mine/network", True), ("_shared/__init__", True),
    ("other", False), ("__init__", False),
])  # fmt: skip
def test_the_fingerprint_follows_what_a_plugin_is_made_of(plugin_package, file, changes) -> None:
    before = source_fingerprint("fingerprinted.mine")
    assert before != source_fingerprint("fingerprinted.other")
    (plugin_package / f"{file}.py").write_text("x = 2\n")
    source_fingerprint.cache_clear()
    assert (source_fingerprint("fingerprinted.mine") != before) is changes


@pytest.mark.parametrize(("file", "changes"), [
    ("mine/network", True), ("other", True), ("_shared/__init__", True),
])  # fmt: skip
def test_an_installed_plugins_fingerprint_is_its_whole_package(plugin_package, file, changes):
    registry = Registry("method", "fusionbench.methods")
    plugin = type("A", (), {"__module__": "fingerprinted.mine"})
    registry.add("mine", plugin, frozenset())
    entry = registry._entries["mine"]
    before = entry.fingerprint
    (plugin_package / f"{file}.py").write_text("x = 2\n")
    source_fingerprint.cache_clear()
    assert (entry.fingerprint != before) is changes
    assert entry.origin == "fingerprinted" and not entry.is_built_in


def test_what_an_installed_plugin_opens_is_noticed(plugin_package) -> None:
    registry = Registry("method", "fusionbench.methods")
    registry.add("mine", type("A", (), {"__module__": "fingerprinted.mine"}), frozenset())
    watch = registry._entries["mine"].watch()
    (plugin_package / "w.txt").write_text("1")
    assert watch is not None
    with watch.looking():
        (plugin_package / "w.txt").read_text()
    assert [Path(str(path)).name for path, _ in watch.states()] == ["w.txt"]
    assert METHODS["average"].watch() is None
