"""Checkpoints: reading weights without running code, whatever they are wrapped in, and strictly.

What a file is, is told from its content: a download page, a pointer to the real file, an archive or
a network of another framework is said to be one, with what to do.
"""

from __future__ import annotations

import logging
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fusionbench.errors import WeightsError

if TYPE_CHECKING:
    from torch import nn

INSIDE = (
    *("params_ema", "state_dict_ema", "model_ema", "ema"),
    *("state_dict", "model_state_dict", "model", "params", "network", "net", "weights", "weight"),
    *("generator", "netG", "net_g", "G"),
)
"""Keys under which programs save a network's tensors, those to be taken first first."""
WRAPPERS = ("module.", "_orig_mod.")
"""Prefixes of names that ``DataParallel`` and ``torch.compile`` leave."""
COUNTERS = ("total_ops", "total_params")
"""What the FLOP counter thop leaves in a network."""
AGAIN = "download or copy it again"
EXPECTED = "expected a file of PyTorch or safetensors"

log = logging.getLogger(__name__)


def read_weights(path: Path, inside: str = "") -> dict[str, Any]:
    """The tensors of a ``.safetensors`` or PyTorch file, by name; nothing in it is executed.

    A dict of tensors that lies within others (``state_dict``, ``model``, ``params``, ...) is taken
    out, prefixes of ``DataParallel`` and ``torch.compile`` are cut, and what a FLOP counter left or
    a program noted beside the tensors (an epoch, a score) is dropped.

    Args:
        path: The file; its content decides its format, not its name.
        inside: The key that holds the tensors, where a file holds several networks.

    Raises:
        WeightsError: The file is none of that; says what it is, and what to do.

    Example:
        >>> self.net.load_state_dict(read_weights(self.file("mynet.pth")))  # doctest: +SKIP
    """
    state = _tensors(read_checkpoint(path), path, inside)
    cut = {_unwrapped(name): value for name, value in state.items()}
    return {name: value for name, value in cut.items() if name.split(".")[-1] not in COUNTERS}


def read_checkpoint(path: Path, device: str = "cpu") -> Any:
    """What a PyTorch or ``.safetensors`` file holds, as it is; nothing in it is executed.

    Tensors, plain Python values and NumPy's numbers and arrays are rebuilt, and nothing else.

    Raises:
        WeightsError: It cannot be read so; says what it is, and what to do.
    """
    import torch

    refuse_no_weights(path)
    if what := _other_format(path):
        raise _refused(path, what)
    try:
        if _is_safetensors(path):
            from safetensors.torch import load_file

            return load_file(path, device)
        with warnings.catch_warnings(), path.open("rb") as stream:
            warnings.simplefilter("ignore")  # torch's advice about other pickles
            with torch.serialization.safe_globals(_numpy_globals()):
                return torch.load(stream, map_location=device, weights_only=True)
    except Exception as error:
        raise _refused(path, _fault(path, error)) from error


