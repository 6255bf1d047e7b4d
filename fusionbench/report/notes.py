"""Names that figures still use."""

from fusionbench.tables.notes import pairs_word  # noqa: F401
