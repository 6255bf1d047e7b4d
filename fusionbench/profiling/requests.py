"""What a driver asks of one fresh process, and what it gets back."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from fusionbench.profiling.records import Measurement, Size, Variant
from fusionbench.profiling.settings import ProfileSettings


class Request(BaseModel):
    """One measurement: a method, a size and a variant.

    Attributes:
        method, weights, options, weights_folders: How the method is made.
        settings: What is measured; its sizes and variants are not looked at.
        images: What the two files show, in words.
        device_name: Of the device, for the row of a failure.
        hash, position: For the row.
        work: A folder for the reply and for the saved image.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str
    weights: str | None = None
    options: dict[str, str] = Field(default_factory=dict)
    weights_folders: tuple[Path, ...] = ()
    settings: ProfileSettings
    size: Size
    variant: Variant = "fp32"
    images: str
    ir: Path
    vis: Path
    device_name: str = ""
    hash: str
    position: int
    work: Path

    def failed(self, error: str, traceback: str | None) -> Measurement:
        """The row of a failure."""
        row = self.row(self.device_name)
        return row.model_copy(update={"error": error, "traceback": traceback})

    def row(self, device_name: str) -> Measurement:
        """The row with nothing measured yet."""
        settings = self.settings
        return Measurement(
            variant=self.variant,
            size=self.size,
            images=self.images,
            hash=self.hash,
            position=self.position,
            device_kind="cuda" if settings.device.startswith("cuda") else "cpu",
            device_name=device_name,
            threads=settings.threads,
        )


class Reply(BaseModel):
    """What came of a request: a row, or why there is none.

    Attributes:
        row: The measurement or the failure.
        on_host: The method computes on the CPU although it was given a GPU: ask again with the CPU.
        no_model: A variant was asked for, and the method runs no module that it could change.
    """

    model_config = ConfigDict(extra="forbid")

    row: Measurement | None = None
    on_host: bool = False
    no_model: bool = False