def refuse_no_weights(path: Path) -> None:
    """Refuse what can be no file of weights in any format: told without loading anything.

    Raises:
        WeightsError: It is empty, a web page, or a pointer to a file that was not fetched.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such file")
    start = _start(path)
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        raise _refused(path, f"empty; {AGAIN}")
    if start.startswith(b"version https://git-lfs"):
        raise _refused(path, "a pointer of Git LFS, not the file; fetch it with `git lfs pull`")
    if b"annex/objects/" in start[:200] and path.stat().st_size < 1000:
        raise _refused(path, "a pointer of git-annex, not the file; fetch it with `git annex get`")
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<script", b"<!--")):
        raise _refused(
            path,
            "a web page, not the file: a download that asks for confirmation or a login was saved; "
            "open its address in a browser and save the file itself",
        )


def load_weights(
    network: nn.Module,
    state: Mapping[str, Any],
    source: str,
    *,
    unused: Callable[[str], tuple[int, ...] | Literal[False] | None] = lambda name: False,
    what: str = "",
) -> None:
    """Load tensors into a network, strictly.

    Args:
        network: What they are loaded into.
        state: Every parameter and running statistic of the network, and possibly what is unused.
            Batch norm's step counters are not looked at. One prefix of all names is cut where they
            then fit.
        source: The file, for the error.
        unused: The shape of what may be there and is not loaded (None: any), or False.
        what: The network in the error; by default its class.

    Raises:
        WeightsError: A name is unknown or missing, a shape is wrong or a value is not finite; all
            of them are listed.
    """
    import torch

    own = dict(_wanted(network.state_dict()))
    given = _fitting(dict(_wanted(state)), own)
    problems = [f"missing: {name}" for name in own if name not in given]
    for name, value in given.items():
        expected = tuple(own[name].shape) if name in own else unused(name)
        if expected is False:
            problems.append(f"unknown: {name}")
        elif expected is not None and _shape(value) != expected:
            problems.append(f"wrong shape: {name} is {_shape(value)}, expected {expected}")
        elif name in own and not bool(torch.isfinite(value).all()):
            problems.append(f"not finite: {name}")
    if problems:
        raise WeightsError(
            f"{source} does not fit {what or type(network).__name__} "
            f"({len(problems)} differences):\n  " + "\n  ".join(problems)
        )
    network.load_state_dict({name: given[name] for name in own}, strict=False)


def _tensors(found: object, path: Path, inside: str) -> Mapping[str, Any]:
    """The dict of tensors in what a file holds, taken out of the dicts around it."""
    import torch

    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
        raise _refused(path, f"a {type(found).__name__}; expected a state dict: names and tensors")
    own = {name: value for name, value in found.items() if not _is_note(name, value)}
    tensors = sum(isinstance(value, torch.Tensor) for value in own.values())
    nested = {name: value for name, value in found.items() if _holds_tensors(value)}
    if inside in nested:
        return _tensors(nested[inside], path, "")
    if not nested or tensors >= max(map(len, nested.values())):
        if not tensors:
            raise _refused(path, "it holds no tensors; expected a state dict: names and tensors")
        return own
    known = [name for name in INSIDE if name in nested]
    if len(nested) > 1 and not known:
        raise _refused(path, f"it holds several networks ({', '.join(nested)}); expected one")
    taken = known[0] if known else next(iter(nested))
    if len(nested) > 1:
        log.warning("%s holds %s: %s is taken", path, ", ".join(nested), taken)
    return _tensors(nested[taken], path, inside)


def _is_note(name: str, value: object) -> bool:
    """Whether an entry is a number that a program noted beside the tensors."""
    import numpy as np

    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return number and "." not in name


def _holds_tensors(value: object) -> bool:
    import torch

    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        return False
    return any(isinstance(v, torch.Tensor) or _holds_tensors(v) for v in value.values())


def _unwrapped(name: str) -> str:
    prefix = next((prefix for prefix in WRAPPERS if name.startswith(prefix)), None)
    return name if prefix is None else _unwrapped(name.removeprefix(prefix))


def _fitting(given: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Names without the one prefix that they all have, such as ``model.``, if they then fit."""
    prefixes = {name.partition(".")[0] for name in given}
    if len(prefixes) != 1 or not own or own.keys() & given.keys():
        return given
    cut = {name.partition(".")[2]: value for name, value in given.items()}
    return cut if own.keys() <= cut.keys() else given


