"""``fusionbench identify``."""


def identify() -> None:
    """Placeholder."""
    raise SystemExit("not there yet")
