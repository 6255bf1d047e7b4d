"""LaTeX source: comments blanked, groups and arguments found, macros and tables collected."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fusionbench.errors import FusionBenchError

ARGUMENTS = {
    "tabular": 1, "tabular*": 2, "tabularx": 2, "tabulary": 2, "longtable": 1, "array": 1,
    "supertabular": 1, "tblr": 1, "NiceTabular": 1, "tabu": 1,
}  # fmt: skip
FLOATS = ("table", "table*", "sidewaystable", "sidewaystable*", "wraptable")
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
_VERBATIM = re.compile(r"\\begin\{(verbatim\*?|lstlisting|comment)\}.*?\\end\{\1\}", re.S)
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([A-Za-z]+\*?)\}")
_INPUT = re.compile(r"\\(?:input|include|subfile)\s*\{([^}]+)\}")
_DEFINITION = re.compile(
    r"\\(?:re|provide)?newcommand\*?\s*\{?\s*\\([A-Za-z]+)\s*\}?\s*(?:\[(\d)\])?\s*(?=\{)"
    r"|\\DeclareRobustCommand\*?\s*\{?\s*\\([A-Za-z]+)\s*\}?\s*(?:\[(\d)\])?\s*(?=\{)"
    r"|\\def\s*\\([A-Za-z]+)\s*((?:#\d)*)\s*(?=\{)"
)


@dataclass(frozen=True)
class Macro:
    """A user's command: how many arguments it takes, and its body with ``#1``, ``#2``, ..."""

    arguments: int
    body: str


@dataclass(frozen=True)
class Tabular:
    """One table's source: the text between ``begin`` (and its arguments) and ``end``."""

    start: int
    body_start: int
    body_end: int
    label: str


@dataclass
class Source:
    """One file: its text with comments blanked (offsets unchanged)."""

    path: Path
    text: str
    _starts: list[int] = field(default_factory=list, repr=False)

    def line(self, offset: int) -> int:
        """The line number, from 1, of an offset."""
        if not self._starts:
            self._starts = [0, *(m.end() for m in re.finditer("\n", self.text))]
        return bisect_right(self._starts, offset)

    def tabulars(self) -> Iterator[Tabular]:
        """Every table-like environment, inner ones too, in the order of their ends.

        Raises:
            FusionBenchError: One is not closed.
        """
        opened: list[tuple[str, int, int]] = []
        for found in _ENVIRONMENT.finditer(self.text):
            word, name = found.groups()
            if name not in ARGUMENTS and name not in FLOATS:
                continue
            if word == "begin":
                opened.append((name, found.start(), found.end()))
            elif opened and opened[-1][0] == name:
                _, start, after = opened.pop()
                if name in ARGUMENTS:
                    body = _skip_arguments(self.text, after, ARGUMENTS[name])
                    label = self._label(opened, found.end())
                    yield Tabular(start, body, found.start(), label)
            else:
                self._unbalanced(found.start(), rf"\end{{{name}}} without its \begin")
        if opened:
            self._unbalanced(opened[-1][1], rf"\begin{{{opened[-1][0]}}} is not closed")

    def _label(self, opened: list[tuple[str, int, int]], end: int) -> str:
        outer = next((start for name, start, _ in reversed(opened) if name in FLOATS), None)
        if outer is None:
            return ""
        close = re.compile(r"\\end\s*\{(?:sideways|wrap)?table\*?\}").search(self.text, end)
        found = re.search(
            r"\\label\s*\{([^}]*)\}", self.text[outer : close.start() if close else end]
        )
        return found[1] if found else ""

    def _unbalanced(self, offset: int, what: str) -> None:
        raise FusionBenchError(f"{self.path}:{self.line(offset)}: {what}; check that it compiles")


def read(path: Path) -> Source:
    """Read a file, its comments and verbatim parts blanked.

    Raises:
        FusionBenchError: There is no such file.
    """
    if not path.is_file():
        raise FusionBenchError(f"{path}: there is no such file; expected a paper's .tex file")
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    text = text.replace("\r\n", "\n")
    text = _COMMENT.sub(lambda m: m[1] + " " * (len(m[0]) - len(m[1])), text)
    return Source(path, _VERBATIM.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text))


def read_all(path: Path) -> tuple[list[Source], list[str]]:
    r"""A paper and what it takes in with ``\input`` and ``\include``; and what was not found.

    Raises:
        FusionBenchError: The paper itself is not there.
    """
    sources, missing, waiting, seen = [read(path)], [], [path], {path.resolve()}
    while waiting:
        current = next(s for s in sources if s.path == waiting[0])
        waiting.pop(0)
        for found in _INPUT.finditer(current.text):
            name = path.parent / found[1].strip()
            file = name if name.is_file() else name.with_name(name.name + ".tex")
            if not file.is_file():
                missing.append(f"{current.path}:{current.line(found.start())}: no file {name}")
            elif file.resolve() not in seen:
                seen.add(file.resolve())
                sources.append(read(file))
                waiting.append(file)
    return sources, missing


def macros(sources: list[Source]) -> dict[str, Macro]:
    r"""Commands defined with ``\newcommand``, its relatives, or ``\def``."""
    found = {}
    for source in sources:
        for match in _DEFINITION.finditer(source.text):
            name = match[1] or match[3] or match[5]
            count = int(match[2] or match[4] or 0) or (match[6] or "").count("#")
            found[name] = Macro(count, group(source.text, match.end())[0])
    return found


def group(text: str, start: int) -> tuple[str, int]:
    """The content of the braces that open at ``start``, and the offset after them."""
    depth, place = 0, start
    while place < len(text):
        if text[place] == "\\":
            place += 2
            continue
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        place += 1
        if depth == 0:
            return text[start + 1 : place - 1], place
    return text[start + 1 :], len(text)


def argument(text: str, start: int) -> tuple[str, int]:
    """The next argument, braced or a single token, and the offset after it."""
    while start < len(text) and text[start].isspace():
        start += 1
    if start < len(text) and text[start] == "{":
        return group(text, start)
    found = re.compile(r"\\[A-Za-z]+|\\.|.", re.S).match(text, start)
    return (found[0], found.end()) if found else ("", start)


def option(text: str, start: int, brackets: str = "[]") -> int:
    """The offset after an optional argument, or ``start`` where there is none."""
    place = start
    while place < len(text) and text[place] in " \t":
        place += 1
    if place < len(text) and text[place] == brackets[0]:
        end = text.find(brackets[1], place)
        return end + 1 if end >= 0 else start
    return start


def _skip_arguments(text: str, start: int, count: int) -> int:
    for _ in range(count):
        start = argument(text, option(text, start))[1]
    return start
