"""What is asked for: the options of the commands, typed, in one object.

The command line, suites and programs fill a :class:`Request` and hand it to
:mod:`fusionbench.planning`. Importing this module costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from fusionbench.detection import Protocol
from fusionbench.selecting import listed
from fusionbench.stages import Overwrite, WrittenColour

if TYPE_CHECKING:
    from fusionbench.checks import Findings
    from fusionbench.recipes import Reading
    from fusionbench.weights import WeightsFinder

METHODS = "cmtfusion,baselines"
METRICS = "core"
CONVENTION = "standard"
DATASET = "sample"
DETECTOR = "yolox-nano"
"""What is taken where nothing is named."""
COUNTS = ("limit", "workers", "batch", "max_det", "epochs", "train_batch", "bootstrap")
"""Options that are 1 at least."""


def joined(names: str | Sequence[str]) -> str:
    """Names as one option holds them, comma-separated."""
    return names if isinstance(names, str) else ",".join(names)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for: the options of ``run``, ``fuse``, ``score``, ``detect`` and ``suite``.

    Each attribute is the option of that name (``fusionbench run --help``); what a command has no
    option for keeps its default.
    """

    methods: str = ""
    plugin: list[Path] | None = None
    dataset: str | None = None
    data_root: Path | None = None
    split: str | None = None
    ir: Path | None = None
    vis: Path | None = None
    ir_range: str | None = None
    vis_range: str | None = None
    resize: str | None = None
    pairs: Path | None = None
    limit: int | None = None
    metrics: str = ""
    convention: str = ""
    out: Path | None = None
    device: str = "cpu"
    colour: WrittenColour = "keep"
    weights: list[str] | None = None
    weights_dir: Path | None = None
    download: bool = False
    option: list[str] | None = None
    label: list[str] | None = None
    overwrite: Overwrite = "changed"
    skip_bad_pairs: bool = False
    accept: list[str] | None = None
    strict: bool = False
    wait: bool = False
    workers: int | None = None
    seed: int = 0
    batch: int = 1
    figures: bool = True
    html: bool = True
    profile: bool = False
    run: Path | None = None
    fused: Path | None = None
    name: str | None = None
    detect: bool = False
    detector: list[str] | None = None
    labels: str | None = None
    conf: float = 0.001
    iou: float = 0.7
    max_det: int = 300
    protocol: Protocol = "frozen"
    epochs: int = 30
    train_size: int = 640
    train_batch: int = 16
    bootstrap: int = 1000

    def __post_init__(self) -> None:
        from fusionbench.errors import FusionBenchError

        for name in COUNTS:
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise FusionBenchError(f"{name} {getattr(self, name)}: expected 1 or more")

    def findings(self) -> Findings:
        """An empty collection of findings, with what the user lets through.

        Raises:
            FusionBenchError: ``accept`` names no check, or one whose input cannot be let through.
        """
        from fusionbench.checks import Findings

        names = [name for text in self.accept or () for name in listed(text)]
        return Findings(names, strict=self.strict, skip_bad=self.skip_bad_pairs)

    def reading(self) -> Reading:
        """How sources are to be made 8-bit and of one size."""
        from fusionbench.recipes import parse_reading

        return parse_reading(self.ir_range, self.vis_range, self.resize)

    def root(self) -> Path | None:
        """The folder that holds data sets."""
        from fusionbench.settings import data_root

        return data_root(self.data_root)

    def finder(self) -> WeightsFinder:
        """Where weight files are looked for."""
        from fusionbench.settings import weights_folders
        from fusionbench.weights import WeightsFinder

        return WeightsFinder(weights_folders(self.weights_dir), download=self.download)

    def recorded(self) -> dict[str, Any]:
        """The options that differ from the defaults, as JSON holds them."""
        plain = asdict(type(self)())
        asked = {key: value for key, value in asdict(self).items() if value != plain[key]}
        return {key: _plain(value) for key, value in asked.items()}

    def with_plugins(self) -> Self:
        """The same, once the plug-ins that it names are known.

        Raises:
            FusionBenchError: A plug-in is not there, or fails to import.
        """
        from fusionbench.registry import add_plugin_files

        add_plugin_files(self.plugin or ())
        return self


@dataclass(frozen=True, kw_only=True)
class ProfileRequest(Request):
    """The options of ``profile``."""

    size: list[str] | None = None
    scope: list[str] | None = None
    threads: int | None = None
    calls: int = 100
    seconds: float = 3.0
    amp: bool = False
    tf32: bool = False
    channels_last: bool = False
    compile: bool = False
    timeout: float = 3600.0
    compare_profiler: bool = False
    check: bool = False


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
