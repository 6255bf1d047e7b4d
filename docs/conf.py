"""The site: ``make docs`` builds it into ``docs/_build``, without network."""

import importlib.metadata
import os
import sys
import warnings
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))

from site_pages import write_pages  # noqa: E402
from site_pages.pictures import draw  # noqa: E402

project = "fusionbench"
author = copyright = "The fusionbench authors"
release = importlib.metadata.version("fusionbench")
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "generated/pictures", "conf.py"]
smartquotes = False  # `--option` is no dash

myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "executed")
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_merge_streams = True
# Tutorials run the command line of this environment, with the width of the page.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ.update(COLUMNS="84", OMP_NUM_THREADS="1", NO_COLOR="1", TTY_COMPATIBLE="0")
warnings.filterwarnings("ignore", module="traitlets|jupyter_client|zmq")

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_format = "short"
napoleon_google_docstring, napoleon_numpy_docstring = True, False
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"fusionbench {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"


def _inline(self, node):
    self.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def _block(self, node):
    self.body.append(f'<div class="formula">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app):
    """Formulas as MathML, which browsers set without a script; pages made from the code."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    draw()
    write_pages(HERE / "generated")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
