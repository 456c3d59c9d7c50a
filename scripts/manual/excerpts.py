"""The texts that the search shows its excerpts of: browsers read no other pages where these are files."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

FILE = "texts.js"
# The search asks for each page that it has found; this answers.
_ANSWER = "window.fetch = (address) => Promise.resolve(new Response(TEXTS[address]));"


def load_texts(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Have the page of the search load them."""
    if page == "search":
        app.add_js_file(FILE)


def write_texts(app: Sphinx, error: Exception | None) -> None:
    """Write the texts of all pages, by the addresses that the search has for them."""
    if error is None:
        texts = {f"./{page}.html": print_text(app.env.get_doctree(page)) for page in sorted(app.env.found_docs)}
        texts = {address: f'<div role="main">{text}</div>' for address, text in texts.items()}
        code = f"const TEXTS = {json.dumps(texts, ensure_ascii=False)};\n{_ANSWER}\n"
        Path(app.outdir, "_static", FILE).write_text(code, "utf-8")


def print_text(node: nodes.Node) -> str:
    """The text below a node, as HTML whose sections have their anchors."""
    if isinstance(node, nodes.Text):
        return escape(node.astext())
    if isinstance(node, nodes.raw):
        return ""
    inside = "".join(map(print_text, node.children))
    if isinstance(node, nodes.section):
        return f'<section id="{node["ids"][0]}">{inside}</section>'
    return inside if isinstance(node, nodes.Inline) else f"{inside}\n"
