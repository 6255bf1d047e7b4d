r"""LaTeX source: files put together, groups and arguments, macros, tables, and styled text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fusionbench.errors import FusionBenchError

ARGUMENTS = {
    "tabular": 1, "tabular*": 2, "tabularx": 2, "tabulary": 2, "longtable": 1, "array": 1,
    "supertabular": 1, "xtabular": 1, "mpxtabular": 1, "xltabular": 2, "tblr": 1, "longtblr": 1,
    "talltblr": 1, "NiceTabular": 1, "NiceTabular*": 2, "NiceTabularX": 2, "NiceArray": 1,
    "tabu": 1, "longtabu": 1, "widetabular": 2,
}  # fmt: skip
_FLOAT = re.compile(
    r"(?:sideways|wrap|sub|long|margin|SC)?(?:table|figure|block)\*?|threeparttable"
)
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
_VERBATIM = re.compile(r"\\begin\{(verbatim\*?|lstlisting|comment)\}.*?\\end\{\1\}", re.S)
_FALSE = re.compile(r"\\(?:iffalse\b|if0\b|if\s*0(?=\s))")
_CONDITION = re.compile(r"\\(if[A-Za-z@]*|else|fi)(?![A-Za-z@])")
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([A-Za-z@]+\*?)\}")
_INPUT = re.compile(
    r"\\(?:input|include|subfile|InputIfFileExists)\s*\{(?P<file>[^{}]+)\}"
    r"|\\(?:sub)?(?:import|includefrom|inputfrom)\*?\s*\{(?P<folder>[^{}]*)\}\s*\{(?P<in>[^{}]+)\}"
    r"|\\input\s+(?P<bare>[^\s{}\\]+)"
    r"|\\(?:usepackage|RequirePackage)\s*(?:\[[^\]]*\])?\s*\{(?P<own>[^{}]+)\}"
)
_DEFINITION = re.compile(
    r"\\(?P<how>(?:re|provide)?newcommand|DeclareRobustCommand|newrobustcmd|[gex]?def|let|"
    r"DeclareTextFontCommand|(?:New|Renew|Provide|Declare)(?:Expandable)?DocumentCommand)\*?"
    r"\s*\{?\s*\\(?P<name>[A-Za-z@]+)\s*\}?\s*"
)
_NEW_TABLE = re.compile(r"\\(?:re)?newenvironment\*?\s*\{(?P<name>[A-Za-z@]+\*?)\}\s*")


@dataclass(frozen=True)
class Macro:
    """A user's command: how many arguments it takes, and its body with ``#1``, ``#2``, ...

    With a ``default``, its first argument is an optional one.
    """

    arguments: int
    body: str
    default: str | None = None


@dataclass(frozen=True)
class Tabular:
    """One table's source: the text between ``begin`` (and its arguments) and ``end``."""

    start: int
    body_start: int
    body_end: int
    label: str
    captions: tuple[str, ...] = ()


