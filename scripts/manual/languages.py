"""What stands around the text of a page, in its language: the theme's words, and the link to the other language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.locale import _

# Those that neither Sphinx nor the theme translates.
WORDS = {"On this page": "本页目录", "Previous": "上一页", "Next": "下一页", "Home": "首页", "Back to top": "回到顶部"}


def translate(text: str) -> str:
    """A word of the theme in Chinese."""
    return WORDS.get(text) or _(text)


def set_language(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Tell the templates the words, and where the page is in the other language, or else the first one."""
    source = Path(app.srcdir)
    if app.config.language == "en":
        language, name, up, other = "zh-CN", "中文", "zh/", source / "zh"
    else:
        language, name, up, other = "en", "English", "../", source.parent
        context["_"] = context["gettext"] = translate
    found = page if page == "search" or (other / f"{page}.md").exists() else "index"
    context["other_language"], context["other_name"] = language, name
    context["other_page"] = f"{context['content_root']}{up}{found}.html"
