"""Finds the models in aider's options: those of .aider.conf.yml, or the variables of a .env file.

https://aider.chat/docs/config/options.html, https://aider.chat/docs/config/dotenv.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.authoring.importers import keys
from modelhub.authoring.importers.deployments import Deployment
from modelhub.authoring.importers.keys import Found, Source, Table
from modelhub.authoring.importers.vendors import split_model
from modelhub.configs.readers.positions import Path

# Names that aider 0.86 has for models of its choice: https://aider.chat/docs/config/model-aliases.html
ALIASES = {
    "sonnet": "anthropic/claude-sonnet-4-5",
    "haiku": "anthropic/claude-haiku-4-5",
    "opus": "anthropic/claude-opus-4-6",
    "4": "gpt-4-0613",
    "4o": "gpt-4o",
    "mini": "gpt-4o-mini",
    "4-turbo": "gpt-4-1106-preview",
    **dict.fromkeys(("35turbo", "35-turbo", "3"), "gpt-3.5-turbo"),
    "deepseek": "deepseek/deepseek-chat",
    "r1": "deepseek/deepseek-reasoner",
    "flash": "gemini/gemini-flash-latest",
    "flash-lite": "gemini/gemini-2.5-flash-lite",
    "gemini": "gemini/gemini-3-pro-preview",
    "grok3": "xai/grok-3-beta",
}
_USED = ("model", "weak-model", "editor-model")
_FOR_ALL: Table = {"timeout": "timeout"}
_FOR_OPENAI: Table = {"openai-organization-id": "organization"}
_FOR_WORK: Table = {"reasoning-effort": "reasoning_effort"}  # of the model that does the work
_THINKING = "thinking-tokens"
# aider sets variables of the environment for LiteLLM, of which these have options of their own.
_VARIABLES = {
    "openai-api-key": "OPENAI_API_KEY",
    "anthropic-api-key": "ANTHROPIC_API_KEY",
    "openai-api-base": "OPENAI_API_BASE",
}
_LISTS = ("api-key", "set-env", "alias")
_READ = (*_USED, *_FOR_ALL, *_FOR_WORK, _THINKING, *_VARIABLES, *_LISTS)
_REASONS = {
    **dict.fromkeys(
        ("openai-api-type", "openai-api-version", "openai-api-deployment-id"),
        "write azure/ and the deployment as the model's name, and import that",
    ),
    **dict.fromkeys(_FOR_OPENAI, "only OpenAI is told"),
    "env-file": "set the variables before your program starts",
    "model-settings-file": "import that file, too",
    "verify-ssl": keys.TLS[1:],
    "cache-prompts": "what is kept is told with the messages of each call",
    "stream": "a call says whether it is streamed",
}
_WORK = "it is for aider's work on files"
_UNITS = {"k": 1024, "m": 1024**2}


def find_in_options(source: Source, data: dict[str, Any]) -> Iterator[Deployment]:
    """The models that are named, each with what the options say of its vendor."""
    options = {_spell(key): key for key in data}
    variables = {name: (value, path) for name, value, path in _list_variables(data)}
    aliases = ALIASES | {name.strip(): model.strip() for name, _, model, _ in _list_pairs(data, "alias", ":")}
    named = {option: options[option] for option in _USED if isinstance(data.get(options.get(option, "")), str)}
    if "model" not in named:  # until version 0.80, some models had an option of their own
        named = {option: options[option] for option in ALIASES if data.get(options.get(option, "")) is True} | named
    seen: set[str] = set()
    used: set[str] = set()
    read = [*_READ, *named]
    for option, key in named.items():
        name = option if data[key] is True else data[key]
        if not name or name in seen:
            continue
        seen.add(name)
        model = aliases.get(name, name)
        if model != name and name in ALIASES:
            source.tell((key,), f"'{name}' is aider's name for {model}, which may change")
        vendor = split_model(model, None, None)[0] or model.partition("/")[0]
        read += _FOR_OPENAI if vendor == "openai" else ()
        found = _find_params(source, data, vendor, is_main=len(seen) == 1)
        for what, param in (("KEY", "api_key"), ("BASE", "api_base")):
            variable = f"{vendor.removesuffix('_chat')}_API_{what}".upper()
            if variable in variables:
                value, path = variables[variable]
                found[param] = (value, (source.document, path))
                used.add(variable)
        found["model"] = (model, (source.document, (key,)))
        yield Deployment(name, (source.document, (key,)), found, owner=vendor)
    for variable in variables.keys() - used:
        _tell_unused(source, data, variable, variables[variable][1])
    for key, value in data.items():
        if _spell(key) not in read and not _is_variable(key) and value not in (None, "", [], {}):
            source.refuse((key,), _REASONS.get(_spell(key), _WORK))


def _spell(key: str) -> str:
    """The name of an option, which is called AIDER_WEAK_MODEL in a .env file."""
    return (key.removeprefix("AIDER_").lower() if key.isupper() else key).replace("_", "-")


def _is_variable(key: str) -> bool:
    """Whether a line of a .env file sets a variable that is not aider's."""
    return key.isupper() and not key.startswith("AIDER_")


