"""What a plug-in's code opens: noticed while it runs, and looked at again before results stay.

Python announces most of it (audit events: ``open``, listing a folder, starting a program); native
code that opens files by itself does not, and what is known of that kind is wrapped (``NATIVE``).
A file that other native code opens is not seen: :meth:`fusionbench.Method.file` names one.

The interpreter's own files, installed packages, the caches of torch and the engine do not count.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import logging
import os
import site
import stat
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from fusionbench.files import digest, sha256_of

State = str | None
"""A file's SHA-256, or a digest of a folder's listing; None for what is not there."""
CHANGED = "changed while it was in use"
TOO_MANY = "more files than are followed"
MOST = 500

log = logging.getLogger(__name__)

NATIVE: dict[str, tuple[str, ...]] = {
    "safetensors": ("safe_open",),
    "safetensors.torch": ("safe_open",),
    "safetensors.numpy": ("safe_open",),
    "torch": ("from_file",),
    "torch._C": ("import_ir_module", "PyTorchFileReader"),
    "cv2": ("imread", "imreadmulti", "FileStorage"),
    "cv2.dnn": ("readNet", "readNetFromONNX", "readNetFromTorch", "readNetFromCaffe",
                "readNetFromTensorflow", "readNetFromTFLite", "readNetFromDarknet"),
    "onnxruntime": ("InferenceSession",),
    "h5py": ("File",),
}  # fmt: skip
"""Modules and what in them opens files, named by their arguments, without Python's knowledge."""

_stat = os.stat
_thread = threading.local()
_watches: list[Watch] = []


class Watch:
    """Notices what is opened in the blocks that it guards (``with watch.looking():``).

    Args:
        root: The plug-in's folder: what lies there is its own, wherever it is installed.
        late: Tells of further files, each time that it is asked.
    """

    def __init__(self, root: Path, late: Callable[[], Mapping[str, State]] = dict) -> None:
        self.root, self._late = os.path.realpath(root), late
        self._seen: dict[str, object] = {}
        self._left_out: set[str] = set()
        self._states: dict[str, State] = {}

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Notice what this block opens for reading, in every thread but the engine's own."""
        _install()
        _watches.append(self)
        try:
            with _probes():
                yield
        finally:
            _watches.remove(self)
            self._settle()

    def note(self, path: object) -> None:
        """Take a file or folder as opened; anything else is left alone."""
        if isinstance(path, bytes | os.PathLike):
            path = os.fsdecode(path)
        if not isinstance(path, str) or path in self._seen or "\0" in path:
            return
        stamp = _stamp(path)
        looked_through = stamp is None and path in sys.path  # for packages, by importlib.metadata
        if not looked_through and self._counts(path):
            self._seen[path] = stamp

    def leave_out(self, path: object) -> None:
        """Forget a file: its checksum is known elsewhere, or the code itself wrote it."""
        if isinstance(path, str | bytes | os.PathLike):
            self._left_out.add(os.path.realpath(os.fsdecode(path)))

    def _counts(self, path: str) -> bool:
        real = os.path.realpath(path)
        return real not in self._left_out and is_users(real, self.root)

    def _settle(self) -> None:
        for path in [p for p in list(self._seen) if p not in self._states]:
            before, now = self._seen[path], _stamp(path)
            gone = before is not None and now is None
            if not gone and os.path.realpath(path) not in self._left_out:
                self._states[path] = state_of(path) if before == now else CHANGED
        if len(self._states) > MOST:
            log.warning(
                "%s opens more than %d files: nothing it made is used again", self.root, MOST
            )
            self._states = {TOO_MANY: CHANGED}

    def states(self) -> list[list[State]]:
        """``[path, state]`` of all that was opened so far, by path; see :func:`unchanged`."""
        found = {**self._states, **self._late()}
        paths = [path for path in sorted(found) if os.path.realpath(path) not in self._left_out]
        return [[path, found[path]] for path in paths]


@contextmanager
def watching(watch: Watch | None) -> Iterator[None]:
    """Run a block under a watch, if there is one."""
    if watch is None:
        yield
        return
    with watch.looking():
        yield


def unchanged(states: Sequence[Sequence[State]]) -> bool:
    """Whether all that was opened is as it was: the same bytes, the same listings."""
    return all(path is not None and state_of(path) == state for path, state in states)


