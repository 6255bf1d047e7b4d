"""Data sets: layouts as YAML, fail-closed pairing, content checks and fingerprints."""

from fusionbench.datasets.catalogue import DataSetCard, dataset_named, load_datasets
from fusionbench.datasets.checking import check_pairs
from fusionbench.datasets.opening import DataSet, open_dataset, open_folders
from fusionbench.datasets.pairing import Pair

__all__ = [
    "DataSet",
    "DataSetCard",
    "Pair",
    "check_pairs",
    "dataset_named",
    "load_datasets",
    "open_dataset",
    "open_folders",
]
