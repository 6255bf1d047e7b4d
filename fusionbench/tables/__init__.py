"""Tables: one model, and a writer for each of LaTeX, Markdown and the terminal.

What a table says (rows, ranks, footnotes) is made once, by the room whose table it is, as a
:class:`~fusionbench.tables.model.Table`. How it looks is the writers' matter alone.
"""

from __future__ import annotations

from fusionbench.tables.model import Block, Entry, Header, Line, Table

__all__ = ["Block", "Entry", "Header", "Line", "Table"]
