"""How much is measured: calls, seconds, threads, sizes and variants."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from fusionbench.engines import default_workers
from fusionbench.errors import FusionBenchError
from fusionbench.profiling.records import SCOPES, Measurement, Scope, Size, Variant


class Effort(BaseModel):
    """When a scope's warm-up and its measurement end.

    Attributes:
        warmup_calls, warmup_s: Both must be reached before the first sample of an image size.
        rewarm_calls: The warm-up of a process's later scopes, which run what is warm already.
        calls, seconds: The measurement ends with whichever is reached first ...
        least: ... but not before this many samples, so that there are quartiles.
        warmup_limit_s: A warm-up that takes this long ends all the same, and the row says so:
            ten calls of some classical methods take an hour.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    warmup_calls: int = Field(default=10, ge=1)
    warmup_s: float = Field(default=1.0, ge=0)
    rewarm_calls: int = Field(default=2, ge=1)
    calls: int = Field(default=100, ge=1)
    seconds: float = Field(default=3.0, ge=0)
    least: int = Field(default=5, ge=1)
    warmup_limit_s: float = Field(default=60.0, gt=0)

    def again(self) -> Effort:
        """The effort for a scope after the first."""
        return self.model_copy(update={"warmup_calls": self.rewarm_calls, "warmup_s": 0.0})


class ProfileSettings(BaseModel):
    """The choices of one ``fusionbench profile``.

    Attributes:
        sizes: Image sizes; each is measured alone and never averaged with another.
        variants: What is measured beside ``fp32``, which always comes first.
        scopes: What is timed.
        device: A torch device name.
        threads: CPU threads of torch, OpenCV and NumPy's linear algebra.
        seed: Shuffles the methods, and seeds torch and NumPy before each is loaded.
        count: Whether FLOPs are counted.
        compare_profiler: Whether CUDA-event times are compared with the profiler's (CUDA only).
        timeout_s: A process that takes longer loses its row.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sizes: tuple[Size, ...] = (Size(width=640, height=480),)
    variants: tuple[Variant, ...] = ("fp32",)
    scopes: tuple[Scope, ...] = SCOPES
    device: str = "cpu"
    threads: int = Field(default_factory=default_workers, ge=1)
    seed: int = 0
    effort: Effort = Effort()
    count: bool = True
    compare_profiler: bool = False
    timeout_s: float = Field(default=3600.0, gt=0)


def parse_size(text: str) -> Size:
    """``640x480`` as a size.

    Raises:
        FusionBenchError: It is not a width and a height of at least 32 pixels.
    """
    match = re.fullmatch(r"(\d{1,5})[xX×](\d{1,5})", text.strip())
    if match is None or min(map(int, match.groups())) < 32:
        raise FusionBenchError(
            f"--size {text}: expected WIDTHxHEIGHT of at least 32x32, such as 640x480"
        )
    return Size(width=int(match[1]), height=int(match[2]))


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
