"""What Sphinx is told, for each language; scripts/site runs it."""

from __future__ import annotations

import sys
from pathlib import Path

from pygments.lexers.data import JsonLexer
from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # also where PYTHONSAFEPATH is set

from manual.excerpts import load_texts, write_texts  # noqa: E402  it is found by now
from manual.languages import set_language  # noqa: E402
from manual.searching import SearchBoth  # noqa: E402

project = html_title = "modelhub"
copyright = "the authors of modelhub, Apache-2.0"
extensions = ["myst_parser", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["zh"]  # a site of its own: scripts/site names its language
smartquotes = False  # two hyphens are those of an option

myst_enable_extensions = ["attrs_inline"]  # for links to the other site
myst_heading_anchors = 4
# Anchors that a page writes itself are unknown to the parser (the tests follow every link of the built site), and what
# pages show of HTTP requests is less than there is.
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure"]

html_theme = "furo"
html_static_path = [str(HERE / "static")]
html_css_files = ["style.css"]
html_favicon = str(HERE / "static" / "favicon.svg")
html_search_language = SearchBoth.lang
html_copy_source = html_show_sourcelink = html_show_sphinx = html_use_index = False
html_sidebars = {
    "**": [
        *("sidebar/brand.html", "sidebar/search.html", "language.html"),
        *("sidebar/scroll-start.html", "sidebar/navigation.html", "sidebar/scroll-end.html"),
    ]
}
templates_path = [str(HERE / "templates")]
copybutton_selector = "div:not(.highlight-text) > div.highlight > pre"  # what is printed is not for copying


def setup(app: Sphinx) -> None:
    """Add what Sphinx does not have."""
    app.add_search_language(SearchBoth)
    for name in ("jsonc", "jsonl", "ndjson"):
        app.add_lexer(name, JsonLexer)
    app.connect("html-page-context", set_language)
    app.connect("html-page-context", load_texts)
    app.connect("build-finished", write_texts)
