"""The plug-in registry: discovery, selectors, near-miss errors, and plug-ins that are broken."""

from __future__ import annotations

import fnmatch
import hashlib
import importlib
import importlib.metadata
import os
import pkgutil
import sys
import traceback
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from fusionbench.errors import FusionBenchError, UnknownNameError
from fusionbench.homes import PLUGIN_PREFIX as PLUGIN_PREFIX
from fusionbench.homes import Home, current, forget, homes_at
from fusionbench.names import check_name, plain
from fusionbench.opened import Watch, is_users
from fusionbench.selecting import select

T = TypeVar("T")

PLUGIN_VARIABLE = "FUSIONBENCH_PLUGINS"


@dataclass(frozen=True)
class Entry(Generic[T]):
    """A registered plug-in, the groups that select it and the module it comes from.

    Attributes:
        home: Where it lives, for one that ``--plugin`` named.
        file: The file of the module.
        version: What its declaration says of its code.
    """

    name: str
    plugin: T
    groups: frozenset[str]
    module: str
    home: Home | None = None
    file: str | None = None
    version: str = "1"

    @property
    def is_built_in(self) -> bool:
        """Whether it is one of this package's own."""
        return self.home is None and self.module.partition(".")[0] == "fusionbench"

    @property
    def is_programs(self) -> bool:
        """Whether the program that is running declared it itself: no other process knows it."""
        installed = self.module.partition(".")[0] in _installed()
        return self.home is None and not self.is_built_in and not installed

    @property
    def origin(self) -> str:
        """``built-in``, or the plug-in's file or top-level package."""
        if self.home is not None:
            return self.home.label
        return "built-in" if self.is_built_in else self.module.partition(".")[0]

    @property
    def fingerprint(self) -> str:
        """What identifies its code.

        Name and version of a built-in, so that its files may be moved; SHA-256 over the source of
        an installed one's whole package; for one that ``--plugin`` named over every module of its
        own that it imports, and the files that it opens meanwhile. What the running program
        declared may change at any moment: it is another each time, and its results are made again.
        """
        if self.is_programs:
            return uuid.uuid4().hex
        if self.home is not None:
            return self.home.fingerprint
        if self.is_built_in:
            return f"{self.name} {self.version}"
        return source_fingerprint(_package(self.module))

    def watch(self) -> Watch | None:
        """What notices the files that a third party's code opens as it runs.

        A built-in has none: its weights are known.
        """
        if self.home is not None:
            return Watch(self.home.root, self.home.late)
        if self.is_built_in:
            return None
        file = getattr(sys.modules.get(_package(self.module)), "__file__", None)
        return Watch(Path(file or ".").parent)


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
        self._files: set[Path] = set()
        self.broken: dict[str, Broken] = {}

    def add(self, name: str, plugin: T, groups: frozenset[str], version: object = 1) -> None:
        """Register a plug-in under a name of its own, with the version of its code.

        Raises:
            FusionBenchError: The name is taken, or cannot be used in a selector or as a file's.
        """
        if not name or name[0] == "-" or set(name) & set(", *?[]=@"):
            raise FusionBenchError(f"{self.kind} name '{name}' holds a character selectors use")
        check_name(name, self.kind)
        module, home = getattr(plugin, "__module__", "__main__"), current()
        file = getattr(sys.modules.get(module), "__file__", None)
        taken = self._taken(name)
        if taken is not None and (taken.module, taken.home) != (module, home):
            if file is not None and taken.file == file:
                return  # the same file, imported a second time by another name
            by = taken.module if taken.home is None else taken.file
            raise FusionBenchError(f"{self.kind} '{name}' is already registered by {by}")
        plugin = plugin if home is None else home.keep(plugin)
        self._entries[name] = Entry(name, plugin, groups, module, home, file, str(version))

    def _taken(self, name: str) -> Entry[T] | None:
        """The entry whose files would have the same names, on a system that ignores case too."""
        folded = {plain(known): entry for known, entry in self._entries.items()}
        return folded.get(plain(name))

    def discover(self) -> None:
        """Import every built-in module and entry point, then the files that the user named, once.

        One that fails is listed as broken.
        """
        self._discover_installed()
        new = [path for path in plugin_files() if path not in self._files]
        together = {*REGISTRIES, self} if new else ()
        for registry in together:  # a file may hold any kind, and takes no built-in's name
            registry._discover_installed()
            registry._files.update(new)
        for path in new:
            if broken := _broken(str(path), partial(_load_plugins, path)):
                for registry in together:
                    registry.broken[str(path)] = broken

    def _discover_installed(self) -> None:
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

    def _try(self, where: str, load: Callable[[], object]) -> None:
        if broken := _broken(where, load):
            self.broken[where] = broken

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
        self.name_broken(error)
        return error

    def name_broken(self, error: UnknownNameError) -> None:
        """Add to an error where the name may be: the plug-ins that could not be imported."""
        for broken in self.broken.values():
            error.add(f"It may be in {broken.module}, which is broken: {broken.error}")

    def select(self, selector: str) -> list[Entry[T]]:
        """The plug-ins that a selector names, in its order, each once.

        A selector is a comma-separated list of names, globs and groups; ``-token`` drops what the
        token names. One that only drops starts from ``all``.

        Raises:
            UnknownNameError: A token names nothing.
            FusionBenchError: Nothing is left.
        """
        return select(selector, self._named, self.kind)

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


