"""What a suite's YAML file may hold, and errors that name the line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from fusionbench.choosing import Choice
from fusionbench.errors import FusionBenchError, UnknownNameError
from fusionbench.files import packaged
from fusionbench.names import fault_of
from fusionbench.recipes import Reading, Resized, parse_reading
from fusionbench.stages import WrittenColour
from fusionbench.tables.style import MOST_DECIMALS, Layout, Marks, Order, TableStyle
from fusionbench.yamls import compose_yaml, load_yaml

Step = str | int


def _text_as(field: str) -> BeforeValidator:
    """A plain text stands for an object with this field."""
    return BeforeValidator(lambda given: {field: given} if isinstance(given, str) else given)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SuiteData(_Part):
    """A data set: its split, and which of its pairs. A plain text is its name.

    ``pairs`` is a file of ids, relative to the suite's file; ``limit`` takes the first pairs;
    ``labels`` names the label set of the detection. ``ir_range``, ``vis_range`` and ``resize`` are
    as the options of ``fusionbench run``.
    """

    name: str
    split: str = ""
    pairs: Path | None = None
    limit: int | None = Field(default=None, ge=1)
    labels: str = ""
    ir_range: str = ""
    vis_range: str = ""
    resize: Resized = ""

    @property
    def reading(self) -> Reading:
        """How its files are made 8-bit and of one size."""
        return parse_reading(self.ir_range, self.vis_range, self.resize)

    @model_validator(mode="after")
    def _ranges_can_be_read(self) -> SuiteData:
        try:
            parse_reading(self.ir_range, self.vis_range, self.resize)
        except FusionBenchError as error:
            raise ValueError(str(error)) from error
        return self


class SuiteMethod(_Part):
    """One row of the tables: a method with weights and options, under a name of its own.

    A plain text is a selector as on the command line (``select``), and may give several rows.
    """

    select: str = ""
    method: str = ""
    name: str = ""
    label: str = ""
    weights: str = ""
    options: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_one_thing(self) -> SuiteMethod:
        if bool(self.select) == bool(self.method):
            raise ValueError("expected `method`, or a selector alone")
        return self

    @model_validator(mode="after")
    def _name_is_usable(self) -> SuiteMethod:
        if set(self.name) & set(", *?[]=@/\\") or self.name.startswith(("-", ".")):
            raise ValueError(f"name '{self.name}' holds a character that selectors use")
        if self.name and (fault := fault_of(self.name)):
            raise ValueError(f"name '{self.name}' cannot be a file's: {fault}")
        return self


class SuiteDetection(_Part):
    """Detection on the fused images: see ``fusionbench detect``."""

    detectors: tuple[str, ...] = ("yolox-nano",)
    score: float = 0.001
    overlap: float = 0.7
    most: int = 300
    resamples: int = 1000


class SuiteProfile(_Part):
    """Time, FLOPs and memory of the suite's methods: see ``fusionbench profile``."""

    sizes: tuple[str, ...] = ("640x480",)
    seconds: float = 3.0
    calls: int = 100


class SuiteReport(_Part):
    """How the tables look, and what is shown in them: see ``fusionbench report``."""

    layout: Layout = "single"
    marks: Marks = "bold-underline"
    std: bool = False
    decimals: int | None = Field(default=None, ge=0, le=MOST_DECIMALS)
    ours: str = ""
    order: Order = "given"
    side_by_side: bool = False
    methods: str = ""
    metrics: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    sources: bool = True

    @property
    def choice(self) -> Choice:
        """Which rows and columns are shown, under which names."""
        labels = [f"{name}={label}" for name, label in self.labels.items()]
        return Choice(
            methods=self.methods, metrics=self.metrics, labels=labels, sources=self.sources
        )

    @property
    def style(self) -> TableStyle:
        """How tables look."""
        return TableStyle(
            layout=self.layout,
            marks=self.marks,
            std=self.std,
            decimals=self.decimals,
            ours=self.ours,
            order=self.order,
            side_by_side=self.side_by_side,
        )


class Suite(_Part):
    """Methods × data sets × metrics, and what is to be made of them.

    Attributes:
        name: Names the folder of the results.
        title: What it is about.
        datasets: Data sets, by name or with split and pairs.
        methods: Selectors as on the command line, or rows of their own.
        metrics, conventions: As ``--metrics`` and ``--convention``.
        colour, seed, batch: As the options of ``fusionbench run``.
        detection, profile: Left out where they are not named.
        report: How the tables look.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    title: str = ""
    datasets: tuple[Annotated[SuiteData, _text_as("name")], ...] = Field(min_length=1)
    methods: tuple[Annotated[SuiteMethod, _text_as("select")], ...] = Field(min_length=1)
    metrics: str = "core"
    conventions: str = "standard"
    colour: WrittenColour = "keep"
    seed: int = 0
    batch: int = Field(default=1, ge=1)
    detection: SuiteDetection | None = None
    profile: SuiteProfile | None = None
    report: SuiteReport = SuiteReport()


def shipped_suites() -> dict[str, Path]:
    """The suites of ``configs/suites`` by name."""
    return {path.stem: path for path in sorted(packaged("suites").glob("*.yaml"))}


def find_suite(text: str) -> Path:
    """The file of a suite: a path, or the name of one that ships.

    Raises:
        UnknownNameError: It is neither.
    """
    shipped = shipped_suites()
    if text in shipped:
        return shipped[text]
    path = Path(text)
    if not path.is_file():
        raise UnknownNameError("suite", text, shipped, "fusionbench suite --list")
    return path


def read_suite(path: Path) -> Suite:
    """Read a suite.

    Raises:
        FusionBenchError: It is not YAML, or a field is wrong; every error names its line.
    """
    try:
        text = path.read_text("utf-8")
        tree = compose_yaml(text, path)
        return Suite.model_validate(load_yaml(text, path))
    except (OSError, UnicodeDecodeError) as error:
        raise FusionBenchError(f"{path}: {error}") from error
    except ValidationError as error:
        lines = [_said(path, tree, found) for found in error.errors()]
        raise FusionBenchError("\n".join(dict.fromkeys(lines))) from error


def _said(path: Path, tree: yaml.Node | None, error: Any) -> str:
    """``file:line: field: what is wrong``."""
    steps = list(error["loc"])
    field = ".".join(map(str, steps)) or "the file"
    return f"{path}:{_line(tree, steps)}: {field}: {error['msg']}"


def _line(node: yaml.Node | None, steps: list[Step]) -> int:
    """The line of the deepest node on the way that is there."""
    line = node.start_mark.line + 1 if node else 1
    for step in steps:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == step]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
            continue
        else:
            break
        line = node.start_mark.line + 1
    return line
