"""``PYTHONPATH=tools python -m sample_scenes FOLDER``: write the eight scenes."""

import sys
from pathlib import Path

from sample_scenes import write_scenes

write_scenes(Path(sys.argv[1]))
