"""``python -m site_pages [FOLDER]``: write the generated pages."""

import sys
from pathlib import Path

from site_pages import FOLDER, write_pages

write_pages(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
