"""The manifest: what every number of a run was made from."""

from __future__ import annotations

import contextlib
import json
import operator
import os
import platform
import sys
from collections.abc import Collection, Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from fusionbench.cards import Better
from fusionbench.checks import FindingRecord, Findings
from fusionbench.errors import FusionBenchError
from fusionbench.files import digest, write_json
from fusionbench.recipes import SOURCES, Recipe, Resized, Which, Window

SCHEMA: Literal[1] = 1
SOURCE_FAMILY = "source"
"""The family of the methods that give a source image back."""
CPUINFO = Path("/proc/cpuinfo")
PACKAGES = ("numpy", "opencv-python", "scipy", "torch", "PyWavelets", "pandas", "scikit-image")


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PairRecord(_Record):
    """One pair: its files, their checksums, and what is done to them when they are read.

    ``ir_window`` and ``vis_window`` are the values of the file that become 0 and 255, where a range
    was stated; ``resized`` is the source that is brought to ``size``, its partner's width and
    height. They are left out of the file where a source is used as it is.
    """

    id: str
    ir: str
    vis: str
    ir_sha256: str
    vis_sha256: str
    ir_window: Window | None = None
    vis_window: Window | None = None
    resized: Resized = ""
    size: tuple[int, int] | None = None

    def recipe(self, which: Which) -> Recipe:
        """What is done to one of the files."""
        window = self.ir_window if which == "ir" else self.vis_window
        return Recipe(window, self.size if self.resized == which else None)

    @property
    def content(self) -> list[object]:
        """What numbers of the pair are made from: the checksums, and recipes where there are."""
        recipes = [[which, *self.recipe(which).content] for which in SOURCES]
        return [self.ir_sha256, self.vis_sha256, *(found for found in recipes if len(found) > 1)]

    @model_serializer(mode="wrap")
    def _without_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in dump(self).items() if value not in (None, "")}


def fingerprint_of(pairs: Iterable[PairRecord]) -> str:
    """What the pairs of a data set hold, in their order."""
    return digest([[pair.id, *pair.content] for pair in pairs])


class DataSetRecord(_Record):
    """One data set as it was used: the pairs, in order, and a fingerprint over their contents."""

    name: str
    title: str
    split: str
    folder: str
    home: str
    terms: str
    fingerprint: str
    pairs: list[PairRecord]
    skipped: list[str] = Field(default_factory=list)


class WeightsRecord(_Record):
    """The weights that a method ran with."""

    origin: str
    file: str
    sha256: str
    note: str


class Citation(_Record):
    """The paper of a method or a metric: its BibTeX key and entry, and one line of text."""

    key: str
    bibtex: str
    text: str


class MethodRecord(_Record):
    """One row of the tables.

    ``changed_options`` are the options that differ from the method's defaults.
    ``trained_on`` names data sets, or splits as ``MSRS/train``; ``trained_pairs`` ids of pairs by
    data set. ``fused`` maps a data set to the
    images of each pair where they came from elsewhere (``score --fused``); it is empty where this
    run made them.
    """

    name: str
    label: str
    family: str
    year: int | None = None
    citation: Citation | None = None
    fingerprint: str
    options: dict[str, str] = Field(default_factory=dict)
    changed_options: dict[str, str] = Field(default_factory=dict)
    trained_on: list[str] = Field(default_factory=list)
    trained_pairs: dict[str, list[str]] = Field(default_factory=dict)
    weights: WeightsRecord | None = None
    fused: dict[str, dict[str, str]] = Field(default_factory=dict)

    @property
    def cite(self) -> str:
        """The BibTeX key of its paper; empty where it has none."""
        return self.citation.key if self.citation else ""

    @property
    def is_source(self) -> bool:
        """Whether the row is a source image itself; those are shown and never ranked."""
        return self.family == SOURCE_FAMILY


class ColumnRecord(_Record):
    """One metric under one convention."""

    metric: str
    convention: str
    better: Better
    params: dict[str, Any]
    fingerprint: str
    citation: Citation | None = None


class Invocation(_Record):
    """One command that worked on a run: what was typed, when, with what, on which machine."""

    command: str
    started: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    configuration: dict[str, Any]
    versions: dict[str, str]
    hardware: dict[str, Any]


