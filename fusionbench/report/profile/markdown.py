"""``profile.md``: the tables in full, and the operators that no count includes."""

from __future__ import annotations

from fusionbench.report.layout import Entry, sentence
from fusionbench.report.markdown import DASH, escape
from fusionbench.report.profile.reading import Profile
from fusionbench.report.profile.table import Table, lay_out, uncounted


def markdown(profile: Profile) -> str:
    """A section for each device and image size."""
    tables = [lay_out(profile, block, "full") for block in profile.blocks]
    lines = ["# Profile", ""]
    for table in tables:
        lines += _section(table)
    lines += _uncounted(profile)
    return "\n".join(lines) + "\n"


def _section(table: Table) -> list[str]:
    heads = ["Method", *map(escape, table.headers)]
    rows = [heads, [":---", *["---:"] * len(table.headers)]]
    rows += [[escape(line.label), *map(_entry, line.cells)] for line in table.lines]
    notes = [f"<sup>{mark}</sup> {escape(sentence(text))}<br>" for mark, text in table.notes]
    return [
        f"## {escape(table.heading)}",
        "",
        f"{escape('. '.join(table.caption))}.",
        "",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        *([*notes, ""] if notes else []),
    ]


def _entry(entry: Entry) -> str:
    text = escape(entry.text) or DASH
    return f"{text}<sup>{','.join(entry.marks)}</sup>" if entry.marks else text


def _uncounted(profile: Profile) -> list[str]:
    """Once for each method: the operators are the same at every size."""
    found: dict[str, str] = {}
    for block in profile.blocks:
        for label, calls in uncounted(block):
            found.setdefault(label, calls)
    if not found:
        return []
    said = "Operators that do arithmetic and have no count, with their calls for one image:"
    items = [f"- {escape(label)}: {escape(calls)}." for label, calls in found.items()]
    return ["## Not counted in MACs and FLOPs", "", said, "", *items]
