"""``fusionbench suite``."""


def suite() -> None:
    """Placeholder."""
    raise SystemExit("not there yet")