@dataclass
class Source:
    r"""A paper with what it inputs in its place; comments are blanked.

    Attributes:
        path: The paper's file.
        text: Its text.
        starts, files: Where pieces of files begin in the text: their file, and their first line.
        missing: What was not found.
    """

    path: Path
    text: str = ""
    starts: list[int] = field(default_factory=list)
    files: list[tuple[Path, int]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    _lines: list[int] = field(default_factory=list, repr=False)

    def where(self, offset: int) -> str:
        """``file:line`` of an offset."""
        path, line = self._place(offset)
        return f"{path}:{line}"

    def line(self, offset: int) -> int:
        """The line of an offset in its file, from 1."""
        return self._place(offset)[1]

    def file(self, offset: int) -> Path:
        """The file of an offset."""
        return self._place(offset)[0]

    def _place(self, offset: int) -> tuple[Path, int]:
        if not self._lines:
            self._lines = [m.end() for m in re.finditer("\n", self.text)]
        piece = max(0, bisect_right(self.starts, offset) - 1)
        path, first = self.files[piece]
        before = bisect_right(self._lines, self.starts[piece])
        return path, first + bisect_right(self._lines, offset) - before

    def add(self, text: str, path: Path, line: int) -> None:
        """Add a piece of a file."""
        self.starts.append(len(self.text))
        self.files.append((path, line))
        self.text += text

    def tabulars(self) -> Iterator[Tabular]:
        """Every table-like environment, inner ones too, in the order of their ends.

        Raises:
            FusionBenchError: One is not closed.
        """
        arguments = ARGUMENTS | _own_tables(self.text)
        opened: list[tuple[str, int, int]] = []
        for found in _ENVIRONMENT.finditer(self.text):
            word, name = found.groups()
            if name not in arguments and not _FLOAT.fullmatch(name):
                continue
            if word == "begin":
                opened.append((name, found.start(), found.end()))
            elif opened and opened[-1][0] == name:
                _, start, after = opened.pop()
                if name in arguments:
                    body = _skip_arguments(self.text, after, arguments[name])
                    captions, label = self._float(opened, after, body, found.end())
                    yield Tabular(start, body, found.start(), label, captions)
            else:
                self._unbalanced(found.start(), rf"\end{{{name}}} without its \begin")
        if opened:
            self._unbalanced(opened[-1][1], rf"\begin{{{opened[-1][0]}}} is not closed")

    def _float(
        self, opened: list[tuple[str, int, int]], after: int, body: int, end: int
    ) -> tuple[tuple[str, ...], str]:
        """The captions that a table stands under, its own first, and its label."""
        ranges = [(after, end)]
        for name, start, _ in reversed(opened):
            if _FLOAT.fullmatch(name):
                close = re.compile(r"\\end\s*\{" + re.escape(name) + r"\}").search(self.text, end)
                ranges.append((start, close.start() if close else end))
        captions = [c for begin, stop in ranges for c in _captions(self.text, begin, stop)]
        captions += re.findall(r"caption\s*=\s*\{([^{}]*)\}", self.text[after:body])
        labels = (_LABEL.search(self.text, begin, stop) for begin, stop in ranges)
        return tuple(dict.fromkeys(captions)), next((m[1] for m in labels if m), "")

    def _unbalanced(self, offset: int, what: str) -> None:
        raise FusionBenchError(f"{self.where(offset)}: {what}; check that it compiles")


_LABEL = re.compile(r"\\label\s*\{([^}]*)\}")
_CAPTION = re.compile(r"\\(?:sub)?caption(of\s*\{\w+\})?(box)?\*?\s*(?=[\[{])")


def _captions(text: str, start: int, end: int) -> Iterator[str]:
    for found in _CAPTION.finditer(text, start, end):
        yield argument(text, option(text, found.end()))[0]


def read(path: Path) -> Source:
    r"""Read a paper, and put what it takes in with ``\input`` and its relatives in its place.

    Comments, verbatim text and what ``\iffalse`` leaves out are blanked.

    Raises:
        FusionBenchError: The paper itself is not there.
    """
    source = Source(path)
    _add(source, path, set())
    return source


def _add(source: Source, path: Path, seen: set[Path]) -> None:
    seen.add(path.resolve())
    text = _file(path)
    place = 0
    for found in _INPUT.finditer(text):
        for file in _taken_in(found, source, path, text):
            if file.resolve() not in seen:
                source.add(text[place : found.start()], path, 1 + text.count("\n", 0, place))
                place = found.end()
                _add(source, file, seen)
    source.add(text[place:], path, 1 + text.count("\n", 0, place))


def _taken_in(found: re.Match[str], source: Source, path: Path, text: str) -> Iterator[Path]:
    """The files that a command takes in; what is missing is noted, but for foreign packages."""
    if found["own"]:
        names = [Path(f"{name.strip()}.sty") for name in found["own"].split(",")]
    else:
        names = [Path(found["folder"] or "", found["in"] or found["file"] or found["bare"])]
    for name in names:
        folders = (source.path.parent, path.parent)
        tried = [f / n for f in folders for n in (name, name.with_name(name.name.strip() + ".tex"))]
        file = next((file for file in tried if _is_file(file)), None)
        if file is not None:
            yield file
        elif not found["own"]:
            line = 1 + text.count("\n", 0, found.start())
            source.missing.append(f"{path}:{line}: no file {tried[0]}")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _file(path: Path) -> str:
    if not _is_file(path):
        raise FusionBenchError(f"{path}: there is no such file; expected a paper's .tex file")
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _COMMENT.sub(lambda m: m[1] + " " * (len(m[0]) - len(m[1])), text)
    return _without_false(_VERBATIM.sub(lambda m: _blank(m[0]), text))


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _without_false(text: str) -> str:
    r"""The text with what stands between ``\iffalse`` and its ``\else`` or ``\fi`` blanked."""
    place = 0
    while (found := _FALSE.search(text, place)) is not None:
        depth, end, place = 0, len(text), found.end()
        for word in _CONDITION.finditer(text, found.end()):
            depth += word[1].startswith("if")
            if depth == 0 and word[1] in ("fi", "else"):
                end = word.end()
                break
            depth -= word[1] == "fi"
        text = text[: found.start()] + _blank(text[found.start() : end]) + text[end:]
    return text


def macros(source: Source) -> dict[str, Macro]:
    r"""Commands defined with ``\newcommand``, its relatives, ``\def`` or ``\let``."""
    found = {}
    for match in _DEFINITION.finditer(source.text):
        macro = _definition(match["how"], source.text, match.end())
        if macro is not None:
            found[match["name"]] = macro
    return found


def _definition(how: str, text: str, place: int) -> Macro | None:
    if how == "let":
        target = re.compile(r"=?\s*(\\[A-Za-z@]+)").match(text, place)
        return Macro(0, target[1]) if target else None
    if how == "DeclareTextFontCommand":
        return Macro(1, f"{{{argument(text, place)[0]} #1}}")
    default = None
    if how.endswith("DocumentCommand"):
        signature, place = argument(text, place)
        optional = re.match(r"\s*(?:[oO]\s*(?:\{([^{}]*)\})?)", signature)
        default = (optional[1] or "") if optional else None
        count = len(re.findall(r"[mMoOsr]", re.sub(r"\{[^{}]*\}", "", signature)))
    elif how.endswith("def"):
        parameters = re.compile(r"(?:#\d)*").match(text, place)
        count = parameters[0].count("#") if parameters else 0
        place += 2 * count
    else:
        number = re.compile(r"\[(\d)\]\s*").match(text, place)
        count, place = (int(number[1]), number.end()) if number else (0, place)
        if (after := option(text, place)) != place:
            default, place = text[place:after].strip()[1:-1], after
    start = len(text) - len(text[place:].lstrip())
    return Macro(count, group(text, start)[0], default) if text[start : start + 1] == "{" else None


def _own_tables(text: str) -> dict[str, int]:
    r"""Environments that the paper makes of tables, with the number of their arguments."""
    found = {}
    for match in _NEW_TABLE.finditer(text):
        number = re.compile(r"\[(\d)\]").match(text, match.end())
        start = option(text, number.end()) if number else match.end()
        begins = _ENVIRONMENT.search(argument(text, start)[0])
        if begins and begins[2] in ARGUMENTS:
            found[match["name"]] = int(number[1]) if number else 0
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
    return option(text, start)
