"""The pages of the site as text: their cells, their commands, their links."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TUTORIALS = sorted(p for p in (DOCS / "tutorials").iterdir() if p.suffix in (".md", ".ipynb"))
BLOCK = re.compile(r"^```(\S[^\n]*)\n(.*?)^```", re.M | re.S)


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """The language and the text of every fenced block."""
    for found in BLOCK.finditer(text):
        yield found[1].strip(), found[2]


def cells(path: Path) -> list[str]:
    """The code that a tutorial runs, in order."""
    if path.suffix == ".md":
        found = blocks(path.read_text("utf-8"))
        return [text for language, text in found if language == "{code-cell}"]
    notebook = json.loads(path.read_text("utf-8"))["cells"]
    return [
        "".join(cell["source"])
        for cell in notebook
        if cell["cell_type"] == "code" and "skip-execution" not in cell["metadata"].get("tags", ())
    ]
