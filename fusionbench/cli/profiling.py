"""``fusionbench profile``."""


def profile() -> None:
    """Placeholder."""
    raise SystemExit("not there yet")