def _list_pairs(data: dict[str, Any], option: str, sign: str) -> Iterator[tuple[str, str, str, Path]]:
    """What an option that may be there several times has at both sides of a sign."""
    for key, value in data.items():
        if _spell(key) != option:
            continue
        for step, text in enumerate(value) if isinstance(value, list) else [(None, value)]:
            left, found, right = str(text).partition(sign)
            if found:
                yield left, found, right, (key,) if step is None else (key, step)


def _list_variables(data: dict[str, Any]) -> Iterator[tuple[str, Any, Path]]:
    """The variables that are set; those of a .env file are not copied."""
    for key, value in data.items():
        if _is_variable(key):
            yield key, f"${{{key}}}", (key,)
        elif value and _spell(key) in _VARIABLES:
            yield _VARIABLES[_spell(key)], value, (key,)
    for vendor, _, secret, path in _list_pairs(data, "api-key", "="):
        yield f"{vendor.strip()}_API_KEY".upper(), secret.strip(), path
    for name, _, value, path in _list_pairs(data, "set-env", "="):
        yield name.strip(), value.strip(), path


def _find_params(source: Source, data: dict[str, Any], vendor: str, *, is_main: bool) -> Found:
    """What the options say of calls to a model."""
    table = {**_FOR_ALL, **(_FOR_OPENAI if vendor == "openai" else {}), **(_FOR_WORK if is_main else {})}
    found = source.gather(data, (), {key: table.get(_spell(key), "") for key in data})
    for key, value in data.items():
        if is_main and _spell(key) == _THINKING:
            tokens = _parse_tokens(value)
            if vendor == "anthropic" and tokens:
                thinking = {"type": "enabled", "budget_tokens": tokens}
                found["thinking"] = (thinking, (source.document, (key,)))
            else:
                source.refuse((key,), "write what the vendor calls it in generate_args")
    return found


def _parse_tokens(value: Any) -> int | None:
    """A number of tokens, such as 8k."""
    text = str(value).strip().lower()
    unit = _UNITS.get(text[-1:], 1)
    digits = text[:-1] if text[-1:] in _UNITS else text
    return int(float(digits) * unit) if digits.replace(".", "", 1).isdigit() else None


def _tell_unused(source: Source, data: dict[str, Any], variable: str, path: Path) -> None:
    """Say that a variable is of no use to the models here; a .env file goes on setting its own."""
    option = _spell(str(path[0]))
    if option == "set-env":
        source.tell(path, f"{variable} is not converted: set it before your program starts")
    elif not _is_variable(str(path[0])):
        what = "key" if variable.endswith("KEY") else "address"
        source.tell(path, f"this {what} is not converted: no model here is of its vendor")
