"""Where a plug-in named with ``--plugin`` lives: its folder is importable for it alone.

A network's repository holds several files, with names such as ``net.py`` or ``models/`` that other
repositories have too. While code of a plug-in runs, its folder stands first on ``sys.path`` and its
modules are in ``sys.modules``; otherwise they are not. So no plug-in gets another's modules, those
that it imports late among them, and what it is made of is known.
"""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from fusionbench.errors import FusionBenchError
from fusionbench.files import digest
from fusionbench.opened import State, Watch, is_users, state_of, watch_native

PLUGIN_PREFIX = "fusionbench_plugin_"
CALLED = ("__init__", "label", "weights", "load", "fuse", "classes", "detect", "check_weights",
          "train", "training_options")  # fmt: skip
"""What the engine calls of a plug-in's class."""
NO_PLUGIN = re.compile(r"[_.].*|setup\.py|conftest\.py|test_.*|.*_test\.py")
"""Files of a folder that are never taken for plug-ins."""

_current: Home | None = None


def current() -> Home | None:
    """The home whose code is running."""
    return _current


class Home:
    """One plug-in: a file, or a package with the modules in it that register something.

    Args:
        file: The file, or the package's ``__init__.py``.
        is_package: Whether it is that.
    """

    def __init__(self, file: Path, *, is_package: bool = False) -> None:
        self.file, self.root = file, file.parent
        self.label = self.root.name if is_package else file.stem
        self._is_package = is_package
        self._names: list[str] = []
        self._path = [str(self.root)]
        self._modules: dict[str, ModuleType] = {}
        self._importing = Watch(self.root)
        self._eager: frozenset[str] = frozenset()
        self._fingerprint = ""
        self._failure: BaseException | None = None

    def want(self, names: Iterable[str], folder: Path) -> Home:
        """Have modules of the package imported, too, which lie in a folder of it."""
        new = [name for name in names if name not in self._names]
        self._names += new
        self._path = list(dict.fromkeys([str(folder), *self._path]))
        if new:
            self._fingerprint = ""
        return self

    @property
    def fingerprint(self) -> str:
        """Of the sources that importing the plug-in brought, and of the files it opened."""
        return self._fingerprint

    def load(self) -> None:
        """Import the plug-in, once.

        Raises:
            Exception: What the import raised, each time that it is asked for.
        """
        if self._failure is None and not self._fingerprint:
            watch_native()
            try:
                with self.entered(), self._importing.looking():
                    self._import()
            except (Exception, SystemExit) as error:
                self._failure = error
            states = {str(path): state for path, state in self._importing.states()}
            states |= self._sources()
            self._eager = frozenset(states)
            self._fingerprint = digest(sorted([self._name(p), s] for p, s in states.items()))
        if isinstance(self._failure, Exception):
            raise self._failure
        if self._failure is not None:
            raise FusionBenchError(f"it ends the program ({self._failure!r}) while it is imported")

    def _import(self) -> None:
        if not self._is_package:
            name = f"{PLUGIN_PREFIX}{self.label}_{digest(str(self.file))[:8]}".replace(".", "_")
            self._modules[name] = _execute(name, self.file)
            return
        if self.label not in sys.modules:
            _execute(self.label, self.file, [str(self.root)])
        for name in self._names:
            importlib.import_module(name)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Run a block as this plug-in's code; costs nothing where that is so already."""
        global _current
        if _current is self:
            yield
            return
        before, _current = _current, self
        argv, sys.argv = sys.argv, [str(self.file)]  # a parser in it does not get our options
        path, hidden, others = sys.path[:], self._hide(), set(sys.modules)
        sys.path[:] = [*self._path, *(place for place in path if place not in self._path)]
        sys.modules.update(self._modules)
        count = len(sys.modules)
        try:
            yield
        finally:
            self._path = [p for p in sys.path if p in self._path or p not in path]
            if len(sys.modules) != count:
                new = {name: sys.modules[name] for name in set(sys.modules) - others}
                self._modules |= {n: m for n, m in new.items() if _is_own(n, m, self.root)}
            for name in self._modules:
                sys.modules.pop(name, None)
            sys.modules.update(hidden)
            sys.path[:], sys.argv = path, argv
            _current = before

    @cached_property
    def _here(self) -> frozenset[str]:
        items = self.root.iterdir()
        found = {item.stem for item in items if item.suffix == ".py" or item.is_dir()}
        return frozenset({*found, self.label} if self._is_package else found)

    def _hide(self) -> dict[str, ModuleType]:
        """Modules of another's folder, under names that this folder has too, taken away."""
        known = self._here & sys.modules.keys()
        taken = {name for name in known if _is_own(name, sys.modules[name], self.root)}
        below = [n for n in sys.modules if n.partition(".")[0] in taken] if taken else []
        return {name: sys.modules.pop(name) for name in below}

    def _sources(self) -> dict[str, State]:
        """The files of the plug-in's own modules imported so far, and their states."""
        files = {getattr(module, "__file__", None) for module in self._modules.values()}
        return {file: state_of(file) for file in {*files, str(self.file)} if file}

    def _name(self, path: str) -> str:
        return os.path.relpath(path, self.root) if Path(path).is_relative_to(self.root) else path

    def late(self) -> dict[str, State]:
        """The sources that were imported after the plug-in, while its code ran."""
        return {file: state for file, state in self._sources().items() if file not in self._eager}

    def keep(self, plugin: Any) -> Any:
        """Have a class or function run inside this home whenever it is called from outside."""
        if not isinstance(plugin, type):
            return self._inside(plugin)
        for name in CALLED:
            found = inspect.getattr_static(plugin, name, None)
            if found is not None:
                setattr(plugin, name, self._inside(found))
        return plugin

    def _inside(self, found: Any) -> Any:
        if isinstance(found, classmethod | staticmethod):
            return type(found)(self._inside(found.__func__))
        if isinstance(found, property):
            return property(self._inside(found.fget))
        if not isinstance(found, FunctionType):
            return found

        @functools.wraps(found)
        def call(*arguments: Any, **options: Any) -> Any:
            with self.entered():
                return found(*arguments, **options)

        return call


