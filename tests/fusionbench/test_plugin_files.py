"""Methods and metrics in a user's own files and folders, named with ``--plugin``."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from fusionbench.errors import FusionBenchError
from fusionbench.registry import METHODS, METRICS, add_plugin_files

README = Path(__file__).resolve().parents[2] / "README.md"
METHOD = """
from fusionbench import Method, method
{imports}

@method("{name}", title="{name}", family="test")
class Mine(Method):
    def load(self):
        {load}
    def fuse(self, ir, vis):
        return {fuse}
"""

pytestmark = pytest.mark.usefixtures("fresh_plugins")


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def a_method(name: str, imports: str = "", load: str = "pass", fuse: str = "ir") -> str:
    return METHOD.format(name=name, imports=imports, load=load, fuse=fuse)


def loaded(name: str):
    made = METHODS[name].plugin()
    made.load()
    return made


def readme_example() -> dict[str, str]:
    """The files that the README shows under its heading, as written there."""
    (section,) = re.findall(
        r"## Add a method in ten lines\n(.*?)\n## ", README.read_text("utf-8"), re.DOTALL
    )
    blocks = re.findall(r"```python\n(# (\w+\.py)\n.*?)```", section, re.DOTALL)
    return {name: code for code, name in blocks}


def test_the_method_of_the_readme_works_as_written(cli, tmp_path, pair_folders) -> None:
    files = readme_example()
    (plugin,) = [name for name, code in files.items() if "@method" in code]
    assert len([line for line in files[plugin].splitlines() if line.strip()]) <= 20
    written(tmp_path, files)
    if "self.file(" in files[plugin]:
        weights_for_readme(tmp_path, files)
    pairs = pair_folders(2)
    name = re.findall(r'@method\("([\w-]+)"', files[plugin])[0]
    done = cli(
        "run", "--plugin", tmp_path / plugin, "--methods", f"{name},average", "--metrics", "EN",
        "--ir", pairs / "ir", "--vis", pairs / "vi", "--no-figures", "--no-html",
        "--out", tmp_path / "run", "--workers", 1,
    )  # fmt: skip
    assert done.code == 0, done.err
    with (tmp_path / "run" / "leaderboard.csv").open() as stream:
        assert [row["method"] for row in csv.DictReader(stream)] == [name, "average"]


def weights_for_readme(folder: Path, files: dict[str, str]) -> None:
    """Random weights under the name that the example loads: what its network's class has."""
    import importlib.util

    import torch
    from torch import nn

    (wanted,) = re.findall(r'self\.file\("([^"]+)"\)', "".join(files.values()))
    for name in files:
        spec = importlib.util.spec_from_file_location(f"readme_{Path(name).stem}", folder / name)
        if "@method" in files[name] or spec is None or spec.loader is None:
            continue
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        own = [v for v in vars(module).values() if isinstance(v, type) and v is not nn.Module]
        (network,) = [v for v in own if issubclass(v, nn.Module) and v.__module__ == spec.name]
        torch.save(network().state_dict(), folder / wanted)


def test_a_metric_in_a_file_is_there_in_every_process(cli, tmp_path) -> None:
    (tmp_path / "mine.py").write_text(
        "from fusionbench import metric\nfrom scaling import scaled\n\n"
        "@metric('MEAN', title='Mean', better='higher', low=0, high=255,\n"
        "        conventions={'standard': {'scale': 1.0}})\n"
        "def mean(triple, *, scale):\n    return scaled(scale, triple.fused.u8.mean())\n"
    )
    (tmp_path / "scaling.py").write_text("def scaled(scale, value):\n    return scale * value\n")
    plugin = ("--plugin", tmp_path / "mine.py")
    listed = {m["name"]: m for m in json.loads(cli("list", "metrics", *plugin, "--json").out)}
    assert listed["MEAN"]["conventions"] == ["standard"]
    done = cli("run", *plugin, "--methods", "ir", "--metrics", "MEAN", "--limit", 2, "--no-figures",
               "--no-html", "--workers", 2, "--out", tmp_path / "run")  # fmt: skip
    assert done.code == 0, done.err
    with (tmp_path / "run" / "leaderboard.csv").open() as stream:
        assert 0 < float(next(csv.DictReader(stream))["MEAN"]) < 255
    done = cli("run", *plugin, "--metrics", "MEAN@tang", "--out", tmp_path / "none")
    assert done.code == 2 and "does not define MEAN" in done.err