def state_of(path: str) -> State:
    """The state of a file or folder now; None where it is absent or cannot be read."""
    try:
        found = _stat(path)
        if stat.S_ISDIR(found.st_mode):
            return _listing(path)
        return _hashed(os.path.realpath(path), found.st_mtime_ns, found.st_size, found.st_ino)
    except (OSError, ValueError):
        return None


@cache
def _hashed(path: str, *_stamp: int) -> State:
    return sha256_of(Path(path)) if Path(path).is_file() else None


def _listing(path: str) -> str:
    """Names of what is in a folder, with times and sizes of files: the newest may be chosen."""
    found: list[list[Any]] = []
    for item in os.scandir(path):
        if item.name != "__pycache__" and not item.name.startswith("."):
            is_file = item.is_file()
            times = [item.stat().st_mtime_ns, item.stat().st_size] if is_file else []
            found.append([item.name, *times])
    return "folder " + digest(sorted(found))


def _stamp(path: str) -> object:
    """What tells a file from one that took its place meanwhile; None where there is none."""
    try:
        found = _stat(path)
    except (OSError, ValueError):
        return None
    if stat.S_ISDIR(found.st_mode):
        return "folder"
    return found.st_mtime_ns, found.st_size, found.st_ino


@cache
def _installed() -> tuple[str, ...]:
    """Folders of the interpreter, of packages and of caches: what is in them is nobody's own."""
    paths = sysconfig.get_paths()
    library = Path(paths["stdlib"]).parent
    found = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [str(Path(os.__file__).parent), *site.getsitepackages(), site.getusersitepackages()]
    cached = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    found += [str(Path(cached) / name) for name in ("torch", "huggingface", "matplotlib", "uv")]
    found += [str(Path(sys.executable).parent), str(Path(sys.executable).resolve().parent)]
    found += [os.environ.get("TORCH_HOME") or str(Path(cached) / "torch"), "~/.triton"]
    found += [str(library)] if library.name.startswith("lib") else []
    found += [f"{tempfile.gettempdir()}/torchinductor_{Path.home().name}"]
    if os.name == "posix":
        found += ["/proc", "/sys", "/dev", "/etc", "/bin", "/usr/bin", "/usr/lib", "/usr/lib64"]
        found += ["/lib", "/lib64", "/usr/share", "/usr/include", "/usr/local/lib", "/run"]
    return tuple({str(Path(path).expanduser().resolve()) for path in found})


@cache
def _engine() -> tuple[str, ...]:
    """Folders of this package, which an editable install leaves where they were written."""
    packages = ("fusionbench", *(f"fusionbench.{p}" for p in ("methods", "metrics", "configs")))
    specs = [find_spec(package) for package in packages]
    places = [p for spec in specs if spec for p in spec.submodule_search_locations or ()]
    return tuple(map(os.path.realpath, places))


@cache
def is_users(path: str, root: str) -> bool:
    """Whether a file is the user's own: below ``root``, or in no place of installed things.

    A package that is installed below ``root`` (an environment in a project's folder) is not.
    """
    real = os.path.realpath(path)
    if _below(real, _engine()):
        return False
    places = [place for place in _installed() if _below(real, (place,))]
    parts = Path(real).parts
    at = [i for i, part in enumerate(parts) if part in ("site-packages", "dist-packages")]
    places += [str(Path(*parts[: at[0] + 1]))] if at else []
    return all(_below(root, (place,)) and _below(real, (root,)) for place in places)


def _below(path: str, places: Sequence[str]) -> bool:
    return any(path == place or path.startswith(place.rstrip("/\\") + os.sep) for place in places)


def engine_thread() -> None:
    """Have this thread's files left out of every watch: it reads and writes for the engine."""
    _thread.engine = True


def _tell(path: object, *, wrote: bool = False) -> None:
    if not _watches or getattr(_thread, "engine", False):
        return
    _thread.engine = True  # looking at the path is not the plug-in's doing
    try:
        for watch in tuple(_watches):
            (watch.leave_out if wrote else watch.note)(path)
    finally:
        _thread.engine = False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watches or event not in _EVENTS:
        return
    if sys._getframe(1).f_code.co_filename.endswith(_READERS_OF_SOURCE):
        return
    _EVENTS[event](arguments)


