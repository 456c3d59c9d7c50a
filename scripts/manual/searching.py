"""The words of the search: English ones by their stems, Chinese text by every two neighbouring characters.

Chinese has no spaces, so that words would have to be guessed. Pairs need not be: whoever searches for a word of any
length searches for its pairs.
"""

from __future__ import annotations

import re
from itertools import pairwise

from sphinx.search.en import SearchEnglish

from modelhub.overriding import override

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_PIECES = re.compile(rf"[{_HAN}]+|[^\W{_HAN}]+")
_SPLITTER = rf"""
function splitQuery(query) {{
  const words = [];
  for (const piece of query.match(/[{_HAN}]+|[^{_HAN}\s!-\/:-@\[-^`{{-~\u3000-\u303f\uff00-\uffef]+/g) || []) {{
    if (!/[{_HAN}]/.test(piece) || piece.length < 3) words.push(piece);
    else for (let i = 0; i + 1 < piece.length; i++) words.push(piece.slice(i, i + 2));
  }}
  return words;
}}
"""


class SearchBoth(SearchEnglish):
    """The search of a site whose pages are in English and in Chinese."""

    js_splitter_code = _SPLITTER

    @override
    def split(self, input: str) -> list[str]:
        """The words of a text."""
        words: list[str] = []
        for piece in _PIECES.findall(input):
            words += split_han(piece) if re.match(f"[{_HAN}]", piece) else [piece]
        return words


def split_han(text: str) -> list[str]:
    """Every two neighbours of Chinese characters, and each by itself."""
    return [*text, *(first + second for first, second in pairwise(text))]
