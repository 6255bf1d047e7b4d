"""The pages of the site that say what the code, the cards and the configuration say.

``docs/conf.py`` writes them before a build.
Nothing in them is written by hand, and no other page says it again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from site_pages import catalogue, metrics, reference

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "generated"


def pages() -> Iterator[tuple[str, str]]:
    """Every generated page: its path below the folder, and its Markdown."""
    yield from metrics.pages()
    yield from catalogue.methods()
    yield from catalogue.datasets()
    yield from catalogue.conventions()
    yield "commands.md", reference.commands()
    yield "api.md", reference.api()


def write_pages(folder: Path = FOLDER) -> list[Path]:
    """Write every page, and remove those of what is there no more; unchanged files stay as old.

    Args:
        folder: Where; pictures that :func:`site_pages.pictures.draw` made before are shown.
    """
    written = []
    for name, text in pages():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")
        written.append(path)
    for path in set(folder.rglob("*.md")) - set(written):
        path.unlink()
    (folder / "pictures").mkdir(exist_ok=True)
    for path in metrics.EXAMPLE_FILES:
        shutil.copyfile(path, folder / "pictures" / path.name)
    return written
