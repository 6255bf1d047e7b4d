"""Reading the YAML files that ship in ``configs/``."""

from __future__ import annotations

from importlib import resources
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from fusionbench.errors import FusionBenchError


class Named(BaseModel):
    """What every file of a folder is: something with a name."""

    name: str


M = TypeVar("M", bound=Named)


def read_folder(folder: str, model: type[M]) -> dict[str, M]:
    """Every ``configs/<folder>/*.yaml`` as a model, by its ``name``, in the files' order.

    Raises:
        FusionBenchError: A file is not valid; says which, and every field that is wrong.
    """
    found: dict[str, M] = {}
    place = resources.files("fusionbench.configs").joinpath(folder)
    for file in sorted(place.iterdir(), key=lambda f: f.name.casefold()):
        if file.name.endswith(".yaml"):
            try:
                made = model.model_validate(yaml.safe_load(file.read_text("utf-8")))
            except (ValidationError, yaml.YAMLError) as error:
                raise FusionBenchError(f"configs/{folder}/{file.name}: {error}") from error
            found[made.name] = made
    return found
