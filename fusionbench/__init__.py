"""fusionbench: benchmark and evaluation suite for infrared/visible image fusion.

The names below are the public API, and with :mod:`fusionbench.primitives` (what metrics are made
of) all that a plug-in may use: the built-in ones use nothing else. Everything else may move. They
are imported at first use, so that ``import fusionbench`` (and with it ``fusionbench --help``) costs
nothing.

``methods()``, ``metrics()``, ``detectors()``, ``datasets()`` and ``conventions()`` list what there
is, as frames; they are the modules of these names too.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from fusionbench import conventions, datasets, detectors, methods, metrics
    from fusionbench.api import dataset, load, run
    from fusionbench.boxes import Detections, Thresholds, Truths
    from fusionbench.cards import DetectorCard, MethodCard, MetricCard
    from fusionbench.checkpoints import (
        load_weights,
        plainly,
        read_checkpoint,
        read_weights,
        refuse_no_weights,
    )
    from fusionbench.errors import (
        DataError,
        FusionBenchError,
        FusionBenchWarning,
        UnknownNameError,
        WeightsError,
    )
    from fusionbench.files import replacing, sha256_of, user_cache, write_json, write_text
    from fusionbench.fuser import fuse, load_method
    from fusionbench.images import U8, luma, read_image, read_sources, write_png
    from fusionbench.manifest import DataSetRecord, PairRecord, hardware, versions
    from fusionbench.plugins import (
        Detector,
        Method,
        Setting,
        detector,
        method,
        metric,
        packaged_weights,
    )
    from fusionbench.scorer import Scorer, score
    from fusionbench.sources import Plane, Sources, Triple
    from fusionbench.training import TrainingRequest
    from fusionbench.weights import (
        KnownWeights,
        Weights,
        WeightsFinder,
        added_weights,
        find_published,
        known_weights,
        note_of_file,
        read_card,
        trained_pairs,
        user_file,
    )

__version__ = "0.1.0"

_HOMES = {
    "api": "dataset load run",
    "boxes": "Detections Thresholds Truths",
    "cards": "DetectorCard MethodCard MetricCard",
    "checkpoints": "load_weights plainly read_checkpoint read_weights refuse_no_weights",
    "errors": "DataError FusionBenchError FusionBenchWarning UnknownNameError WeightsError",
    "files": "replacing sha256_of user_cache write_json write_text",
    "fuser": "fuse load_method",
    "images": "U8 luma read_image read_sources write_png",
    "manifest": "DataSetRecord PairRecord hardware versions",
    "plugins": "Detector Method Setting detector method metric packaged_weights",
    "scorer": "Scorer score",
    "sources": "Plane Sources Triple",
    "training": "TrainingRequest",
    "weights": "KnownWeights Weights WeightsFinder added_weights find_published known_weights "
    "note_of_file read_card trained_pairs user_file",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}
_LISTINGS = ("conventions", "datasets", "detectors", "methods", "metrics")
_HOME_OF |= {name: name for name in _LISTINGS}

__all__ = [
    "U8",
    "DataError",
    "DataSetRecord",
    "Detections",
    "Detector",
    "DetectorCard",
    "FusionBenchError",
    "FusionBenchWarning",
    "KnownWeights",
    "Method",
    "MethodCard",
    "MetricCard",
    "PairRecord",
    "Plane",
    "Scorer",
    "Setting",
    "Sources",
    "Thresholds",
    "TrainingRequest",
    "Triple",
    "Truths",
    "UnknownNameError",
    "Weights",
    "WeightsError",
    "WeightsFinder",
    "added_weights",
    "conventions",
    "dataset",
    "datasets",
    "detector",
    "detectors",
    "find_published",
    "fuse",
    "hardware",
    "known_weights",
    "load",
    "load_method",
    "load_weights",
    "luma",
    "method",
    "methods",
    "metric",
    "metrics",
    "note_of_file",
    "packaged_weights",
    "plainly",
    "read_card",
    "read_checkpoint",
    "read_image",
    "read_sources",
    "read_weights",
    "refuse_no_weights",
    "replacing",
    "run",
    "score",
    "sha256_of",
    "trained_pairs",
    "user_cache",
    "user_file",
    "versions",
    "write_json",
    "write_png",
    "write_text",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'fusionbench' has no attribute '{name}'")
    home = importlib.import_module(f"fusionbench.{_HOME_OF[name]}")
    globals()[name] = value = home if name in _LISTINGS else getattr(home, name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


class _Listing(ModuleType):
    """A module that is also a function: called, it lists what it is named after."""

    def __call__(self) -> pd.DataFrame:
        """The cards as a frame: a row each, by name."""
        name = self.__name__.rpartition(".")[2]
        frame: pd.DataFrame = importlib.import_module("fusionbench.frames").cards(name)
        return frame


class _Package(ModuleType):
    """This package, which makes listings of its modules of those names as they are imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _LISTINGS and isinstance(value, ModuleType):
            value.__class__ = _Listing
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
