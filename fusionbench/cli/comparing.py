"""``fusionbench compare``."""


def compare() -> None:
    """Placeholder."""
    raise SystemExit("not there yet")
