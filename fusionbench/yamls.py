"""Reading YAML: the files that ship in ``configs/``, and a user's, which may be anything."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from fusionbench.errors import FusionBenchError
from fusionbench.files import packaged

LONGEST = 1_000_000
MOST_NODES = 100_000
DEEPEST = 50


def compose_yaml(text: str, where: object) -> yaml.Node | None:
    """The tree of a YAML text, with line numbers.

    Raises:
        FusionBenchError: It is not YAML, or its aliases make it larger than any file here has to
            be (a few lines of aliases to aliases stand for billions of values).
    """
    if len(text) > LONGEST:
        raise FusionBenchError(f"{where}: {len(text):,} characters; expected {LONGEST:,} at most")
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise FusionBenchError(f"{where} is not YAML: {reason}") from error
    if tree is not None and _nodes(tree, {}, 0) > MOST_NODES:
        raise FusionBenchError(
            f"{where}: its aliases stand for more than {MOST_NODES:,} values; write them out"
        )
    return tree


def load_yaml(text: str, where: object) -> Any:
    """The values of a YAML text; what runs code is refused.

    Raises:
        FusionBenchError: See :func:`compose_yaml`; or a value cannot be read.
    """
    tree = compose_yaml(text, where)
    try:
        return None if tree is None else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise FusionBenchError(f"{where} is not YAML: {error}") from error


def _nodes(node: yaml.Node, known: dict[int, int], depth: int) -> int:
    """How many values a node stands for when its aliases are written out."""
    if depth > DEEPEST:
        return MOST_NODES + 1
    if id(node) not in known:
        known[id(node)] = MOST_NODES + 1  # met again inside itself
        children: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            children = node.value
        elif isinstance(node, yaml.MappingNode):
            children = [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_nodes(child, known, depth + 1) for child in children)
    return known[id(node)]


class Named(BaseModel):
    """What every file of a folder is: something with a name."""

    name: str


M = TypeVar("M", bound=Named)


def read_folder(folder: str, model: type[M]) -> dict[str, M]:
    """Every ``configs/<folder>/*.yaml`` as a model, by its ``name``, in the files' order.

    So are those of installed packages that the entry-point group ``fusionbench.<folder>`` names,
    after them.

    Raises:
        FusionBenchError: A file is not valid; says which, and every field that is wrong. Or a
            package's file takes a name that is taken.
    """
    found: dict[str, M] = {}
    for place in (packaged(folder), *_installed(folder)):
        for file in sorted(place.glob("*.yaml"), key=lambda f: f.name.casefold()):
            shown = f"{place.name}/{file.name}"
            if place == packaged(folder):
                shown = f"configs/{shown}"
            try:
                made = model.model_validate(load_yaml(file.read_text("utf-8"), shown))
            except ValidationError as error:
                raise FusionBenchError(f"{shown}: {error}") from error
            if made.name in found:
                raise FusionBenchError(f"{file}: the name {made.name} is taken already")
            found[made.name] = made
    return found


def _installed(folder: str) -> Iterator[Path]:
    """Folders of installed packages that hold such files, too."""
    for point in metadata.entry_points(group=f"fusionbench.{folder}"):
        if file := getattr(point.load(), "__file__", None):
            yield Path(file).parent
