"""The stages of a run in order: what ``fusionbench run`` and ``fusionbench score`` do."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fusionbench import console
from fusionbench.checks import CHECKS, FindingRecord, Findings
from fusionbench.checks.fused import Looks, judge_run
from fusionbench.citing import citation
from fusionbench.conventions import Column, convention_named
from fusionbench.datasets import DataSet, check_pairs
from fusionbench.engines import default_workers
from fusionbench.errors import FusionBenchError
from fusionbench.files import remove_leftovers
from fusionbench.locking import hold
from fusionbench.manifest import (
    ColumnRecord,
    DataSetRecord,
    Manifest,
    MethodRecord,
    command_line,
    hardware,
    versions,
)
from fusionbench.runs import Run
from fusionbench.stages import Overwrite, WrittenColour
from fusionbench.stages.fusing import fuse
from fusionbench.stages.preparing import Prepared
from fusionbench.stages.scoring import score


@dataclass(frozen=True)
class Plan:
    """Everything a run will do, resolved and checked before anything is written.

    Attributes:
        out: The run's folder.
        datasets: The pairs.
        columns: Metrics under their conventions.
        prepared: Methods to fuse with.
        collected: Methods whose images came from elsewhere.
        looks: What was seen of their images by method and pair.
        findings: What checks found in the pairs and images; none of it stops the run.
        accept, strict: What becomes of what checks find in the images that the run makes.
        configuration: The command's choices, for the manifest.
    """

    out: Path
    datasets: Sequence[DataSetRecord]
    columns: Sequence[Column]
    prepared: Sequence[Prepared] = ()
    collected: Sequence[MethodRecord] = ()
    looks: Looks = field(default_factory=dict)
    device: str = "cpu"
    colour: WrittenColour = "keep"
    overwrite: Overwrite = "changed"
    seed: int = 0
    batch: int = 1
    workers: int = field(default_factory=default_workers)
    findings: Sequence[FindingRecord] = ()
    accept: Collection[str] = ()
    strict: bool = False
    configuration: dict[str, Any] = field(default_factory=dict)

    @property
    def methods(self) -> list[MethodRecord]:
        """One record per row of the tables."""
        return [*(p.record for p in self.prepared), *self.collected]


def check_datasets(datasets: Sequence[DataSet], findings: Findings) -> list[DataSetRecord]:
    """Check the contents of every data set, with a progress bar (see :func:`check_pairs`).

    Raises:
        DataError: Something in any of them is refused; lists every kind.
    """
    records = []
    for dataset in datasets:
        findings.extend([*dataset.notes, *dataset.counted()], dataset=dataset.name)
        with console.progress(f"checking {dataset.name}", len(dataset.pairs)) as advance:
            records.append(check_pairs(dataset, findings, advance=advance))
    findings.settle()
    return records


def start(plan: Plan) -> Run:
    """Make the run's folder and write its manifest.

    Raises:
        FusionBenchError: The folder cannot be written, or another process works on it.
    """
    _make_writable(plan.out)
    hold(plan.out)
    remove_leftovers(plan.out)
    for name in {c.convention for c in plan.columns}:
        if warning := convention_named(name).warning:
            console.warn(f"convention {name}: {warning}")
    Manifest(
        command=command_line(),
        configuration=plan.configuration,
        versions=versions(),
        hardware=hardware(plan.device),
        datasets=list(plan.datasets),
        methods=plan.methods,
        columns=[column_record(column) for column in plan.columns],
        findings=list(plan.findings),
    ).write(plan.out)
    tell(plan.findings)
    return Run(plan.out)


def tell(findings: Sequence[FindingRecord]) -> None:
    """Show what checks found, a line a kind."""
    for finding in findings:
        say = console.note if finding.outcome == "note" else console.warn
        say(finding.text())


def column_record(column: Column) -> ColumnRecord:
    """A column as the manifest keeps it."""
    return ColumnRecord(
        metric=column.metric,
        convention=column.convention,
        better=column.card.better,
        params=dict(column.params),
        fingerprint=column.fingerprint(),
        citation=citation(column.card),
    )


def fuse_all(run: Run, plan: Plan) -> None:
    """Run the fuse stage for every method and data set."""
    for prepared in plan.prepared:
        for dataset in plan.datasets:
            what = f"fusing {dataset.name} with {prepared.record.name}"
            with console.progress(what, len(dataset.pairs)) as advance:
                fuse(
                    run,
                    prepared,
                    dataset,
                    colour=plan.colour,
                    overwrite=plan.overwrite,
                    seed=plan.seed,
                    batch=plan.batch,
                    accept_range="output-range" in plan.accept,
                    advance=advance,
                )


def score_all(run: Run, plan: Plan) -> None:
    """Run the score stage for every data set; says how fast it was."""
    for dataset in plan.datasets:
        begun = time.perf_counter()
        with console.progress(f"scoring {dataset.name}", len(dataset.pairs)) as advance:
            done = score(
                run,
                dataset,
                plan.methods,
                plan.columns,
                overwrite=plan.overwrite,
                workers=plan.workers,
                looks=plan.looks,
                advance=advance,
            )
        if done.images:
            seconds = time.perf_counter() - begun
            rate = f"{done.images / seconds:.1f} images a second"
            console.note(f"scored {done.images} images on {len(plan.columns)} columns, {rate}")
    _judge(run, plan)


def _judge(run: Run, plan: Plan) -> None:
    """Look at the images of each method together; what is found goes into the manifest."""
    findings = Findings(plan.accept, strict=plan.strict)
    judged = judge_run(run, plan.datasets, plan.methods, findings)
    before = list(run.manifest.findings)
    run.manifest.find_again(judged, findings)
    if run.manifest.findings != before:
        run.manifest.rewrite(run.root)
        tell([found for found in run.manifest.findings if found not in before])


def failures(run: Run) -> list[str]:
    """One line per cell of the tables that a failure took or thinned, newest rows only."""
    lines = [
        f"{found.text()}; {CHECKS[found.check].remedy}; or --accept {found.check}"
        for found in run.manifest.findings
        if found.stops and found.method
    ]
    for dataset in run.manifest.datasets:
        pairs = [pair.id for pair in dataset.pairs]
        for method in run.manifest.methods:
            lost = run.failures(dataset.name, method.name)
            lost_to = {method.name: {pair: lost[pair]["error"] for pair in pairs if pair in lost}}
            scores = run.scores(dataset.name, method.name)
            for pair in pairs:
                for column, text in scores.get(pair, {}).get("errors", {}).items():
                    lost_to.setdefault(f"{column} of {method.name}", {})[pair] = text
            for what, errors in lost_to.items():
                if errors:
                    pair, text = next(iter(errors.items()))
                    where = f"{len(errors)} of {len(pairs)} pairs of {dataset.name}"
                    lines.append(f"{what} failed on {where}; on {pair}: {text}")
    return lines


def _make_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        os.close(handle)
        Path(name).unlink()
    except OSError as error:
        raise FusionBenchError(
            f"cannot write to {folder}: {error.strerror}; name another --out"
        ) from error
