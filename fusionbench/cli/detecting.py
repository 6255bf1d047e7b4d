"""``fusionbench detect``."""


def detect() -> None:
    """Placeholder."""
    raise SystemExit("not there yet")