def _broken(where: str, load: Callable[[], object]) -> Broken | None:
    try:
        load()
    except Exception as error:
        reason = str(error) if type(error) is FusionBenchError else _reason(error)
        return Broken(where, reason, traceback.format_exc())
    return None


def _reason(error: Exception) -> str:
    """The error, and the line of a user's file where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not f.filename.startswith("<") and is_users(f.filename, "")]
    at = f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{at}"


def plugin_files() -> list[Path]:
    """Files and folders named by ``--plugin`` or ``FUSIONBENCH_PLUGINS`` (as in ``PATH``)."""
    return [Path(f) for f in os.environ.get(PLUGIN_VARIABLE, "").split(os.pathsep) if f]


def add_plugin_files(files: Sequence[Path], *, strict: bool = True) -> None:
    """Import plug-ins from files and folders, here and in every process started from here.

    See :func:`fusionbench.homes.homes_at` for what counts in a folder. One that is known already is
    imported again.

    Args:
        files: The paths, beside those that ``FUSIONBENCH_PLUGINS`` names.
        strict: Refuse what is broken; otherwise it is left to ``Registry.broken``.

    Raises:
        FusionBenchError: A plug-in is not there, or fails to import.
    """
    for file in files:
        if not file.exists():
            raise FusionBenchError(f"--plugin {file}: there is no such file or folder")
        if os.pathsep in str(file.resolve()):
            raise FusionBenchError(f"--plugin {file}: a path with '{os.pathsep}' cannot be used")
    asked = [file.resolve() for file in files]
    named = dict.fromkeys([*plugin_files(), *asked])
    if not named:
        return
    known = sorted(path for path in METHODS._files if str(path) not in METHODS.broken)
    if METHODS._files & set(asked):  # they may have been changed since
        _forget()
    os.environ[PLUGIN_VARIABLE] = os.pathsep.join(map(str, dict.fromkeys([*named, *known])))
    METHODS.discover()
    broken = [METHODS.broken[str(path)] for path in named if str(path) in METHODS.broken]
    if broken and strict:
        raise FusionBenchError(
            "\n".join(f"plug-in {each.module} is broken: {each.error}" for each in broken)
        )
    for path in named:
        if str(path) not in METHODS.broken:
            _say(path)


def _forget() -> None:
    """Have the files that the user named imported again, as they are now."""
    for registry in REGISTRIES:
        registry._entries = {n: e for n, e in registry._entries.items() if e.home is None}
        for path in registry._files:
            registry.broken.pop(str(path), None)
        registry._files.clear()
    forget()


def _say(path: Path) -> None:
    """Say what a folder registered, and where a file registered nothing."""
    from fusionbench import console

    homes = homes_at(path)
    entries = [(r.kind, e.name) for r in REGISTRIES for e in r if e.home in homes]
    if not entries:
        console.warn(
            f"plug-in {path} registers nothing; expected a class with @method or @detector, "
            "or a function with @metric"
        )
    elif path.is_dir():
        console.note(f"plug-in {path}: {', '.join(f'{kind} {name}' for kind, name in entries)}")


def _load_plugins(path: Path) -> None:
    for home in homes_at(path):
        home.load()


@cache
def source_fingerprint(module: str) -> str:
    """SHA-256 over the source of a third party's module.

    Its file, or every ``*.py`` below it for a package; and what it may share with its siblings in
    a namespace: modules and packages beside it whose name starts with one underscore.
    """
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return hashlib.sha256(module.encode()).hexdigest()
    path = Path(file)
    own = path.parent if path.name == "__init__.py" else path
    beside = own.parent.glob("_*") if "." in module else ()
    shared = [p for p in beside if not p.name.startswith("__")]
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


@cache
def _installed() -> frozenset[str]:
    """The top-level packages of entry points."""
    found = [p for r in REGISTRIES for p in importlib.metadata.entry_points(group=r.package)]
    return frozenset(point.module.partition(".")[0] for point in found)


def _package(module: str) -> str:
    """The outermost package with code of its own that a module belongs to, or the module."""
    parts = module.split(".")
    names = (".".join(parts[: count + 1]) for count in range(len(parts)))
    return next((n for n in names if getattr(sys.modules.get(n), "__file__", None)), module)


METHODS: Registry[Any] = Registry("method", "fusionbench.methods")
METRICS: Registry[Any] = Registry("metric", "fusionbench.metrics")
DETECTORS: Registry[Any] = Registry("detector", "fusionbench.detectors")
REGISTRIES: tuple[Registry[Any], ...] = (METHODS, METRICS, DETECTORS)