@pytest.mark.parametrize(("code", "told"), [
    ("import nothing_like_it\n", "ModuleNotFoundError: No module named 'nothing_like_it'"),
    ("def (:\n", "SyntaxError"),
    ("from fusionbench import method\nraise ValueError('half')\n", "ValueError: half"),
    ("import sys\nsys.exit('usage')\n", "it ends the program"),
    (a_method("gff"), "method 'gff' is already registered by fusionbench.methods.gff"),
    (a_method("../out"), "method name '../out' cannot be a file's: it holds '/'"),
])  # fmt: skip
def test_a_broken_plugin_is_said_at_once(cli, tmp_path, code, told) -> None:
    (tmp_path / "mine.py").write_text(code)
    arguments = ("--plugin", tmp_path / "mine.py")
    for methods in ("mine", "average"):
        done = cli("run", *arguments, "--methods", methods, "--out", tmp_path / "run")
        assert done.code == 2 and "unknown" not in done.err
        assert done.err.startswith(f"error: plug-in {tmp_path / 'mine.py'} is broken: ")
        assert told in done.err, done.err
    listed = cli("list", "methods", *arguments)
    assert listed.code == 0
    assert "broken" in listed.err
    assert METHODS["gff"].is_built_in and not (tmp_path / "run").exists()


def test_the_line_of_the_users_file_is_named(cli, tmp_path) -> None:
    written(tmp_path, {"mine.py": "import net\n", "net.py": "x = 1\nimport nowhere\n"})
    done = cli("list", "methods", "--plugin", tmp_path / "mine.py")
    assert f"({tmp_path / 'net.py'}, line 2)" in done.err


@pytest.mark.parametrize(("path", "told"), [
    ("none.py", "there is no such file or folder"),
    ("notes.txt", "is not a Python file"),
    ("empty", "no .py file in it has fusionbench"),
    ("scripts", "none of its 1 .py files imports fusionbench"),
])  # fmt: skip
def test_what_is_no_plugin_is_said(cli, tmp_path, path, told) -> None:
    written(tmp_path, {"notes.txt": "", "empty/notes.txt": "", "scripts/train.py": "1 / 0\n"})
    done = cli("run", "--plugin", tmp_path / path, "--out", tmp_path / "run")
    assert done.code == 2 and told in done.err, done.err


def test_a_file_that_registers_nothing_is_said(cli, tmp_path) -> None:
    (tmp_path / "mine.py").write_text("from fusionbench import Method\n")
    done = cli("list", "metrics", "--plugin", tmp_path / "mine.py")
    assert done.code == 0 and "mine.py registers nothing; expected a class with @method" in done.err


def test_two_plugins_have_modules_of_one_name(tmp_path) -> None:
    late = "from models.late import value; import importlib; " \
           "self.value = (value, importlib.import_module('models.late').value)"  # fmt: skip
    for name in ("a", "b"):
        written(tmp_path / name, {
            "plugin.py": a_method(f"of-{name}", "from net import scale", late, "scale"),
            "net.py": f"scale = '{name}'\n",
            "models/late.py": f"value = 'late {name}'\n",
        })  # fmt: skip
    add_plugin_files([tmp_path / "a" / "plugin.py", tmp_path / "b" / "plugin.py"])
    for name in ("a", "b", "a"):
        method = loaded(f"of-{name}")
        assert method.fuse(0, 0) == name and method.value == (f"late {name}",) * 2
    import sys

    assert not {"net", "models", "models.late"} & sys.modules.keys()
    assert not [place for place in sys.path if place.startswith(str(tmp_path))]


def test_a_path_that_a_plugin_adds_stays_its_own(tmp_path) -> None:
    for name in ("a", "b"):
        added = f"import sys; sys.path.insert(0, {str(tmp_path / 'src' / name)!r})"
        written(tmp_path / name, {"plugin.py": a_method(f"of-{name}", added, "import net", "1")})
        written(tmp_path / "src" / name, {"net.py": f"name = '{name}'\n"})
        plugin = tmp_path / name / "plugin.py"
        plugin.write_text(plugin.read_text().replace("import net", "import net; self.net = net"))
    add_plugin_files([tmp_path / "a" / "plugin.py", tmp_path / "b" / "plugin.py"])
    assert [loaded(f"of-{name}").net.name for name in "aba"] == ["a", "b", "a"]


