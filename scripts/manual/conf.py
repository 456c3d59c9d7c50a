"""What Sphinx is told; scripts/site runs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pygments.lexers.data import JsonLexer
from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # also where PYTHONSAFEPATH is set

from manual.searching import SearchBoth  # noqa: E402  it is found by now

project = html_title = "modelhub"
copyright = "the authors of modelhub, Apache-2.0"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
language = "en"
smartquotes = False  # two hyphens are those of an option

myst_heading_anchors = 4
# Anchors that a page writes itself are unknown to the parser (the tests follow every link of the built site), and what
# pages show of HTTP requests is less than there is.
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure"]

html_theme = "furo"
html_static_path = [str(HERE / "style.css")]
html_css_files = ["style.css"]
html_show_search_summary = False  # it would load each page found, which browsers refuse where pages are files
html_copy_source = html_show_sourcelink = html_show_sphinx = html_use_index = False


def set_language(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Say of pages in Chinese that they are."""
    if page.startswith("zh/"):
        context["language"] = "zh-CN"


def setup(app: Sphinx) -> None:
    """Add what Sphinx does not have."""
    app.add_search_language(SearchBoth)
    for name in ("jsonl", "ndjson"):
        app.add_lexer(name, JsonLexer)
    app.connect("html-page-context", set_language)
