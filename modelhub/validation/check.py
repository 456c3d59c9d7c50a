"""Check configs: each against the schema that its model_type selects, and all of them against each other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from modelhub.diagnostics import Finding
from modelhub.diagnostics.wording import label
from modelhub.errors import PluginError, Problem
from modelhub.plugins import Plugin
from modelhub.records import replace
from modelhub.validation.deprecations import read_modern
from modelhub.validation.fast_check import is_certainly_valid
from modelhub.validation.graph import COMPOSITE
from modelhub.validation.placing import build_problem, find_order, find_position, without_repeats
from modelhub.validation.rules.contests import SEE_PLUGINS, explain_contest, explain_unchecked
from modelhub.validation.rules.formatters import find_unknown_formatter
from modelhub.validation.rules.headers import find_doubled, find_unsendable
from modelhub.validation.rules.identity import IDENTITY, check_identity, find_duplicate_names, find_unknown_type
from modelhub.validation.rules.keys import find_odd_keys
from modelhub.validation.rules.names import find_odd_names
from modelhub.validation.rules.placeholders import find_placeholders
from modelhub.validation.rules.plaintext import find_plaintext_secrets
from modelhub.validation.rules.references import find_bad_references, find_unclosed, find_unprovided
from modelhub.validation.rules.urls import find_bad_addresses
from modelhub.validation.rules.ways import find_way_faults
from modelhub.validation.schema.store import BASE, Schema
from modelhub.validation.schema.view import View
from modelhub.validation.substitution import find_defaults, find_misfits
from modelhub.validation.together import check_together
from modelhub.validation.walk import Text, list_texts

if TYPE_CHECKING:
    from modelhub.configs import Entry

MOST = 5000  # how many problems are told; to find and explain them takes time, and nobody reads more
SchemaOf = Callable[[str], dict[str, Any] | None]
Complete = Callable[[dict[str, Any]], dict[str, Any]]
RivalsOf = Callable[[str], Sequence[Plugin]]

ADAPTER_KEYS = frozenset({"request", "response", "messages", "error", "poll"})
"""The keys of configs that describe a protocol of their own."""

_COMMON: Schema = {"$id": f"{BASE}any.json", "$ref": "_common.json#/$defs/common"}


def check(
    entries: Sequence[Entry],
    *,
    schema_of: SchemaOf,
    model_types: Collection[str],
    rivals_of: RivalsOf = lambda _: (),
    complete: Complete = lambda config: config,
) -> list[Problem]:
    """Return every problem of the configs, in the order of their files.

    ``schema_of`` returns the schema of a model_type; without a schema, only the common keys are checked. ``rivals_of``
    returns the plugins that all claim a model_type, ``complete`` a config with what it need not say itself.
    """
    checker = Checker(schema_of, model_types, rivals_of)
    modern = [read_modern(entry.config, model_types) for entry in entries]
    entries = [replace(entry, config=complete(found.config)) for entry, found in zip(entries, modern, strict=True)]
    duplicates = find_duplicate_names(entries)
    together = check_together(entries, checker.find_view)
    problems: list[Problem] = []
    for index, (entry, found) in enumerate(zip(entries, modern, strict=True)):
        if len(problems) >= MOST:
            left = f"the other {len(entries) - index:,} configs are not checked"
            problems.append(entry.problem("MH100", f"{left}: there are {MOST:,} problems before", severity="error"))
            break
        findings = [*found.findings, *checker.check_config(entry.config, is_file=entry.document.name is not None)]
        if index in duplicates:
            findings.append(duplicates[index])
        findings += together.get(index, ())
        order: dict[int, dict[Any, int]] = {}
        placed = [
            (find_order(entry, finding, order), build_problem(entry, finding, found.written))
            for finding in findings[:MOST]
        ]
        problems += [problem for _, problem in sorted(placed, key=lambda pair: (find_position(pair[1]), pair[0]))]
    return without_repeats(problems)


class Checker:
    """Checks one config after the other, and remembers the schema of each model_type."""

    def __init__(self, schema_of: SchemaOf, model_types: Collection[str], rivals_of: RivalsOf = lambda _: ()) -> None:
        self._schema_of = schema_of
        self._model_types = model_types
        self._rivals_of = rivals_of
        self._known: dict[str | None, tuple[Schema, View] | Finding] = {}

    def find_view(self, model_type: Any) -> View | None:
        """Return the view of the schema of a model_type; None if there is no such type, or its schema is broken."""
        known = self._schema(model_type) if isinstance(model_type, str) and model_type in self._model_types else None
        return known[1] if isinstance(known, tuple) else None

    def check_config(self, config: dict[str, Any], *, is_file: bool) -> list[Finding]:
        """Return everything wrong with a config by itself."""
        findings = check_identity(config)
        unknown = find_unknown_type(config, self._model_types)
        if unknown:
            findings.append(unknown)
        named = config.get("model_type")
        model_type = named if isinstance(named, str) and not unknown else None
        findings += self._find_doubts(model_type)
        known = self._schema(model_type)
        if isinstance(known, Finding):
            return [*findings, known]
        schema, view = known
        if schema is _COMMON and model_type in self._model_types:
            findings.append(explain_unchecked(str(model_type)))
        said = {(finding.path[:1], finding.key) for finding in findings}
        more = [
            finding
            for finding in self._check_schema(schema, view, config)
            if (finding.path[:1], finding.key) not in said
        ]
        findings += [finding for finding in more if not _about_identity(finding)]
        texts = list_texts(config)
        findings += find_misfits(config, schema, view, find_defaults(texts), "the default", self.check_values)
        findings = _add_advice(findings, config, texts, view, is_file)
        return [_name_home(finding, model_type) for finding in findings]

    def _find_doubts(self, model_type: str | None) -> list[Finding]:
        """Say that other plugins claim the model_type, too."""
        rivals = self._rivals_of(model_type) if model_type else ()
        return [explain_contest(model_type, rivals)] if model_type and rivals else []

    def check_values(self, config: dict[str, Any], schema: Schema, view: View) -> list[Finding]:
        """Return what is wrong with each value of a config alone; ``view`` is the view of the schema."""
        findings = self._check_schema(schema, view, config)
        places = {finding.path for finding in findings}
        texts = list_texts(config)
        more = [*find_bad_addresses(texts), *find_unsendable(config, texts), *find_doubled(texts)]
        return findings + [finding for finding in more if finding.path not in places]

    def find_schema(self, model_type: Any) -> Schema:
        """Return the schema of a model_type; without one, the schema of the common keys."""
        known = self._schema(model_type if isinstance(model_type, str) and model_type in self._model_types else None)
        return _COMMON if isinstance(known, Finding) else known[0]

    def _schema(self, model_type: str | None) -> tuple[Schema, View] | Finding:
        if model_type not in self._known:
            try:
                schema = (self._schema_of(model_type) if model_type else None) or _COMMON
                self._known[model_type] = (schema, View.of(schema))
            except Exception as error:  # a plugin's schema may be anything
                self._known[model_type] = _broken(error)
        return self._known[model_type]

    def _check_schema(self, schema: Schema, view: View, config: dict[str, Any]) -> list[Finding]:
        try:
            odd = list(islice(find_odd_keys(view, config), MOST))
            if _is_surely_valid(schema, config):
                return odd
            from modelhub.validation.explain_errors import explain  # most configs have no errors
            from modelhub.validation.full_check import judge

            return odd + explain(islice(judge(schema, config), MOST), view)
        except Exception as error:  # a plugin's schema may be anything
            return [_broken(error)]


def _is_surely_valid(schema: Schema, config: dict[str, Any]) -> bool:
    try:
        return is_certainly_valid(schema, config, schema)
    except Exception:  # odd schemas are for jsonschema to judge
        return False


def _broken(error: Exception) -> Finding:
    if isinstance(error, PluginError):
        return Finding("MH501", str(error), ("model_type",), hint=SEE_PLUGINS)
    message = f"the schema of this model_type is broken ({type(error).__name__})"
    return Finding("MH501", message, ("model_type",), hint="tell the author of the plugin that provides it")


def _add_advice(
    findings: list[Finding], config: dict[str, Any], texts: list[Text], view: View, is_file: bool
) -> list[Finding]:
    """Add findings that a schema cannot express; what is wrong at a place is told once, by the first that says it."""
    referring = [each for each in texts if "${" in each[2]]
    bad = [*find_bad_references(referring), *find_unclosed(referring)]
    places = {finding.path for finding in bad}
    advised = find_placeholders(config, texts, view)
    placeholders = {finding.path: finding for finding in advised if finding.path not in places}
    known = [finding for finding in findings if finding.code != "MH203" or finding.path not in {*places, *placeholders}]
    # A reference that is meant for a number or a choice is told as the error that it is, with what to write.
    findings = [_add_hint(finding, placeholders.get(finding.path)) for finding in known]
    found = _add_new(findings, [*bad, *placeholders.values()])
    more = [find_unsendable(config, texts), find_bad_addresses(texts), find_unknown_formatter(config, view)]
    more += [find_odd_names(texts), find_unprovided(referring), find_doubled(referring), find_way_faults(config, view)]
    if not ADAPTER_KEYS.isdisjoint(config) or isinstance(config.get("stream"), dict):
        from modelhub.validation.rules.adapters import find_adapter_faults  # most configs speak a known protocol
        from modelhub.validation.rules.mismatches import find_mismatches

        more += [find_adapter_faults(config, view), find_mismatches(config)]
    if "auth" in config:
        from modelhub.validation.rules.auth import find_auth_faults  # most configs have only a key

        more.append(find_auth_faults(config, view))
    if view.first(COMPOSITE) is not None:
        from modelhub.validation.rules.expressions import find_bad_expressions  # most configs are no composites
        from modelhub.validation.rules.unreachable import find_unreachable

        more += [find_bad_expressions(view, config), find_unreachable(config, view)]
    for each in more:
        found = _add_new(found, each)
    # A program may well pass a key that it has read from somewhere safe.
    return _add_new(found, find_plaintext_secrets(config, texts, view)) if is_file else found


def _add_new(findings: list[Finding], more: Iterable[Finding]) -> list[Finding]:
    """``findings`` and those of ``more`` at whose place, or around it, nothing is wrong yet."""
    more = list(more)
    if not more:
        return findings
    values = {each.path for each in findings if each.code != "MH110"}  # whose value is nobody's
    return findings + [
        each for each in more if not any(each.path[:length] in values for length in range(1, len(each.path) + 1))
    ]


def _add_hint(finding: Finding, placeholder: Finding | None) -> Finding:
    about_value = placeholder is not None and not finding.key and finding.severity == "error"
    return replace(finding, hint=placeholder.hint) if placeholder and about_value else finding


def _name_home(finding: Finding, model_type: str | None) -> Finding:
    """Say where an unknown key is unknown: in a model_type, or in a mapping of a model_type."""
    home = label([*([model_type] if model_type else ()), *finding.path[:-1]])
    if finding.code != "MH103" or not finding.key or not (model_type or finding.path[:-1]):
        return finding
    return replace(finding, message=f"{finding.message} in {home}")


def _about_identity(finding: Finding) -> bool:
    """Whether a finding of the schema repeats a finding about config_name or model_type."""
    if finding.code == "MH102" and not finding.path:
        return any(f"'{key}'" in finding.message for key in IDENTITY)
    return finding.code != "MH501" and finding.path[:1] in [(key,) for key in IDENTITY]