def test_a_package_imports_relatively_and_by_its_name(tmp_path) -> None:
    package = written(tmp_path / "mynet", {
        "__init__.py": "",
        "plugin.py": a_method("packed", "from .net import x\nimport mynet.net as n", fuse="x+n.x"),
        "net.py": "x = 1\n",
        "setup.py": "raise SystemExit\n",
        "train.py": "import mynet.net\nraise RuntimeError('training was run')\n",
    })  # fmt: skip
    for named in (package, package / "plugin.py"):
        add_plugin_files([named])
        assert loaded("packed").fuse(0, 0) == 2
        assert METHODS["packed"].origin == "mynet"


def test_a_plugin_that_is_named_twice_is_one(cli, tmp_path) -> None:
    for name in ("mynet", "flat"):
        init = {"__init__.py": ""} if name == "mynet" else {}
        written(tmp_path / name, {"one.py": a_method(f"{name}1"), **init})
    for name in ("mynet", "flat"):
        both = ("--plugin", tmp_path / name / "one.py", "--plugin", tmp_path / name)
        done = cli("list", "methods", *both)
        assert done.code == 0 and "registers nothing" not in done.err, done.err
        assert f"method {name}1" in done.err


@pytest.mark.parametrize("name", ["code", "yaml", "my-net"])
def test_a_folder_that_cannot_be_a_package_is_a_plain_one(tmp_path, name) -> None:
    import yaml

    files = {"__init__.py": "", "one.py": a_method("one", "import net"), "net.py": ""}
    add_plugin_files([written(tmp_path / name, files) / "one.py"])
    assert loaded("one").fuse(1, 2) == 1 and yaml.safe_load("1") == 1


def test_a_folder_holds_several_plugins(cli, tmp_path) -> None:
    written(tmp_path, {
        "one.py": a_method("one"),
        "two.py": a_method("two", "from one import Mine as One\nimport helper"),
        "helper.py": "x = 1\n",
        "train.py": "raise RuntimeError('training was run')\n",
        "test_it.py": "import fusionbench\nraise RuntimeError('a test was run')\n",
        "_draft.py": "import fusionbench\nraise RuntimeError('a draft was run')\n",
    })  # fmt: skip
    done = cli("list", "methods", "--plugin", tmp_path)
    assert f"plug-in {tmp_path}: method one, method two" in done.err
    assert METHODS["one"].fingerprint != METHODS["two"].fingerprint


def test_files_of_one_name_in_two_folders(tmp_path) -> None:
    for name in ("a", "b"):
        written(tmp_path / name, {"net.py": a_method(f"of-{name}")})
    add_plugin_files([tmp_path / "a" / "net.py", tmp_path / "b" / "net.py"])
    assert {METHODS[f"of-{name}"].origin for name in "ab"} == {"net"}
    written(tmp_path / "c", {"net.py": a_method("of-a")})
    with pytest.raises(FusionBenchError, match=r"'of-a' is already registered by .*a/net\.py"):
        add_plugin_files([tmp_path / "c" / "net.py"])


@pytest.mark.parametrize(("name", "told"), [
    ("a/b", "holds '/'"), ("..", "nothing but dots"), (".hidden", "begins with a dot"),
    ("a\nb", "cannot be seen"), ("x" * 300, "300 bytes long"), ("CON", "Windows"),
    ("net.", "ends with"), ("a:b", "holds ':'"), ("n\u202eet", "cannot be seen"),
])  # fmt: skip
def test_a_name_that_could_lead_elsewhere_is_refused(name, told) -> None:
    with pytest.raises(FusionBenchError, match="cannot be a file's") as caught:
        METHODS.add(name, type("A", (), {}), frozenset())
    assert told in str(caught.value)
    assert METRICS["EN"]


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "..", "a\nb"])
def test_a_data_set_of_folders_is_named_inside_the_results(cli, tmp_path, pair_folders, name):
    pairs = pair_folders(1)
    done = cli("run", "--ir", pairs / "ir", "--vis", pairs / "vi", "--dataset", name, "--methods",
               "average", "--out", tmp_path / "run")  # fmt: skip
    assert done.code == 2 and "data set name" in done.err, done.err
    assert not (tmp_path / "run").exists()


def test_two_names_that_one_file_system_takes_for_one_are_refused(tmp_path) -> None:
    written(
        tmp_path, {"a.py": a_method("Né1"), "b.py": a_method("ne\u03011"), "c.py": a_method("GFF")}
    )
    add_plugin_files([tmp_path / "a.py"])
    for name in ("b.py", "c.py"):
        with pytest.raises(FusionBenchError, match="is already registered by"):
            add_plugin_files([tmp_path / name])
