"""Who imports whom: no circle, no floor that knows a higher one, plug-ins that use public names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import fusionbench

ROOT = Path(__file__).resolve().parents[2]
FLOORS = (
    # what knows nothing of images or runs
    "errors cards names selecting files yamls console seeding surroundings engines downloads "
    "recipes configs imagefiles checkpoints settings stages detection tables",
    # what a run, a plug-in and an image are
    "checks manifest runs locking images primitives sources boxes opened homes registry weights "
    "plugins conventions citing training publishing",
    "datasets labels surveying inventory",
    "stages.* pipeline detection.* profiling given",
    "statistics results choosing",
    "report latex_check comparing identifying",
    "request planning suites",
    "api scorer fuser frames testing starting",
    "cli __main__",
)
"""The house from the ground up: a module imports from its own floor and from those below.

The longest name decides: ``report`` is all that lies below it, ``stages.*`` what lies in it.
"""
PLUGINS = ("fusionbench.methods", "fusionbench.metrics", "fusionbench.detectors")
PUBLIC = {"fusionbench", "fusionbench.primitives"}
"""The modules that a plug-in may import from; both say in ``__all__`` what they hold."""


def _modules() -> Iterator[tuple[str, Path]]:
    for top, name in (("fusionbench", ""), ("methods", "methods"), ("metrics", "metrics"),
                      ("configs", "configs")):  # fmt: skip
        for path in (ROOT / top).rglob("*.py"):
            parts = ["fusionbench", name, *path.relative_to(ROOT / top).with_suffix("").parts]
            yield ".".join(part for part in parts if part and part != "__init__"), path


MODULES = dict(_modules())


@cache
def imports(module: str, *, checking: bool = False) -> frozenset[tuple[str, str]]:
    """What a module imports of this project, anywhere in it: (module, name) each.

    Args:
        module: Its dotted name.
        checking: Whether what is imported for the type checker alone counts.
    """
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in _nodes(ast.parse(path.read_text(encoding="utf-8")), checking):
        if isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            up = package.split(".")[: len(package.split(".")) - node.level + 1]
            home = ".".join([*up, *filter(None, [node.module])]) if node.level else node.module
            found |= {(str(home), alias.name) for alias in node.names}
    return frozenset((home, name) for home, name in found if home.split(".")[0] == "fusionbench")


def _nodes(tree: ast.AST, checking: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if checking or not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)):
            yield node
            yield from _nodes(node, checking)


def _needs(module: str) -> set[str]:
    """The modules that a module imports, public names followed to where they live."""
    needed = set()
    for home, name in imports(module):
        if home == "fusionbench" and name in fusionbench.__all__:
            needed.add(f"fusionbench.{fusionbench._HOME_OF[name]}")
        else:
            needed.add(f"{home}.{name}" if f"{home}.{name}" in MODULES else home)
    return needed - {module}


def test_no_circle_of_imports() -> None:
    done: set[str] = set()

    def follow(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, f"a circle: {' -> '.join([*way[way.index(module) :], module])}"
        if module not in done:
            for needed in sorted(_needs(module) & MODULES.keys()):
                follow(needed, (*way, module))
            done.add(module)

    for module in MODULES:
        follow(module, ())


def _floor(module: str) -> int:
    """The floor of a module: that of the longest name in the table that fits."""
    name = module.removeprefix("fusionbench.")
    places = {known: number for number, names in enumerate(FLOORS) for known in names.split()}
    fitting = [k for k in places if name == k or name.startswith(f"{k.removesuffix('.*')}.")]
    assert fitting, f"{module} has no floor: add it to FLOORS"
    return places[name if name in places else max(fitting, key=len)]


def test_no_floor_knows_a_higher_one() -> None:
    upwards = [
        f"{module} (floor {_floor(module)}) imports {needed} (floor {_floor(needed)})"
        for module in sorted(MODULES)
        if not module.startswith(PLUGINS) and module != "fusionbench"
        for needed in sorted(_needs(module) - {"fusionbench"})
        if not needed.startswith(PLUGINS) and _floor(needed) > _floor(module)
    ]
    assert not upwards, "\n".join(upwards)


def test_the_engine_names_no_plugin() -> None:
    engine = [module for module in MODULES if not module.startswith(PLUGINS)]
    named = [(m, home) for m in engine for home, _ in imports(m) if home.startswith(PLUGINS)]
    assert not named


def test_built_in_plugins_use_public_names_alone() -> None:
    """What they import, for the type checker too, is public or their own package's."""
    private = []
    for module in MODULES:
        kind = next((p for p in PLUGINS if module.startswith(f"{p}.")), None)
        for home, name in sorted(imports(module, checking=True)) if kind else ():
            public = home in PUBLIC and name in _public(home)
            if not public and not home.startswith(str(kind)):
                private.append(f"{module} imports {name} from {home}")
    assert not private, "\n".join(private)


def _public(home: str) -> list[str]:
    from fusionbench import primitives

    return fusionbench.__all__ if home == "fusionbench" else primitives.__all__


def test_every_public_name_is_there() -> None:
    assert set(fusionbench._HOME_OF) == set(fusionbench.__all__)
    for name in fusionbench.__all__:
        assert getattr(fusionbench, name) is not None
