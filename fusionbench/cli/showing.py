"""``fusionbench show METHOD``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from fusionbench.cli import options as o


def show(
    method: Annotated[str, typer.Argument(help="A method.")], plugin: o.PluginOption = None
) -> None:
    """Print a method's card and its BibTeX entry."""
    from fusionbench import console
    from fusionbench.citing import bibtex
    from fusionbench.registry import METHODS, add_plugin_files

    add_plugin_files(plugin or ())
    entry = METHODS[method]
    card = entry.plugin.card
    facts = asdict(card) | {"origin": entry.origin, "module": entry.module}
    width = max(map(len, facts))
    for name, value in facts.items():
        if text := _text(value):
            console.plain(f"{name.replace('_', ' '):{width}}  {text}")
    if entry.plugin.__doc__:
        console.plain(f"\n{entry.plugin.__doc__.strip()}")
    if entry_text := bibtex(card):
        console.plain(f"\n{entry_text}")


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {', '.join(allowed)}" for key, allowed in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, int) and value > 9999:
        return f"{value:,}"
    return "" if value is None else str(value)
