"""What a profile will do, what its rows are made from, and its manifest."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fusionbench.files import digest, sha256_of
from fusionbench.manifest import DataSetRecord, Invocation, command_line, versions
from fusionbench.profiling.asking import Ask, ask
from fusionbench.profiling.inputs import Inputs
from fusionbench.profiling.records import (
    MANIFEST,
    SCHEMA,
    VARIANTS,
    ProfileManifest,
    Size,
    Variant,
    read_profiles,
)
from fusionbench.profiling.settings import ProfileSettings
from fusionbench.stages import Overwrite
from fusionbench.stages.preparing import Prepared

FOLDER = "profile"
"""Of a run, or of the folder that holds the tables."""

MEASURING = ("measuring", "memory", "modules", "scopes", "timing", "variants")
"""Modules of this package whose source decides what a number means."""


@dataclass(frozen=True)
class ProfilePlan:
    """Everything that will be measured, checked before anything is written.

    Attributes:
        prepared: The methods, in the order of the tables.
        settings: How they are measured.
        out: The profile folder; ``RUN/profile`` where it belongs to a run.
        dataset: Its first pair is what is fused; by default a synthetic scene.
        overwrite: What is measured again (see :data:`fusionbench.stages.Overwrite`).
        configuration: The command's choices, for the manifest.
        asking: How a request is answered: in a fresh process.
    """

    prepared: Sequence[Prepared]
    settings: ProfileSettings
    out: Path
    dataset: DataSetRecord | None = None
    overwrite: Overwrite = "changed"
    configuration: dict[str, Any] = field(default_factory=dict)
    asking: Ask = ask

    @property
    def variants(self) -> list[Variant]:
        """The variants in their order; ``fp32`` is always there, and first."""
        return [v for v in VARIANTS if v == "fp32" or v in self.settings.variants]

    @property
    def rows(self) -> int:
        """How many rows there can be."""
        return len(self.prepared) * len(self.settings.sizes) * len(self.variants)


def shuffled(names: Sequence[str], seed: int) -> list[str]:
    """Names in an order that the seed decides; the order they come in does not matter."""
    return random.Random(seed).sample(sorted(names), len(names))


def new_manifest(plan: ProfilePlan, machine: dict[str, Any]) -> ProfileManifest:
    """The manifest of a plan; one in the folder becomes ``earlier``, its methods stay."""
    records = {p.record.name: p.record for p in plan.prepared}
    earlier = []
    if (plan.out / MANIFEST).is_file():
        before, _ = read_profiles(plan.out)
        last = {name: getattr(before, name) for name in Invocation.model_fields}
        earlier = [*before.earlier, Invocation(**last)]
        records = {**{r.name: r for r in before.methods}, **records}
    return ProfileManifest(
        command=command_line(),
        configuration=plan.configuration,
        versions=versions(),
        hardware=machine,
        seed=plan.settings.seed,
        order=shuffled([p.record.name for p in plan.prepared], plan.settings.seed),
        settings=plan.settings.model_dump(mode="json"),
        methods=list(records.values()),
        earlier=earlier,
    )


def row_hash(
    plan: ProfilePlan,
    prepared: Prepared,
    machine: dict[str, Any],
    size: Size,
    variant: Variant,
    inputs: Inputs,
) -> str:
    """A hash of everything that a row is made from, the machine and the versions among it."""
    chosen = plan.settings.model_dump(mode="json", exclude={"sizes", "variants", "timeout_s"})
    sources = [sha256_of(Path(__file__).with_name(f"{name}.py")) for name in MEASURING]
    made_from = [SCHEMA, sources, prepared.record.fingerprint, chosen, machine, versions()]
    return digest([*made_from, str(size), variant, inputs.fingerprint])
