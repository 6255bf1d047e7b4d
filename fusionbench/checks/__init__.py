"""Named checks of what is given to the suite, and what becomes of what they find.

A check looks at one thing and has one outcome: ``refuse`` (the number cannot be right), ``warn``
(it may not be) or ``note`` (worth knowing). Code that reads an input adds what it finds to a
:class:`Findings`; ``settle`` stops the command if anything is refused that the user has not
accepted or left out. Findings are grouped, one line a kind, shown on the terminal, kept in the
manifest and marked where the number stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from fusionbench.checks.catalogue import CHECKS, Check, Outcome, page
from fusionbench.errors import DataError, FusionBenchError, UnknownNameError

Resolution = Literal["", "accepted", "left out"]
SHOWN = 3
"""Items that a line names."""

__all__ = [
    "CHECKS",
    "Check",
    "FindingRecord",
    "Findings",
    "Problem",
    "check_named",
    "page",
    "refusal",
    "without_folders",
]


def check_named(name: str) -> Check:
    """The check of that name.

    Raises:
        UnknownNameError: There is none.
    """
    if name not in CHECKS:
        raise UnknownNameError("check", name, CHECKS, "fusionbench list checks")
    return CHECKS[name]


class Problem(NamedTuple):
    """What a check found on one item: a pair, a file, a box."""

    check: str
    item: str
    detail: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.item, self.detail)))


class FindingRecord(BaseModel):
    """What one check found on one data set or method, as the manifest keeps it.

    Attributes:
        check, outcome: The check and what follows from it.
        resolution: What became of a refused input: ``accepted``, or its items were ``left out``.
        dataset, method: Where it was found; empty where it concerns all.
        count, of: How many items, of how many (0 where that is not known).
        examples: The first of them, with what is wrong.
    """

    model_config = ConfigDict(extra="forbid")

    check: str
    outcome: Outcome
    resolution: Resolution = ""
    dataset: str = ""
    method: str = ""
    count: int
    of: int = 0
    examples: list[str]

    @property
    def stops(self) -> bool:
        """Whether the command must not go on."""
        return self.outcome == "refuse" and not self.resolution

    @property
    def in_tables(self) -> bool:
        """Whether tables say it in a footnote."""
        if self.resolution == "left out":
            return False  # tables state the number of pairs left out
        return self.outcome != "note" or CHECKS[self.check].footnote

    def said(self) -> str:
        """One line for a table: what it means, how many, and the first item, without folders."""
        counted = f"{self.count} of {self.of}" if self.of > 1 else str(self.count)
        amount = counted if max(self.count, self.of) > 1 else ""
        first = without_folders(next(filter(None, self.examples), ""))
        first = f"such as {first}" if first and self.count > 1 else first
        found = ", ".join(filter(None, (amount, first)))
        finds = check_named(self.check).finds
        state = self.resolution or ("refused" if self.outcome == "refuse" else "")
        checked = ", ".join(filter(None, (f"check {self.check}", state)))
        said = f"{finds[0].upper()}{finds[1:]}{': ' if found else ''}{found} ({checked})"
        return " ".join(said.split())

    def text(self, *, names: bool = True) -> str:
        """One line: how many, what it means, and the first items."""
        amount = f"{self.count} of {self.of}" if self.of else str(self.count)
        where = " of ".join(filter(None, (self.method, self.dataset)))
        said = f"{amount} in {where}" if where and names else amount
        more = f" and {self.count - len(self.examples)} more" if len(self.examples) > 1 else ""
        more = more if self.count > len(self.examples) else ""
        found = "; ".join(filter(None, self.examples)) + more
        accepted = f", {self.resolution}" if self.resolution else ""
        finds = check_named(self.check).finds
        return f"{self.check} ({said}{accepted}): {finds}" + (f": {found}" if found else "")


@dataclass
class _Group:
    problems: list[Problem] = field(default_factory=list)
    of: int = 0


class Findings:
    """What checks found, grouped by check, data set and method.

    Args:
        accept: Names of checks whose refused input is let through, recorded and marked.
        strict: Refuse on warnings too.
        skip_bad: Leave unusable items out (those of checks that are ``skippable``).

    Raises:
        UnknownNameError: ``accept`` names no check.
        FusionBenchError: ``accept`` names a check whose input cannot be let through.
    """

    def __init__(
        self, accept: Iterable[str] = (), *, strict: bool = False, skip_bad: bool = False
    ) -> None:
        self.accept = frozenset(accept)
        self.strict, self.skip_bad = strict, skip_bad
        for name in sorted(self.accept):
            check = check_named(name)
            if not check.acceptable and check.outcome == "refuse":
                way = "--skip-bad-pairs leaves it out" if check.skippable else check.remedy
                raise FusionBenchError(f"--accept {name}: {check.finds}; {way}")
        self._groups: dict[tuple[str, str, str], _Group] = {}

    def add(
        self,
        check: str,
        item: str = "",
        detail: str = "",
        *,
        dataset: str = "",
        method: str = "",
        of: int = 0,
    ) -> None:
        """Add what a check found on one item of ``of``."""
        self.extend([Problem(check, item, detail)], dataset=dataset, method=method, of=of)

    def extend(
        self, problems: Iterable[Problem], *, dataset: str = "", method: str = "", of: int = 0
    ) -> None:
        """Add what checks found on several items of ``of``."""
        for problem in problems:
            check_named(problem.check)
            group = self._groups.setdefault((problem.check, dataset, method), _Group())
            group.problems.append(problem)
            group.of = max(group.of, of)

    def like(self) -> Findings:
        """An empty collection that lets the same through."""
        return Findings(self.accept, strict=self.strict, skip_bad=self.skip_bad)

    @property
    def records(self) -> list[FindingRecord]:
        """The findings, refused ones first."""
        order: Sequence[Outcome] = ("refuse", "warn", "note")
        found = [self._record(*key, group) for key, group in self._groups.items()]
        return sorted(found, key=lambda record: order.index(record.outcome))

    def _record(self, name: str, dataset: str, method: str, group: _Group) -> FindingRecord:
        check = CHECKS[name]
        outcome: Outcome = "refuse" if self.strict and check.outcome == "warn" else check.outcome
        resolution: Resolution = ""
        if outcome == "refuse" and name in self.accept:
            resolution = "accepted"
        elif outcome == "refuse" and check.skippable and self.skip_bad:
            resolution = "left out"
        return FindingRecord(
            check=name,
            outcome=outcome,
            resolution=resolution,
            dataset=dataset,
            method=method,
            count=len(group.problems),
            of=group.of,
            examples=[str(problem) for problem in group.problems[:SHOWN]],
        )

    def problems(self, dataset: str = "", *, skippable: bool = True) -> list[Problem]:
        """Every problem of a data set that leaves an item out."""
        return [
            problem
            for (name, where, _), group in self._groups.items()
            for problem in group.problems
            if where == dataset and (CHECKS[name].skippable or not skippable)
        ]

    def settle(self) -> None:
        """Go on only if nothing is refused.

        Raises:
            DataError: Something is; lists every kind with what to do.
        """
        stopping = [record for record in self.records if record.stops]
        if stopping:
            raise refusal(stopping, self.strict)


_PLAIN = r"""(?:[^\s/\\:;,|<>{}$*?"'`()\[\]]|\([^()/\n]*\)|\[[^\[\]/\n]*\]|:(?=\d)|'(?=\w))"""
_ESCAPED = r"\\[!-/:-@\[-`{-~]|\\text[a-z]+\{\}|\{\}"
"""Characters as LaTeX and Markdown write them."""
_WORD = rf"(?:{_PLAIN}|{_ESCAPED})+"
_SUFFIXES = re.findall(r"\w+", "bmp csv jpeg jpg json npz png pt pth py tif tiff txt xml yaml yml")
_IN_NAME = "".join(rf"(?<!\.{suffix})" for suffix in _SUFFIXES) + r"[ ,]+"
_FOLDER = rf"{_WORD}(?:{_IN_NAME}{_WORD}){{0,4}}"
_PLACE = re.compile(
    rf"(?<![\w/.~)\]}}\\-])(?:file://|~[\w.-]*|(?:\.\./)*\.\.)?/(?:{_FOLDER}/+)+"
    rf"|(?<!\w)[A-Za-z]:[/\\]+(?:{_FOLDER}[/\\]+)+"
    rf"|(?<![^\s'\"=(])\\\\[\w.$-]+\\(?:{_FOLDER}\\+)+"
)


def without_folders(text: str) -> str:
    """The text with paths of the machine cut to their last part; addresses of the web stay.

    A name of folders may hold blanks, and be escaped for LaTeX or Markdown.

    >>> without_folders("cannot read '/home/Max Muster/ir/1.png': it is cut short")
    "cannot read '1.png': it is cut short"
    """
    return _PLACE.sub(_last_part, text)


def _last_part(place: re.Match[str]) -> str:
    if re.compile(_WORD).match(place.string, place.end()):
        return ""
    return re.split(r"[/\\]+", place[0].rstrip("/\\"))[-1]


def refusal(stopping: Collection[FindingRecord], strict: bool = False) -> DataError:
    """One error that lists refused findings, a line a kind, and what to do."""
    lines = ["the input cannot be used as it is; nothing has been written:"]
    for record in stopping:
        lines += [f"  {record.text()}", f"    what to do: {CHECKS[record.check].remedy}"]
    checks = [CHECKS[record.check] for record in stopping]
    ways = []
    if any(check.skippable for check in checks):
        ways.append("--skip-bad-pairs goes on without what is unusable")
    if names := sorted({c.name for c in checks if c.acceptable or c.outcome != "refuse"}):
        ways.append(f"--accept {','.join(names)} lets it through, recorded and marked")
    if strict:
        ways.append("without --strict warnings do not stop")
    return DataError("\n".join(lines) + (f"\n{'; '.join(ways)}." if ways else ""))
