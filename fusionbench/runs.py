"""A run is a folder; this is its map."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fusionbench.labelling import distinct
from fusionbench.manifest import DataSetRecord, Manifest, MethodRecord, PairRecord
from fusionbench.names import check_path
from fusionbench.rows import Row, latest


@dataclass(frozen=True)
class Run:
    """Paths and rows of one run folder.

    ``fused/<dataset>/<method>/<pair>.png`` and ``fused/<dataset>/<method>.jsonl`` come from the
    fuse stage, ``scores/<dataset>/<method>.jsonl`` from the score stage, the rest from the report.
    A name that would lead out of the folder raises :class:`~fusionbench.errors.FusionBenchError`.
    """

    root: Path

    @cached_property
    def manifest(self) -> Manifest:
        """What the run was made from; its methods' labels are told apart."""
        manifest = Manifest.read(self.root)
        labels = distinct(method.label for method in manifest.methods)
        for method, label in zip(manifest.methods, labels, strict=True):
            method.label = label
        return manifest

    @classmethod
    def holding(cls, root: Path, manifest: Manifest) -> Run:
        """The run of a folder as if its manifest were this one."""
        run = cls(root)
        run.__dict__["manifest"] = manifest
        return run

    def fused_rows(self, dataset: str, method: str) -> Path:
        """Rows ``{pair, hash, sha256, seconds}`` or ``{pair, hash, error, traceback}``."""
        return self._below("fused", dataset, method, suffix=".jsonl")

    def score_rows(self, dataset: str, method: str) -> Path:
        """Rows ``{pair, fused, hash, values, errors}``; the last three are keyed by column."""
        return self._below("scores", dataset, method, suffix=".jsonl")

    def fused_image(self, dataset: DataSetRecord, method: MethodRecord, pair: PairRecord) -> Path:
        """The fused image of one pair, made here or brought from elsewhere."""
        brought = method.fused.get(dataset.name)
        if brought is not None:
            return Path(brought[pair.id])
        return self._below("fused", dataset.name, method.name, pair.id, suffix=".png")

    def _below(self, *names: str, suffix: str) -> Path:
        *folders, last = (check_path(name, "name") for name in names)
        return self.root.joinpath(*folders, last + suffix)

    def has_image(self, dataset: DataSetRecord, method: MethodRecord, pair: PairRecord) -> bool:
        """Whether a fused image is meant to be there for the pair."""
        brought = method.fused.get(dataset.name)
        return brought is None or pair.id in brought

    def failures(self, dataset: str, method: str) -> dict[str, Row]:
        """Pairs on which the method failed, with the row that says how."""
        rows = latest(self.fused_rows(dataset, method))
        return {pair: row for pair, row in rows.items() if "error" in row}

    def scores(self, dataset: str, method: str) -> dict[str, Row]:
        """The newest score row of every pair."""
        return latest(self.score_rows(dataset, method))
