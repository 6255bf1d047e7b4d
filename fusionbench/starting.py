"""Beginning a plug-in: a small package that works at once, from the templates beside this file."""

from __future__ import annotations

import re
import runpy
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Literal

from fusionbench.errors import FusionBenchError
from fusionbench.files import write_text
from fusionbench.names import check_name
from fusionbench.surroundings import kept

Kind = Literal["method", "metric", "dataset"]
TEMPLATES = Path(__file__).parent / "templates"


def start_plugin(kind: Kind, name: str, out: Path | None = None) -> Path:
    """Write a package with one plug-in, its tests and, for a method, a network with weights.

    Args:
        kind: What it holds.
        name: The plug-in's name.
        out: The package's folder, which must be new or empty; ``NAME`` for None.

    Returns:
        The folder of the code in it, as ``--plugin`` takes it.

    Raises:
        FusionBenchError: The name cannot be used, or the folder holds something.
    """
    check_name(name, kind)
    words = re.findall(r"[A-Za-z0-9]+", name)
    package = "_".join(words).lower()
    if not words or not package.isidentifier() or any(c in name for c in ', *?[]=@"\\$'):
        raise FusionBenchError(
            f"'{name}': expected a name that begins with a letter and holds letters, digits and "
            "'-_.', such as my-net"
        )
    folder = out or Path(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FusionBenchError(f"{folder} is there already; name another folder with --out")
    values = {
        "name": name,
        "title": name,
        "package": package,
        "class_": "".join(word[:1].upper() + word[1:] for word in words),
        "function": package,
        "year": str(datetime.now(UTC).year),
    }
    for template in sorted((TEMPLATES / kind).rglob("*.txt")):
        place = template.relative_to(TEMPLATES / kind).with_suffix("")
        text = Template(template.read_text("utf-8")).substitute(values)
        write_text(folder / str(place).replace("PACKAGE", package), text)
    if kind == "method":
        _write_weights(folder / package)
    return folder / package


def _write_weights(package: Path) -> None:
    """Weights for the template's network: random ones, always the same."""
    import torch
    from safetensors.torch import save_file

    with kept():
        torch.manual_seed(0)
        network = runpy.run_path(str(package / "net.py"))["Net"]()
    save_file(network.state_dict(), package / "weights.safetensors")
