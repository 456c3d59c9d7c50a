"""Check that what models cost is known, in dollars, where a budget is in dollars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelhub.diagnostics import Finding
from modelhub.prices.known import find_known_price
from modelhub.validation.graph import Graph
from modelhub.vendors import find_vendor, list_vendors

_PLACE = ("budget", "usd")
_ADDRESSES = ("base_url", "api_base", "azure_endpoint", "api_url", "url", "host")


def find_unpriced(graph: Graph) -> Iterator[tuple[int, Finding]]:
    """Yield a warning for each config, by its number, with a budget in dollars that its calls may never be charged to.

    A composite spends what its targets cost.
    """
    for number, node in enumerate(graph.nodes):
        budget = node.config.get("budget")
        if not isinstance(budget, Mapping) or budget.get("usd") is None:
            continue
        for other in graph.list_bottom_up(number):
            config = graph.nodes[other].config
            if graph.nodes[other].edges or (why := explain_unpriced(config)) is None:
                continue
            who = "it" if other == number else repr(config.get("config_name"))
            message = f"the budget is in dollars, and {why.format(who=who)}"
            hint = "write its price, such as price: {prompt: 2.5, completion: 10}, or a budget of tokens"
            yield number, Finding("MH314", message, _PLACE, hint=hint, severity="warning")
            break


def explain_unpriced(config: Mapping[str, Any]) -> str | None:
    """Why a config costs no dollars, as far as can be told from it, with ``{who}`` for its name; None if it does."""
    unknown = "what {who} costs is not known"
    if "price" in config:
        price = config["price"]
        currency = price.get("currency", "USD") if isinstance(price, Mapping) else None
        if currency is None:
            return unknown
        return None if currency == "USD" or "${" in str(currency) else f"the price of {{who}} is in {currency}"
    name, address = config.get("model_name") or config.get("config_name"), _find_address(config)
    if not isinstance(name, str) or "${" in name or "${" in address:
        return None
    known = find_known_price(address, name)
    if known is None:
        return unknown
    return None if known.currency == "USD" else f"the price of {{who}} is in {known.currency}"


def _find_address(config: Mapping[str, Any]) -> str:
    """Where a config is asked: where it says, or else at its vendor."""
    places = (config, config.get("client_args"))
    said = (place.get(key) for place in places if isinstance(place, Mapping) for key in _ADDRESSES)
    address = next((address for address in said if isinstance(address, str)), None)
    if address is not None:
        return address
    vendor = config.get("vendor")
    if isinstance(vendor, str):
        row = find_vendor(vendor)
        return (row and row.openai_base_url) or ""
    rows = (row for row in list_vendors() if config.get("model_type") in row.model_types.values())
    return next((row.base_url for row in rows if row.base_url), "")