class Manifest(Invocation):
    """A run in one file; written before the work starts.

    The command that wrote it stands at the top; ``earlier`` holds those before it, whose results
    may still be there. ``findings`` is what checks found in what the tables are made from.
    """

    schema_version: Literal[1] = SCHEMA
    earlier: list[Invocation] = Field(default_factory=list)
    datasets: list[DataSetRecord]
    methods: list[MethodRecord]
    columns: list[ColumnRecord]
    findings: list[FindingRecord] = Field(default_factory=list)

    def write(self, root: Path) -> None:
        """Write ``manifest.json`` into the run's folder; a manifest there becomes ``earlier``."""
        if (before := _before(root)) is not None:
            self.earlier = [*before.earlier, before.invocation()]
        self.rewrite(root)

    def rewrite(self, root: Path) -> None:
        """Write it again: the command that it stands for is the same."""
        write_json(root / "manifest.json", self.model_dump(mode="json"))

    def find_again(self, judged: Collection[tuple[str, str, str]], found: Findings) -> None:
        """Replace what the named checks had found; what was accepted before stays accepted.

        Args:
            judged: Check, data set and method of what was looked at again.
            found: What there is now.
        """
        key = operator.attrgetter("check", "dataset", "method")
        accepted = {key(record) for record in self.findings if record.resolution == "accepted"}
        kept = [record for record in self.findings if key(record) not in judged]
        self.findings = kept + [
            record.model_copy(update={"resolution": "accepted"})
            if record.stops and key(record) in accepted
            else record
            for record in found.records
        ]

    def invocation(self) -> Invocation:
        """The command that wrote this manifest."""
        return Invocation(**{name: getattr(self, name) for name in Invocation.model_fields})

    @classmethod
    def read(cls, root: Path) -> Manifest:
        """Read a run's manifest.

        Raises:
            FusionBenchError: The folder is not a run, or was written by another schema version.
        """
        path = root / "manifest.json"
        if not path.is_file():
            raise FusionBenchError(
                f"{root} is not a run: it holds no manifest.json. "
                "`fusionbench run` and `fusionbench score` make runs"
            )
        try:
            return cls.model_validate(_facts(path))
        except ValidationError as error:
            first, *more = error.errors()
            where = ".".join(map(str, first["loc"]))
            rest = f" (and {len(more)} more)" if more else ""
            raise FusionBenchError(
                f"{path} is not the manifest of a run: {where}: {first['msg']}{rest}"
            ) from error


def _before(root: Path) -> Manifest | None:
    """The manifest that is there; None for none, and for one that a killed process cut short."""
    path = root / "manifest.json"
    if not path.is_file() or not path.read_bytes().strip():
        return None
    return Manifest.read(root)


def _facts(path: Path) -> dict[str, Any]:
    """What a manifest's file holds.

    Raises:
        FusionBenchError: It is no JSON object, or of another schema version.
    """
    try:
        facts = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        what = f"{error}" if path.stat().st_size else "the file is empty"
        raise FusionBenchError(
            f"{path} cannot be read: {what}. The command that made the run writes it anew"
        ) from error
    if not isinstance(facts, dict):
        raise FusionBenchError(f"{path} is not the manifest of a run: expected a JSON object")
    version = facts.get("schema_version", SCHEMA)
    if version != SCHEMA:
        newer = isinstance(version, int) and version > SCHEMA
        raise FusionBenchError(
            f"{path} has schema version {version}, this fusionbench reads {SCHEMA}: "
            + ("it was written by a newer one; upgrade" if newer else "it cannot be read")
        )
    return facts


def versions() -> dict[str, str]:
    """Versions of Python, this package and the packages that numbers depend on."""
    found = {"python": platform.python_version(), "fusionbench": metadata.version("fusionbench")}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def hardware(device: str) -> dict[str, Any]:
    """The machine in words; the GPU's name where one is used."""
    facts: dict[str, Any] = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "device": device,
    }
    if device.startswith("cuda"):
        import torch

        facts["gpu"] = torch.cuda.get_device_name(device)
        facts["cuda"] = torch.version.cuda
    return facts


def _processor() -> str:
    with contextlib.suppress(OSError):  # Linux alone has the file
        for line in CPUINFO.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


called: ContextVar[str] = ContextVar("called", default="")
"""The call of a program that is being carried out, in place of a command."""


def command_line() -> str:
    """The command as it was typed, without the folder of the program; or a program's call."""
    import shlex

    return called.get() or shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