def _opened(arguments: tuple[Any, ...]) -> None:
    path, mode, flags = arguments
    writes = bool((flags or 0) & (os.O_WRONLY | os.O_TRUNC))
    _tell(path, wrote=writes or (isinstance(mode, str) and mode[:1] in ("w", "x")))


def _started(arguments: tuple[Any, ...]) -> None:
    program, given = arguments[:2]
    _tell_all((program, *([given] if isinstance(given, str | bytes) else given or ())))


_READERS_OF_SOURCE = (
    "<frozen importlib._bootstrap_external>",
    "<frozen zipimport>",
    "linecache.py",
    "tokenize.py",
    str(Path("importlib", "metadata", "__init__.py")),
)
"""What reads sources and looks for packages: of those, what matters is known otherwise."""
_ASKING = ("genericpath.py", "pathlib.py", f"pathlib{os.sep}__init__.py", f"pathlib{os.sep}_abc.py",
           f"pathlib{os.sep}_local.py", "posixpath.py", "ntpath.py")  # fmt: skip
"""What looks for a file in somebody's name."""

_EVENTS: dict[str, Callable[[tuple[Any, ...]], None]] = {
    "open": _opened,
    "os.listdir": lambda arguments: _tell("." if arguments[0] is None else arguments[0]),
    "os.scandir": lambda arguments: _tell("." if arguments[0] is None else arguments[0]),
    "subprocess.Popen": _started,
    "ctypes.dlopen": lambda arguments: _tell(arguments[0]),
    "sqlite3.connect": lambda arguments: _tell(arguments[0]),
}


@contextmanager
def _probes() -> Iterator[None]:
    """Notice files that a user's code asked for and that are not there: they may come."""

    def probe(path: Any, *arguments: Any, **options: Any) -> os.stat_result:
        try:
            return _stat(path, *arguments, **options)
        except FileNotFoundError:
            if isinstance(path, str | os.PathLike) and _asked_by_a_user(sys._getframe(1)):
                _tell(path)
            raise

    before, os.stat = os.stat, probe
    try:
        yield
    finally:
        os.stat = before


def _asked_by_a_user(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_filename.endswith(_ASKING):
        frame = frame.f_back
    name = frame.f_code.co_filename if frame is not None else "<"
    return not name.startswith("<") and any(is_users(name, watch.root) for watch in _watches)


@cache
def _install() -> None:
    """Listen, from now to the end of the process; costs next to nothing while nobody watches."""
    sys.addaudithook(_audit)
    watch_native()


@cache
def watch_native() -> None:
    """Wrap what opens files in native code: what is imported, and what will be."""
    for name in NATIVE:
        if name in sys.modules:
            _wrap(sys.modules[name])
    sys.meta_path.insert(0, _Wrapping())


def _wrap(module: ModuleType) -> None:
    for name in NATIVE.get(module.__name__, ()):
        function = getattr(module, name, None)
        if function is not None and not hasattr(function, "__wrapped__"):
            setattr(module, name, _telling(function))


def _telling(function: Any) -> Any:
    if isinstance(function, type):  # a class stays one: others derive from it, or ask for it
        made = function.__init__  # type: ignore[misc]

        def __init__(self: Any, *arguments: Any, **options: Any) -> None:
            _tell_all((*arguments, *options.values()))
            made(self, *arguments, **options)

        try:
            return type(function.__name__, (function,), {"__init__": __init__, "__wrapped__": made})
        except TypeError:
            pass

    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        _tell_all((*arguments, *options.values()))
        return function(*arguments, **options)

    return call


def _tell_all(words: Sequence[Any]) -> None:
    """Note those arguments that are paths of files that are there."""
    if _watches:
        for word in words:
            if isinstance(word, str | os.PathLike) and isinstance(_stamp(str(word)), tuple):
                _tell(word)


class _Wrapping(importlib.abc.MetaPathFinder):
    """Wraps the modules of ``NATIVE`` as they are imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec that the other finders give, with a loader that wraps."""
        if name not in NATIVE:
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        found = (finder.find_spec(name, path, target) for finder in others)
        spec = next(filter(None, found), None)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                run(module)
                _wrap(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
