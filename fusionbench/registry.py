"""The plug-in registry: discovery, selectors, near-miss errors, and plug-ins that are broken."""

from __future__ import annotations

import fnmatch
import hashlib
import importlib
import importlib.metadata
import importlib.util
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from fusionbench.errors import FusionBenchError, UnknownNameError

T = TypeVar("T")

PLUGIN_VARIABLE = "FUSIONBENCH_PLUGINS"
PLUGIN_PREFIX = "fusionbench_plugin_"


@dataclass(frozen=True)
class Entry(Generic[T]):
    """A registered plug-in, the groups that select it and the module it comes from."""

    name: str
    plugin: T
    groups: frozenset[str]
    module: str

    @property
    def origin(self) -> str:
        """``built-in``, or the distribution's top-level package."""
        top = self.module.partition(".")[0]
        return "built-in" if top == "fusionbench" else top.removeprefix(PLUGIN_PREFIX)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the source of the plug-in's module (its whole folder for a package)."""
        return source_fingerprint(self.module)


@dataclass(frozen=True)
class Broken:
    """A plug-in module that could not be imported."""

    module: str
    error: str
    traceback: str


class Registry(Generic[T]):
    """Plug-ins of one kind, found at first use in a package and in an entry-point group.

    Args:
        kind: The word for one of them in messages.
        package: The package (and entry-point group) whose modules hold them.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind, self.package = kind, package
        self._entries: dict[str, Entry[T]] = {}
        self._discovered = False
        self.broken: dict[str, Broken] = {}

    def add(self, name: str, plugin: T, groups: frozenset[str]) -> None:
        """Register a plug-in under a name of its own.

        Raises:
            FusionBenchError: The name is taken, or cannot be used in a selector.
        """
        module = getattr(plugin, "__module__", "__main__")
        taken = self._entries.get(name)
        if taken is not None and taken.module != module:
            raise FusionBenchError(f"{self.kind} '{name}' is already registered by {taken.module}")
        if not name or name[0] == "-" or set(name) & set(", *?[]=@"):
            raise FusionBenchError(f"{self.kind} name '{name}' holds a character selectors use")
        self._entries[name] = Entry(name, plugin, groups, module)

    def discover(self) -> None:
        """Import every built-in module and entry point once; one that fails is listed as broken."""
        if self._discovered:
            return
        self._discovered = True
        package = importlib.import_module(self.package)
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name):
            if not info.name.startswith("_"):
                name = f"{self.package}.{info.name}"
                self._try(name, partial(importlib.import_module, name))
        for point in importlib.metadata.entry_points(group=self.package):
            self._try(f"{point.name} ({point.value})", point.load)
        for file in plugin_files():
            self._try(str(file), partial(_import_file, file))

    def _try(self, where: str, load: Callable[[], object]) -> None:
        try:
            load()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            self.broken[where] = Broken(where, reason, traceback.format_exc())

    def __iter__(self) -> Iterator[Entry[T]]:
        self.discover()
        return iter([self._entries[name] for name in sorted(self._entries, key=str.casefold)])

    def __getitem__(self, name: str) -> Entry[T]:
        """The plug-in of that name, in any case.

        Raises:
            UnknownNameError: There is none; near names are suggested.
        """
        self.discover()
        if name in self._entries:
            return self._entries[name]
        folded = {known.casefold(): entry for known, entry in self._entries.items()}
        if name.casefold() in folded:
            return folded[name.casefold()]
        raise self._unknown(name)

    def _unknown(self, name: str) -> UnknownNameError:
        groups = {group for entry in self._entries.values() for group in entry.groups}
        command = f"fusionbench list {self.kind}s"
        error = UnknownNameError(self.kind, name, {*self._entries, *groups}, command)
        for broken in self.broken.values():
            error.add(f"It may be in {broken.module}, which is broken: {broken.error}")
        return error

    def select(self, selector: str) -> list[Entry[T]]:
        """The plug-ins that a selector names, in its order, each once.

        A selector is a comma-separated list of names, globs and groups; ``-token`` drops what the
        token names. One that only drops starts from ``all``.

        Raises:
            UnknownNameError: A token names nothing.
            FusionBenchError: Nothing is left.
        """
        tokens = [token.strip() for token in selector.split(",") if token.strip()]
        if tokens and all(token.startswith("-") for token in tokens):
            tokens.insert(0, "all")
        chosen: dict[str, Entry[T]] = {}
        for token in tokens:
            if token.startswith("-"):
                for entry in self._named(token[1:]):
                    chosen.pop(entry.name, None)
            else:
                chosen.update((entry.name, entry) for entry in self._named(token))
        if not chosen:
            raise FusionBenchError(f"'{selector}' selects no {self.kind}")
        return list(chosen.values())

    def _named(self, token: str) -> Collection[Entry[T]]:
        entries = list(self)
        if set(token) & set("*?["):
            pattern = token.casefold()
            found = [e for e in entries if fnmatch.fnmatchcase(e.name.casefold(), pattern)]
        else:
            exact = [e for e in entries if e.name.casefold() == token.casefold()]
            found = exact or [e for e in entries if token.casefold() in e.groups]
        if not found:
            raise self._unknown(token)
        return found


def plugin_files() -> list[Path]:
    """Python files named by ``--plugin`` or ``FUSIONBENCH_PLUGINS`` (separated as in ``PATH``)."""
    return [Path(f) for f in os.environ.get(PLUGIN_VARIABLE, "").split(os.pathsep) if f]


def add_plugin_files(files: Sequence[Path]) -> None:
    """Have files imported as plug-ins, here and in every process started from here.

    Raises:
        FusionBenchError: There is no such file.
    """
    for file in files:
        if not file.is_file():
            raise FusionBenchError(f"--plugin {file}: there is no such file")
    named = dict.fromkeys([*plugin_files(), *(file.resolve() for file in files)])
    os.environ[PLUGIN_VARIABLE] = os.pathsep.join(map(str, named))


def _import_file(file: Path) -> None:
    name = f"{PLUGIN_PREFIX}{file.stem}"
    loaded = sys.modules.get(name)
    if loaded is not None and Path(str(loaded.__file__)) == file:
        return
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


@cache
def source_fingerprint(module: str) -> str:
    """SHA-256 over the source that a module's results depend on.

    Its file, or every ``*.py`` below it for a package; and what it may share with its siblings:
    modules and packages beside it whose name starts with one underscore.
    """
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return hashlib.sha256(module.encode()).hexdigest()
    path = Path(file)
    own = path.parent if path.name == "__init__.py" else path
    shared = [p for p in own.parent.glob("_*") if not p.name.startswith("__")]
    sources = {s for place in (own, *shared) for s in _python_files(place)}
    digest = hashlib.sha256()
    for source in sorted(sources):
        digest.update(source.relative_to(own.parent).as_posix().encode() + b"\0")
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _python_files(place: Path) -> list[Path]:
    if place.is_dir():
        return list(place.rglob("*.py"))
    return [place] if place.suffix == ".py" else []


METHODS: Registry[Any] = Registry("method", "fusionbench.methods")
METRICS: Registry[Any] = Registry("metric", "fusionbench.metrics")
DETECTORS: Registry[Any] = Registry("detector", "fusionbench.detectors")
