"""What ``profile/`` holds: one JSON file per method, and a manifest of the conditions.

``profile/<method>.json`` is a :class:`MethodProfile`: one :class:`Measurement` for each image size
and variant, every one of them measured in a process of its own. ``profile/manifest.json`` is a
:class:`ProfileManifest`. Times are milliseconds, memory is bytes. A time that a clock could not
take is null: ``device_ms`` is null wherever the wall clock alone was there (on a CPU).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from fusionbench.errors import FusionBenchError
from fusionbench.files import write_json
from fusionbench.manifest import Invocation, MethodRecord
from fusionbench.names import distinct

Light = Literal["green", "amber", "red"]


class Part(BaseModel):
    """A record that takes no field it does not know."""

    model_config = ConfigDict(extra="forbid")


class Stats(Part):
    """Statistics of samples, in milliseconds.

    Quantiles are interpolated linearly between order statistics (NumPy's default, Hyndman and
    Fan's type 7); ``iqr`` is the third quartile minus the first.
    """

    n: int
    median: float
    iqr: float
    p90: float
    min: float


class ScopeTimes(Part):
    """The time of one scope by both clocks, with every sample that the statistics are of.

    Attributes:
        wall_ms: ``perf_counter``, with the device synchronised before and after.
        device_ms: Events on the device's own clock; null on a CPU.
        wall_samples_ms, device_samples_ms: The samples, in the order they were taken.
        warmup_calls, warmup_s: Calls before the first sample, and how long they took.
        short: Why there were fewer calls than asked for; empty where there were not.
    """

    wall_ms: Stats
    device_ms: Stats | None
    wall_samples_ms: list[float]
    device_samples_ms: list[float] | None
    warmup_calls: int
    warmup_s: float
    short: str = ""


class Memory(Part):
    """Peak memory of loading and fusing (scope ``method``), in bytes.

    Attributes:
        allocated, reserved: CUDA: peaks of torch's allocator, weights included; null on a CPU.
        rss_growth: CPU: by how much the resident memory of the process rose above what it was
            before the method was loaded; null on CUDA.
        how: How ``rss_growth`` was measured, in words.
    """

    allocated: int | None = None
    reserved: int | None = None
    rss_growth: int | None = None
    how: str


class Snapshot(Part):
    """The device as it was observed at one moment; null is unknown. Nothing is ever set.

    Attributes:
        clock_mhz, memory_clock_mhz: The GPU's SM and memory clocks, or the fastest CPU core's.
        temperature_c, power_w: Of the GPU.
        throttle: Reasons for which the GPU slows down, but idleness and applied settings.
        other_processes: Other processes that compute on the GPU.
        load_average: Processes that run or wait, averaged over a minute (CPU).
    """

    clock_mhz: float | None = None
    memory_clock_mhz: float | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    throttle: list[str] | None = None
    other_processes: int | None = None
    load_average: float | None = None


class Watch(Part):
    """What was observed: after the warm-up, after the last sample, and in between.

    Attributes:
        other_cores: CPU cores that other processes kept busy, on average; null is unknown.
        stolen_cores: CPU cores that a hypervisor took away, on average; null is unknown.
        how: Where the observations came from, in words.
    """

    before: Snapshot
    after: Snapshot
    other_cores: float | None = None
    stolen_cores: float | None = None
    how: str


class Verdict(Part):
    """Whether a time can be trusted; the reasons are whole phrases, worst first."""

    light: Light
    reasons: list[str] = Field(default_factory=list)


class Deviation(Part):
    """The largest difference of a variant's output from the fp32 output of the same method.

    Attributes:
        absolute: Of the method's float output, clipped to [0, 1].
        levels: Of the 8-bit images that would be written, in levels of 255.
    """

    absolute: float
    levels: int


class ProfilerCheck(Part):
    """CUDA-event time against the sum of the kernels' times that ``torch.profiler`` saw.

    Attributes:
        kernel_ms: Sum of the kernels' times of one call of ``Method.fuse``, mean over ``calls``.
        event_ms: Mean CUDA-event time of the same number of calls, without the profiler.
    """

    kernel_ms: float
    event_ms: float
    calls: int


__all__ = [
    "Deviation",
    "DeviceKind",
    "Drift",
    "Light",
    "Measurement",
    "Memory",
    "MethodProfile",
    "ProfileManifest",
    "ProfilerCheck",
    "Scope",
    "ScopeTimes",
    "Size",
    "Snapshot",
    "Stats",
    "Variant",
    "Verdict",
    "Watch",
    "profile_path",
    "read_profile",
    "read_profiles",
    "write_record",
]

SCHEMA: Literal[1] = 1
MANIFEST = "manifest.json"

DeviceKind = Literal["cpu", "cuda"]
Scope = Literal["model", "method", "end_to_end", "transfer"]
Variant = Literal["fp32", "tf32", "amp", "channels-last", "compile"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
VARIANTS: tuple[Variant, ...] = get_args(Variant)


class Size(Part):
    """An image size in pixels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: int = Field(ge=1)
    height: int = Field(ge=1)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


class Measurement(Part):
    """One row: a method in one variant at one image size, or why there is none.

    Attributes:
        variant: ``fp32`` is the base; the others each change one thing.
        size: The images' size.
        images: What was fused, in words.
        hash: Of all that it was made from; decides what a later call skips.
        position: When the method was measured, from 0 (see the manifest's ``order``).
        device_kind, device_name, threads: Where; threads of the CPU in any case.
        load_ms: ``Method.load``.
        cold_start_ms: The first call of ``Method.fuse`` in a fresh process, by the wall clock; for
            ``compile`` the first compiled call, null for ``channels-last``.
        scopes: Times; a scope that the method does not have is absent.
        parameters: Those that took part in the call; null where no module ran.
        modules: Class names of the outermost modules that ran; the ``model`` scope is their time.
        flops: The fields of :class:`fusionbench.profiling.flops.FlopCount`; null where nothing is
            counted.
        flops_error: Why nothing could be counted; null where all went well.
        deviation: From fp32; null for fp32 itself.
        error, traceback: The failure that took the row; all the rest may then be missing.
        files: What a third party's code opened, ``[path, state]`` (see :mod:`fusionbench.opened`).
    """

    variant: Variant
    size: Size
    images: str
    hash: str
    position: int
    device_kind: DeviceKind
    device_name: str
    threads: int
    load_ms: float | None = None
    cold_start_ms: float | None = None
    scopes: dict[Scope, ScopeTimes] = Field(default_factory=dict)
    memory: Memory | None = None
    parameters: int | None = None
    modules: list[str] = Field(default_factory=list)
    flops: dict[str, Any] | None = None
    flops_error: str | None = None
    files: list[list[str | None]] = Field(default_factory=list)
    deviation: Deviation | None = None
    profiler: ProfilerCheck | None = None
    watch: Watch | None = None
    verdict: Verdict | None = None
    error: str | None = None
    traceback: str | None = None


class MethodProfile(Part):
    """``profile/<method>.json``: all measurements of one method."""

    schema_version: Literal[1] = SCHEMA
    method: str
    label: str
    family: str
    versions: dict[str, str]
    seed: int
    rows: list[Measurement] = Field(default_factory=list)

    def row(self, size: Size, variant: Variant) -> Measurement | None:
        """The measurement at a size in a variant, if there is one."""
        return next((r for r in self.rows if (r.size, r.variant) == (size, variant)), None)

    def put(self, row: Measurement) -> None:
        """Add a measurement in the place of an older one of the same size and variant."""
        self.rows = [r for r in self.rows if (r.size, r.variant) != (row.size, row.variant)]
        self.rows.append(row)
        self.rows.sort(
            key=lambda r: (r.size.width * r.size.height, str(r.size), VARIANTS.index(r.variant))
        )


class Drift(Part):
    """The first method's median wall time (fp32, scope ``method``), at first and again at last."""

    method: str
    size: Size
    first_ms: float
    again_ms: float

    @property
    def share(self) -> float:
        """How much slower (positive) it was at last, as a share of the first time."""
        return self.again_ms / self.first_ms - 1


class ProfileManifest(Invocation):
    """``profile/manifest.json``: the conditions, and every method in the folder.

    Attributes:
        seed: Of the order, and of torch and NumPy before each method is loaded.
        order: Methods as this command measured them; the first was measured again at the end.
        drift: How far that second time was from the first; null where nothing was measured.
        methods: Every method that has a file here, in the order of the tables.
    """

    schema_version: Literal[1] = SCHEMA
    seed: int
    order: list[str]
    settings: dict[str, Any]
    methods: list[MethodRecord]
    drift: Drift | None = None
    earlier: list[Invocation] = Field(default_factory=list)


def profile_path(folder: Path, method: str) -> Path:
    """Where the file of a method is, or would be."""
    return folder / f"{method}.json"


def write_record(path: Path, record: BaseModel) -> None:
    """Write a record as JSON, atomically."""
    write_json(path, record.model_dump(mode="json"))


def read_profile(path: Path) -> MethodProfile:
    """Read ``profile/<method>.json``.

    Raises:
        FusionBenchError: It cannot be read, or was written by another schema version.
    """
    try:
        return MethodProfile.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise FusionBenchError(f"{path} cannot be read as a profile: {error}") from error


def read_profiles(folder: Path) -> tuple[ProfileManifest, list[MethodProfile]]:
    """Read a profile folder: its manifest, and the methods in the manifest's order.

    Raises:
        FusionBenchError: The folder is not one, or a file in it cannot be read.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise FusionBenchError(
            f"{folder} holds no profile ({MANIFEST} is missing); `fusionbench profile` makes one"
        )
    try:
        manifest = ProfileManifest.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise FusionBenchError(f"{path} cannot be read as a profile: {error}") from error
    files = [profile_path(folder, record.name) for record in manifest.methods]
    profiles = [read_profile(file) for file in files if file.is_file()]
    labels = distinct(profile.label for profile in profiles)
    for profile, label in zip(profiles, labels, strict=True):
        profile.label = label
    return manifest, profiles
