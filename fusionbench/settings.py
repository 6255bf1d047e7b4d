"""Defaults from the environment and the configuration file.

A flag beats an environment variable (``FUSIONBENCH_DATA``, ``FUSIONBENCH_WEIGHTS``), which beats
the configuration file: ``FUSIONBENCH_CONFIG``, else ``fusionbench.yaml`` in the current folder,
else ``~/.config/fusionbench.yaml``. Example of a file::

    data_root: /data/fusion
    weights_dir: /data/weights
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from fusionbench.errors import FusionBenchError
from fusionbench.yamls import load_yaml


class Settings(BaseModel):
    """What the configuration file may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data_root: Path | None = None
    weights_dir: Path | None = None


def config_file() -> Path | None:
    """The configuration file in force, if there is one."""
    named = os.environ.get("FUSIONBENCH_CONFIG")
    places = (Path("fusionbench.yaml"), Path.home() / ".config" / "fusionbench.yaml")
    return next((p for p in ([Path(named)] if named else places) if p.is_file()), None)


def load_settings() -> Settings:
    """Read the configuration file.

    Raises:
        FusionBenchError: It is not valid.
    """
    path = config_file()
    if path is None:
        return Settings()
    try:
        return Settings.model_validate(load_yaml(path.read_text("utf-8"), path) or {})
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise FusionBenchError(f"configuration file {path}: {error}") from error


def data_root(flag: Path | None) -> Path | None:
    """The data root in force."""
    named = os.environ.get("FUSIONBENCH_DATA")
    return flag or (Path(named) if named else load_settings().data_root)


def weights_folders(flag: Path | None) -> list[Path]:
    """Folders searched for weights before ``FUSIONBENCH_WEIGHTS`` and the cache.

    Raises:
        FusionBenchError: The flag names a folder that is not there.
    """
    if flag is not None and not flag.is_dir():
        raise FusionBenchError(f"--weights-dir {flag} is not a folder")
    return [p for p in (flag, load_settings().weights_dir) if p is not None]
