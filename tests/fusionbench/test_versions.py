"""A change to code that makes numbers comes with a new version, or a word that it changes none.

``versions.txt`` holds, for every built-in plug-in and for what the engine does for all of them, its
version and a hash of its code. Rows of a run are made again when a version changes, and only then.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from fusionbench.registry import REGISTRIES

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("versions.txt")
ENGINE = {
    "fusionbench.stages.applying.FUSED_BY": ["stages/applying.py", "images.py", "seeding.py"],
    "fusionbench.sources.SCORED_BY": ["sources.py", "primitives/*.py"],
    "fusionbench.stages.detecting.DETECTED_BY": ["stages/detecting.py", "boxes.py"],
    "fusionbench.detection.finetuning.TRAINED_BY": ["detection/finetuning.py"],
    "fusionbench.profiling.running.MEASURED_BY": [
        f"profiling/{name}*.py" for name in ("flops", "measuring", "modules", "scopes", "timing")
    ],
}
"""The constants that stand for engine code, and that code."""
DECLARING = {"method", "metric", "detector"}
TELLING = {"colour", "options"}
"""What in a declaration decides results; the rest is words."""
HOW = """
The code of {what} changed, but its version did not ({version}).
Where that may change a result, raise the version: `version=` in the declaration of a plug-in,
`shared_version` of a base class for all that share it, or the engine's constant.
Then, and where no result can change: make versions
"""


def plain(node: object) -> object:
    """A syntax tree without what changes no result: comments, docstrings, where names come from."""
    if isinstance(node, list):
        return [plain(each) for each in node if not _is_text(each)]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    if isinstance(node, ast.ImportFrom):
        fields = {"names": node.names}
    if isinstance(node, ast.Call) and getattr(node.func, "id", None) in DECLARING:
        fields["keywords"] = [each for each in node.keywords if each.arg in TELLING]
    kept = {name: plain(value) for name, value in fields.items() if value not in (None, [])}
    return [type(node).__name__, sorted(kept.items())]


def _is_text(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)


def hash_of(files: set[Path]) -> str:
    codes = sorted(map(_code, files))
    return hashlib.sha256("\0".join(codes).encode()).hexdigest()[:16]


@cache
def _code(file: Path) -> str:
    return repr(plain(ast.parse(file.read_text(encoding="utf-8"))))


@cache
def siblings(file: Path) -> set[Path]:
    """The files of its own package that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            place = file.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for stem in (place, *(place / alias.name for alias in node.names)):
                found |= {stem.with_suffix(".py"), stem / "__init__.py"}
    return {path for path in found if path.is_file()}


def closure(file: Path) -> set[Path]:
    found, new = set(), {file}
    while new:
        found |= new
        new = {path for each in new for path in siblings(each)} - found
    return found


def current() -> dict[str, tuple[str, str]]:
    """Version and hash of everything that has a version."""
    rows = {}
    for name, patterns in ENGINE.items():
        module, _, constant = name.rpartition(".")
        files = {f for pattern in patterns for f in (ROOT / "fusionbench").glob(pattern)}
        rows[constant] = str(getattr(import_module(module), constant)), hash_of(files)
    for registry in REGISTRIES:
        for entry in registry:
            if entry.is_built_in:
                file = Path(str(sys.modules[entry.module].__file__))
                rows[f"{registry.kind}:{entry.name}"] = entry.version, hash_of(closure(file))
    return rows


def read() -> dict[str, tuple[str, str]]:
    lines = [line.split() for line in TABLE.read_text(encoding="utf-8").splitlines()]
    return {name: (version, source) for name, version, source in lines}


NOW = current()


@pytest.mark.parametrize("what", sorted({*NOW, *read()}))
def test_changed_code_has_a_new_version(what: str) -> None:
    before, now = read().get(what), NOW.get(what)
    if before != now and before and now and before[0] == now[0]:
        pytest.fail(HOW.format(what=what, version=now[0]), pytrace=False)
    assert before == now, f"versions.txt is not of this code: make versions ({what})"


def test_words_change_no_hash_and_code_does(tmp_path: Path) -> None:
    def hashed(text: str) -> str:
        _code.cache_clear()
        (tmp_path / "a.py").write_text(text)
        return hash_of({tmp_path / "a.py"})

    first = hashed('"""Doc."""\nfrom a import b\n@metric("X", title="x")\ndef f(x):\n  return b(x)')
    same = (
        '# note\nfrom c import b\n@metric("X", title="y")\ndef f(x):\n    "doc"\n    return b( x )'
    )
    assert hashed(same) == first
    assert hashed(same.replace("b( x )", "b(x) + 1")) != first
    declared = '@method("x", colour="luma")\nclass X: pass'
    assert hashed(declared) != hashed(declared.replace("luma", "rgb"))


def test_what_a_plugin_shares_is_part_of_its_code() -> None:
    """SSIM takes MEF-SSIM from the module beside it, a classical fuser its filters."""
    assert ROOT / "metrics/mef.py" in closure(ROOT / "metrics/ssim.py")
    found = closure(ROOT / "methods/gff.py")
    assert {p.name for p in found} >= {"gff.py", "__init__.py", "filters.py"}
    assert ROOT / "methods/gtf.py" not in found


def write() -> None:
    """Write the table anew.

    Raises:
        SystemExit: A version went down: rows of two codes would have the same.
    """
    known = read() if TABLE.exists() else {}
    for name, (version, _) in NOW.items():
        before = known.get(name, ("0", ""))[0]
        if [int(part) for part in version.split(".")] < [int(part) for part in before.split(".")]:
            raise SystemExit(f"{name}: version {version} is lower than {before} in {TABLE}")
    rows = [f"{name} {version} {source}" for name, (version, source) in sorted(NOW.items())]
    TABLE.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
