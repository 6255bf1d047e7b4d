"""What a command was asked for: its options, typed, in one object."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusionbench.cli.options import Colour, Overwrite

if TYPE_CHECKING:
    from fusionbench.checks import Findings
    from fusionbench.recipes import Reading


@dataclass(frozen=True, kw_only=True)
class Request:
    """The options of ``run``, ``fuse`` and ``score``; a command sets those it has."""

    methods: str = ""
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
    colour: Colour = Colour.keep
    weights: list[str] | None = None
    weights_dir: Path | None = None
    download: bool = False
    option: list[str] | None = None
    overwrite: Overwrite = Overwrite.changed
    skip_bad_pairs: bool = False
    accept: list[str] | None = None
    strict: bool = False
    wait: bool = False
    workers: int | None = None
    seed: int = 0
    batch: int = 1
    figures: bool = True
    html: bool = True
    detect: bool = False
    detector: list[str] | None = None
    labels: str | None = None
    profile: bool = False
    run: Path | None = None
    fused: Path | None = None
    name: str | None = None
    plugin: list[Path] | None = None

    def findings(self) -> Findings:
        """An empty collection of findings, with what the user lets through."""
        return findings_for(self.accept, strict=self.strict, skip_bad=self.skip_bad_pairs)

    def reading(self) -> Reading:
        """How sources are to be made 8-bit and of one size."""
        from fusionbench.recipes import parse_reading

        return parse_reading(self.ir_range, self.vis_range, self.resize)

    def recorded(self) -> dict[str, Any]:
        """The options that differ from the defaults, as JSON holds them."""
        plain = Request()
        return {
            key: _plain(value)
            for key, value in asdict(self).items()
            if value != getattr(plain, key)
        }


def findings_for(accept: list[str] | None, *, strict: bool, skip_bad: bool) -> Findings:
    """An empty collection of findings for the options of a command.

    Raises:
        FusionBenchError: ``accept`` names no check, or one whose input cannot be let through.
    """
    from fusionbench.checks import Findings

    names = [name.strip() for text in accept or () for name in text.split(",")]
    return Findings(filter(None, names), strict=strict, skip_bad=skip_bad)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path | Colour | Overwrite) else value
