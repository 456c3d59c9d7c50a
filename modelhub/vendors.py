"""What is known of each vendor, read from the data file ``_vendors.json`` when a vendor is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from modelhub.errors import ConfigError, Problem


@dataclass(frozen=True, slots=True)
class Vendor:
    """One row: addresses, the variables that may hold a key, and where its API differs from OpenAI's."""

    name: str
    title: str  # the name as the vendor writes it
    docs: str
    model_types: Mapping[str, str]  # by task: chat, embedding, image
    key_variables: tuple[str, ...] = ()  # the first is the one to tell people about
    key_optional: bool = False
    base_url: str | None = None
    base_url_variable: str = ""
    openai_base_url: str | None = None  # where it speaks OpenAI's API; None when it does not
    model: str | None = None  # one of its chat models
    lacks: tuple[str, ...] = ()  # what it does not have: stream_options, json_schema, tools, blank_texts
    renames: Mapping[str, str] = field(default_factory=dict)  # OpenAI's name of an option to the vendor's
    batch_size: int | None = None  # how many texts it embeds in one request
    batch_tokens: int | None = None  # how many tokens these may have together
    hosts: tuple[str, ...] = ()  # where it is asked, too
    litellm: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # LiteLLM's names of it: what differs there


def find_vendor(name: str) -> Vendor | None:
    """The vendor called ``name``, None when there is none."""
    row = _load_rows().get(name)
    return None if row is None else _build_vendor(name)


def list_vendors() -> list[Vendor]:
    """All vendors, in the order of the file."""
    return [_build_vendor(name) for name in _load_rows()]


def list_compatible() -> list[str]:
    """The names of those that speak OpenAI's API: what the key ``vendor`` of a config may be."""
    return sorted(vendor.name for vendor in list_vendors() if vendor.openai_base_url)


def find_compatible(name: str, *, where: str) -> Vendor:
    """The vendor called ``name``, which speaks OpenAI's API; raises ConfigError, which says ``where``, without one."""
    vendor = find_vendor(name)
    if vendor is None or vendor.openai_base_url is None:
        hint = f"the vendors are {', '.join(list_compatible())}"
        raise ConfigError([Problem("MH202", f"{where}: there is no vendor called {name!r}", hint)])
    return vendor


@cache
def find_by_host(host: str) -> Vendor | None:
    """The vendor whose OpenAI API is at ``host``; None if that is no vendor's, or this machine's."""
    from urllib.parse import urlsplit

    for vendor in list_vendors():
        url = vendor.openai_base_url or vendor.base_url
        known = {urlsplit(url or "").hostname, *vendor.hosts}
        if host in known and not vendor.key_optional:
            return vendor
    return None


@cache
def _load_rows() -> Mapping[str, dict[str, Any]]:
    import pkgutil

    import orjson

    text = pkgutil.get_data("modelhub.schemas", "_vendors.json") or b"{}"
    rows: dict[str, dict[str, Any]] = orjson.loads(text)["vendors"]
    return rows


@cache
def _build_vendor(name: str) -> Vendor:
    row = dict(_load_rows()[name])
    if row["model_types"].get("chat") == "openai_chat":
        row.setdefault("openai_base_url", row["base_url"])
    row |= {key: tuple(row.get(key, ())) for key in ("key_variables", "lacks", "hosts")}
    return Vendor(name, **row)
