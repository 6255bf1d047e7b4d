"""Finding a detector's weights: a published name, or a file that the user names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from fusionbench import (
    Detector,
    KnownWeights,
    WeightsError,
    WeightsFinder,
    known_weights,
    note_of_file,
    refuse_no_weights,
    sha256_of,
    user_cache,
)
from fusionbench import Weights as FoundWeights


class FileDetector(Detector):
    """A detector whose weights are one file: a published one, or the user's.

    Attributes:
        published: How tables call each published file, by its name in ``configs/weights.yaml``;
            the first is the default.
        shared_version: Raised with any change in the modules ``_*`` that may change boxes.
    """

    shared_version = 1
    published: ClassVar[Mapping[str, str]]

    @cached_property
    def found(self) -> FoundWeights:
        """The file, looked for once."""
        asked = self.setting.weights or next(iter(self.published))
        return find_weights(self.card.name, asked, self.published, self.setting.finder)

    @property
    def label(self) -> str:
        """The published title of the weights, or the user's file."""
        return title_of(self.found, self.published)

    def weights(self) -> FoundWeights:
        """The file after the colon, or the published one.

        Raises:
            WeightsError: It is not there; the message says what to do.
        """
        return self.found


def find_weights(
    detector: str, asked: str, names: Mapping[str, str], finder: WeightsFinder
) -> FoundWeights:
    """The weights of a detector.

    Args:
        detector: Its name, for messages.
        asked: The path of a file; or one of ``names``, with or without the file's suffix.
        names: The published weights that the detector can use, by their name in
            ``configs/weights.yaml``, and how tables call them.
        finder: Looks published files up by their checksum.

    Raises:
        WeightsError: They are not there; the message says what to do.
    """
    path = Path(asked).expanduser()
    if path.is_file():
        return _named_file(path, names)
    known = {name: known_weights(name) for name in names}
    chosen = [w for name, w in known.items() if asked in (name, w.file)]
    if not chosen:
        raise WeightsError(
            f"--detector {detector}:{asked}: there is no such file, and no such published weights; "
            f"published are {', '.join(w.file for w in known.values())}. Download other weights "
            f"yourself and give their path: --detector {detector}:FILE"
        )
    found = finder.find(chosen[0])
    if found is None:
        raise _missing(detector, chosen[0])
    return FoundWeights(chosen[0].origin, found, chosen[0].sha256, chosen[0].note)


def title_of(weights: FoundWeights, names: Mapping[str, str]) -> str:
    """How tables call these weights: by their published title, else by the file's name."""
    titles = {known_weights(name).sha256: title for name, title in names.items()}
    return titles.get(weights.sha256, weights.path.name)


def _named_file(path: Path, names: Mapping[str, str]) -> FoundWeights:
    refuse_no_weights(path)
    sha256 = sha256_of(path)
    for known in map(known_weights, names):
        if known.sha256 == sha256:
            return FoundWeights(known.origin, path, sha256, known.note)
    return FoundWeights("file", path, sha256, note_of_file(path, sha256), trained_on=())


def _missing(detector: str, known: KnownWeights) -> WeightsError:
    fetch = f"`fusionbench weights fetch {known.name}` downloads it, as does --download. "
    return WeightsError(
        f"detector '{detector}' needs {known.file} ({known.bytes:,} bytes, sha256 {known.sha256}; "
        f"{known.licence}), which was not found.\n"
        f"It is published at {known.source}. {fetch if known.url else ''}"
        f"Put it in a folder named by --weights-dir or FUSIONBENCH_WEIGHTS or in "
        f"{user_cache('weights')}, or name another file with --detector {detector}:FILE"
    )