def _is_own(name: str, module: ModuleType, root: Path) -> bool:
    """Whether a module is of a user's folder: not of a package, nor the program that runs."""
    top = sys.modules.get(name.partition(".")[0], module)
    if module is sys.modules.get("__main__"):
        return False
    for part in (module, top):
        file = getattr(part, "__file__", None)
        places = [file] if file else list(getattr(part, "__path__", ()))
        real = [place for place in places if Path(place).is_absolute()]
        if not any(is_users(place, os.path.realpath(root)) for place in real):
            return False
    return True


def _execute(name: str, file: Path, search: list[str] | None = None) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=search)
    if spec is None or spec.loader is None:
        raise FusionBenchError("it is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


@functools.cache
def homes_at(path: Path) -> tuple[Home, ...]:
    """The plug-ins at a path that ``--plugin`` names.

    A file is one; where its folder is a package, it is imported as a module of that. A folder that
    is a package is one, with each module in it that imports fusionbench; of any other folder every
    such file is one. Files named ``_*``, ``test_*``, ``setup.py`` and the like are left alone, and
    what a repository has besides (its training, its demo) is never run.

    Raises:
        FusionBenchError: There is nothing of the kind.
    """
    if path.is_dir():
        return _homes_in(path)
    if not path.is_file():
        raise FusionBenchError("there is no such file or folder")
    if path.suffix != ".py":
        raise FusionBenchError("it is not a Python file; expected a .py file or a folder")
    package = _package(path.parent)
    if package is None:
        return (_home(path),)
    return (_of_package(package, [path.with_suffix("")], path.parent),)


def _homes_in(folder: Path) -> tuple[Home, ...]:
    files = [f for f in sorted(folder.glob("*.py")) if not NO_PLUGIN.fullmatch(f.name)]
    plugins = [file for file in files if _imports_engine(file)]
    package = _package(folder)
    if package is not None:
        return (_of_package(package, [folder, *(f.with_suffix("") for f in plugins)], folder),)
    if not plugins:
        found = f"none of its {len(files)} .py files imports" if files else "no .py file in it has"
        raise FusionBenchError(f"{found} fusionbench: name the file that has the @method")
    return tuple(map(_home, plugins))


@functools.cache
def _home(file: Path, *, is_package: bool = False) -> Home:
    return Home(file, is_package=is_package)


def _of_package(package: Path, modules: Iterable[Path], folder: Path) -> Home:
    """The home of a package, with modules of it (paths without suffix) that are plug-ins."""
    parts = [module.relative_to(package.parent).parts for module in modules]
    names = [".".join(part[:-1] if part[-1] == "__init__" else part) for part in parts]
    return _home(package / "__init__.py", is_package=True).want(names, folder)


def _package(folder: Path) -> Path | None:
    """The outermost package that a folder belongs to; none whose name is a known module's."""
    known = sys.modules.get(folder.name)
    taken = folder.name in sys.stdlib_module_names or (
        known is not None and not _is_own(folder.name, known, folder)
    )
    if taken or not folder.name.isidentifier() or not (folder / "__init__.py").is_file():
        return None
    return _package(folder.parent) or folder


def forget() -> None:
    """Have plug-ins imported again when they are next asked for."""
    homes_at.cache_clear()
    _home.cache_clear()


def _imports_engine(file: Path) -> bool:
    """Whether a file imports this package, in whatever place; one that is broken may."""
    source = file.read_bytes()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return b"fusionbench" in source
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [n for node in found for n in
             ([node.module or ""] if isinstance(node, ast.ImportFrom)
              else [alias.name for alias in node.names])]  # fmt: skip
    return any(name.partition(".")[0] == "fusionbench" for name in names)