def _wanted(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((k, v) for k, v in state.items() if k.split(".")[-1] != "num_batches_tracked")


def _shape(value: object) -> tuple[int, ...] | str:
    shape = getattr(value, "shape", None)
    return type(value).__name__ if shape is None else tuple(shape)


def _numpy_globals() -> list[Any]:
    """What rebuilds NumPy's numbers and arrays, under the names of NumPy 1 and 2."""
    import _codecs

    import numpy as np
    from numpy._core import multiarray

    made: list[Any] = [np.dtype, np.ndarray, (_codecs.encode, "_codecs.encode")]
    made += [type(np.dtype(code)) for code in "?bBhHiIlLqQefdFDSU"]
    for home in ("numpy.core.multiarray", "numpy._core.multiarray"):
        made += [(getattr(multiarray, n), f"{home}.{n}") for n in ("scalar", "_reconstruct")]
    return made


def _refused(path: Path, what: str) -> WeightsError:
    start, verb = _start(path)[:12], "" if what.startswith("it ") else "it is "
    return WeightsError(
        f"{path} could not be read as weights: {verb}{what} "
        f"({path.stat().st_size:,} bytes, beginning with {start!r})"
    )


def _start(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(4096)


_OTHERS = (
    (b"\x89HDF", "an HDF5 file (Keras, MATLAB 7.3)"),
    (b"MATLAB ", "a MATLAB file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x1f\x8b", "a gzip archive; unpack it and name the file inside"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it and name the file inside"),
    (b"Rar!", "a RAR archive; unpack it and name the file inside"),
    (b"\xfd7zXZ", "an xz archive; unpack it and name the file inside"),
    (b"BZh", "a bzip2 archive; unpack it and name the file inside"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"\x57\xfb\x80\x8b", "the index of a TensorFlow checkpoint"),
)


def _other_format(path: Path) -> str:
    """What a file is that is neither PyTorch's nor safetensors; empty where it may be."""
    start = _start(path)
    for magic, what in _OTHERS:
        if start.startswith(magic):
            return what if "unpack" in what else f"{what}; {EXPECTED}"
    if start[257:262] == b"ustar":
        return "a tar archive; unpack it and name the file inside"
    if re.match(rb"\x08[\x01-\x20](\x12|:|B)", start):
        return f"an ONNX network; {EXPECTED}"
    if start.startswith(b"PK"):
        return _zip_fault(path)
    if b"\0" not in start and all(byte >= 32 or byte in b"\t\r\n\f" for byte in start):
        return f"a text file; {AGAIN}"
    return ""


def _zip_fault(path: Path) -> str:
    """What is wrong with a zip archive that should be a checkpoint of PyTorch."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return f"cut short or damaged: a checkpoint without its end; {AGAIN}"
    if any("/code/" in name for name in names):
        return "a TorchScript program; expected the state dict that it was made from"
    if any(name.split("/")[-1] == "data.pkl" for name in names):
        return ""
    if names and all(name.endswith(".npy") for name in names):
        return f"an archive of NumPy arrays; {EXPECTED}"
    inside = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return f"a zip archive of {inside or 'nothing'}; unpack it and name the file inside"


def _is_safetensors(path: Path) -> bool:
    start = _start(path)
    named = path.suffix == ".safetensors" and start[:2] not in (b"PK", b"\x80\x02")
    return named or (start[8:9] == b"{" and start[4:8] == b"\0\0\0\0")


def _fault(path: Path, error: Exception) -> str:
    """What kept a file from being read, in our words: torch advises to load it unsafely."""
    cut = r"EOF|ran out of input|central directory|truncated|incomplete|invalid ?header|too large"
    if unsafe := re.search(r"GLOBAL (\w[\w.]*\.\w+)", str(error)):
        whole = [name for name in (unsafe[1], *_unsafe(path)) if name.startswith("torch.nn.")]
        what = "a whole pickled network" if whole else "pickled with other objects than tensors"
        return (
            f"{what} ({unsafe[1]}), and rebuilding those would run code. Where their code is at "
            "hand, save the tensors alone: torch.save(network.state_dict(), 'weights.pth')"
        )
    torchs = _start(path).startswith(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9")
    if isinstance(error, EOFError) or torchs or re.search(cut, str(error), re.IGNORECASE):
        return f"cut short or damaged; {AGAIN}"
    if _start(path)[:1] == b"\x80":
        return f"a pickle that torch.save did not write; {EXPECTED}"
    if "weights_only" in str(error) or "legacy" in str(error):
        return f"no file of PyTorch or safetensors; {AGAIN}"
    return f"damaged ({plainly(error)}); {AGAIN}"


def _unsafe(path: Path) -> list[str]:
    """What a checkpoint would have rebuilt beside tensors, as far as torch tells."""
    import torch

    try:
        return list(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:
        return []


def plainly(error: BaseException) -> str:
    """The first line of another library's error, without colours."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    return text.splitlines()[0][:200] if text else type(error).__name__
