"""What known models cost where their vendors themselves are asked: the table ``_prices.json``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from modelhub.prices.price import BATCH, Price

_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4})$")  # a version of a model


@cache
def find_known_price(url: str, model_name: str) -> Price | None:
    """The price of a model that is asked at ``url``; None for one that is not known, and at every other address.

    A version that is named by its date costs as the model it is a version of, unless the table has it itself.
    """
    row = _load_rows().get(urlsplit(url).hostname or "")
    if row is None:
        return None
    models: Mapping[str, dict[str, Any]] = row["models"]
    name = model_name.removeprefix("models/")  # as Gemini's API calls its models
    found = models.get(name) or (models.get(_DATED.sub("", name)) if row.get("dated", True) else None)
    if found is None:
        return None
    return Price(**{"batch": row.get("batch", BATCH), **found}, per=row["per"], currency=row["currency"])


@cache
def find_date() -> str:
    """When the prices of the table were looked up, the oldest of them."""
    return min(str(row["looked_up"]) for row in _load_rows().values())


@cache
def _load_rows() -> Mapping[str, dict[str, Any]]:
    """The table, by the names of hosts."""
    import pkgutil

    import orjson

    table = orjson.loads(pkgutil.get_data("modelhub.schemas", "_prices.json") or b'{"vendors": []}')
    return {host: row for row in table["vendors"] for host in row["hosts"]}
