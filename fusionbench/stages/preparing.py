"""Preparing methods for a run: selection, options, weights; all checked before any work starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fusionbench.citing import citation
from fusionbench.errors import FusionBenchError, WeightsError
from fusionbench.files import digest, sha256_of
from fusionbench.manifest import MethodRecord, WeightsRecord
from fusionbench.opened import Watch
from fusionbench.plugins import Method, Setting
from fusionbench.registry import METHODS, Entry
from fusionbench.stages.applying import FUSED_BY
from fusionbench.weights import WeightsFinder


@dataclass(frozen=True)
class Prepared:
    """A method ready to be loaded, and what the manifest says of it.

    Attributes:
        entry: Where it is registered; None for one that is not.
    """

    method: Method
    record: MethodRecord
    entry: Entry[type[Method]] | None = None

    def watch(self) -> Watch | None:
        """What notices the files that loading and fusing open; None where all are known."""
        return self.entry.watch() if self.entry else None


def prepare_methods(
    selector: str,
    *,
    weights: Sequence[str] = (),
    options: Sequence[str] = (),
    device: str = "cpu",
    finder: WeightsFinder | None = None,
) -> list[Prepared]:
    """Make the methods that a selector names.

    Args:
        selector: Names, globs and groups.
        weights: ``NAME=ORIGIN|FILE`` each.
        options: ``NAME.KEY=VALUE`` each.
        device: A torch device name.
        finder: Where weight files are looked for.

    Raises:
        FusionBenchError: An unknown name, option or value.
        WeightsError: Weights are missing; names all of them.
    """
    entries = METHODS.select(selector)
    asked = _assignments(weights, "--weights", "NAME=ORIGIN or NAME=FILE")
    set_options = _assignments(options, "--option", "NAME.KEY=VALUE")
    _only_selected([*asked, *(key.partition(".")[0] for key in set_options)], entries)
    base = Setting(device=device, finder=finder or WeightsFinder())
    prepared, missing = [], []
    for entry in entries:
        own = _own(set_options, entry.name)
        try:
            setting = replace(base, weights=asked.get(entry.name), options=own)
            prepared.append(_prepare(entry, setting))
        except WeightsError as error:
            missing.append(str(error))
    if missing:
        raise WeightsError("\n\n".join(missing))
    return prepared


def _prepare(entry: Entry[type[Method]], setting: Setting) -> Prepared:
    method = entry.plugin(setting)
    weights = method.weights()
    seen = weights.trained_on if weights else None
    made_from = [
        entry.name,
        entry.fingerprint,
        FUSED_BY,
        method.options,
        [weights.sha256, *map(sha256_of, weights.more)] if weights else None,
        setting.device.partition(":")[0],
    ]
    record = MethodRecord(
        name=entry.name,
        label=method.label,
        family=method.card.family,
        year=method.card.year,
        citation=citation(method.card),
        fingerprint=digest(made_from),
        options=method.options,
        changed_options={
            key: value
            for key, value in method.options.items()
            if value != method.card.options[key][0]
        },
        trained_on=list(method.card.training_data if seen is None else seen),
        trained_pairs={k: list(v) for k, v in weights.trained_pairs.items()} if weights else {},
        weights=weights
        and WeightsRecord(
            origin=weights.origin,
            file=weights.path.name,
            sha256=weights.sha256,
            note=weights.note,
        ),
    )
    return Prepared(method, record, entry)


def _assignments(texts: Sequence[str], flag: str, form: str) -> dict[str, str]:
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals or not value:
            raise FusionBenchError(f"{flag} {text}: expected {form}")
        found[key] = value
    return found


def _own(options: Mapping[str, str], name: str) -> dict[str, str]:
    return {k[len(name) + 1 :]: v for k, v in options.items() if k.startswith(f"{name}.")}


def _only_selected(names: Sequence[str], entries: Sequence[Entry[type[Method]]]) -> None:
    selected = {entry.name for entry in entries}
    for name in names:
        if name not in selected:
            METHODS.select(name)
            raise FusionBenchError(f"weights or an option for '{name}', which is not selected")
