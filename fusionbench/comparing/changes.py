"""What changed between runs: commands, versions, machines, methods, weights, images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fusionbench.comparing.agreeing import Agreed, Loaded, common_result
from fusionbench.manifest import DataSetRecord, Manifest, MethodRecord

SHORT = 12
NOTHING = "–"


@dataclass(frozen=True)
class Change:
    """One thing that is not the same in all runs, with what it is in each, by letter."""

    what: str
    values: dict[str, str]


def changes(runs: Sequence[Loaded], agreed: Agreed) -> list[Change]:
    """Everything that is recorded of the runs and differs between them, in the manifest's order.

    Of a method that only one run has, nothing is listed but its name.
    """
    facts = {run.letter: dict(_facts(run.manifest)) for run in runs}
    names = dict.fromkeys(name for known in facts.values() for name in known)
    found = []
    for what in names:
        values = {letter: known.get(what, NOTHING) for letter, known in facts.items()}
        if len(set(values.values())) > 1:
            found.append(Change(what, values))
    return [*found, *_methods(runs), *_images(runs, agreed)]


def _facts(manifest: Manifest) -> Iterator[tuple[str, str]]:
    yield "command", manifest.command
    if manifest.earlier:
        yield "earlier commands", "; ".join(earlier.command for earlier in manifest.earlier)
    yield "started", manifest.started
    for group in ("configuration", "versions", "hardware"):
        for key, value in getattr(manifest, group).items():
            if (group, key) == ("configuration", "out"):
                continue
            yield f"{group.removesuffix('s')} {key}", str(value)
    for dataset in manifest.datasets:
        yield from _of_dataset(dataset)


def _of_dataset(dataset: DataSetRecord) -> Iterator[tuple[str, str]]:
    of = f"data set {dataset.name}:"
    yield f"{of} split", dataset.split
    yield f"{of} pairs", str(len(dataset.pairs))
    yield f"{of} fingerprint", dataset.fingerprint[:SHORT]
    yield f"{of} left out as unusable", str(len(dataset.skipped))


def _methods(runs: Sequence[Loaded]) -> list[Change]:
    held: dict[str, dict[str, MethodRecord]] = {}
    for run in runs:
        for method in run.manifest.methods:
            held.setdefault(method.name, {})[run.letter] = method
    alone = {
        run.letter: ", ".join(
            method.label
            for of in held.values()
            for letter, method in of.items()
            if list(of) == [run.letter] == [letter]
        )
        or NOTHING
        for run in runs
    }
    found = [Change("methods only here", alone)] if len(set(alone.values())) > 1 else []
    for name, of in held.items():
        facts = {letter: dict(_of_method(method)) for letter, method in of.items()}
        for what in dict.fromkeys(w for known in facts.values() for w in known):
            values = {letter: known.get(what, NOTHING) for letter, known in facts.items()}
            if len(set(values.values())) > 1:
                padded = {run.letter: values.get(run.letter, NOTHING) for run in runs}
                found.append(Change(f"{name}: {what}", padded))
    return found


def _of_method(method: MethodRecord) -> Iterator[tuple[str, str]]:
    yield "fingerprint", method.fingerprint[:SHORT]
    for key, value in method.options.items():
        yield f"option {key}", value
    yield "trained on", ", ".join(method.trained_on) or NOTHING
    if method.weights is not None:
        yield "weights", method.weights.origin
        yield "weights file", method.weights.file
        yield "weights sha256", method.weights.sha256[:SHORT]
    yield "images", "brought from elsewhere" if method.fused else "made by the run"


def _images(runs: Sequence[Loaded], agreed: Agreed) -> list[Change]:
    """On how many pairs the fused images of a method are other files than in the first run."""
    found = []
    for common in agreed.datasets:
        for method in dict.fromkeys(m.name for run in runs for m in run.manifest.methods):
            results = {run.letter: common_result(run, common, method) for run in runs}
            sums = {
                letter: {i: row["fused"] for i, row in result.rows.items() if "fused" in row}
                for letter, result in results.items()
                if result is not None
            }
            found += _differing(f"{method}: fused images of {common.record.name}", runs, sums)
    return found


def _differing(what: str, runs: Sequence[Loaded], sums: dict[str, dict[str, str]]) -> list[Change]:
    if len(sums) < 2:
        return []
    first, *others = sums
    values = {run.letter: NOTHING for run in runs}
    for letter in others:
        both = [i for i in sums[first] if i in sums[letter]]
        different = sum(sums[first][i] != sums[letter][i] for i in both)
        if different:
            values[letter] = f"differ from {first}'s on {different} of {len(both)} pairs"
    return [Change(what, values)] if len(set(values.values())) > 1 else []
