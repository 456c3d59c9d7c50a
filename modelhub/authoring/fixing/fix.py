"""Mends config files in memory, again and again, until nothing more can be mended."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from modelhub import configs
from modelhub.authoring.fixing.edits import Edit, apply, read_text_at
from modelhub.authoring.fixing.mends import Mend, find_mend
from modelhub.authoring.variables import Variables
from modelhub.configs import Entry
from modelhub.configs.sources.files import find_format, read_file
from modelhub.errors import Problem
from modelhub.patterns import expression
from modelhub.records import Record
from modelhub.registry.profiles import check_profiles
from modelhub.registry.types import KnownTypes
from modelhub.secrets import reference_names
from modelhub.secrets.references import parse_pieces
from modelhub.secrets.shapes import find_keys
from modelhub.validation.rules.variables import find_own_vendor

_MOST_ROUNDS = 10  # a model_type that is mended shows what else is wrong
_REFERENCE = expression(r"(.*)\$\{(\w+)\}")
_SCHEME = expression(r"(?i)(?:bearer|basic|token)\s+")


class Told(Record):
    """One thing that was mended: where it stood, and what stands there now; never a secret."""

    file: str
    line: int
    column: int
    what: str


class Fixed(Record):
    """What came of it: the new text of each file that changes, what was mended, and what is left.

    ``variables`` has what the keys that stood in the files are to be called in the environment, each with its value.
    ``left`` are the places of such keys in comments and other texts, which are as they were.
    """

    texts: Mapping[str, bytes]
    told: Sequence[Told]
    problems: Sequence[Problem]
    variables: Mapping[str, str]
    left: Sequence[Told]


def fix(paths: Iterable[str], types: KnownTypes, known: Mapping[str, str]) -> Fixed:
    """Mend the files that ``paths`` name, in memory; ``known`` are the variables that exist, with their values."""
    given = list(paths)
    texts: dict[str, bytes] = {}
    told: list[Told] = []
    variables: Variables | None = None
    problems: list[Problem] = []
    for _ in range(_MOST_ROUNDS):
        sources = configs.Sources(texts=texts)
        for name in given:
            sources.add(name)
        checked = check_profiles(sources, [None, *sources.profiles], types)
        problems = checked.problems
        variables = variables or Variables(_find_taken(checked.entries), known)
        fresh = list(_mend_all(problems, texts, variables))
        told += fresh
        if not fresh:
            break
    names = variables.names if variables else {}
    written = "".join(text.decode() for text in texts.values())
    made = {name: secret for secret, name in names.items() if f"${{{name}}}" in written}
    return Fixed(texts, told, problems, made, list(_find_left(texts, made)))


def _find_left(texts: Mapping[str, bytes], made: Mapping[str, str]) -> Iterator[Told]:
    """Where keys that have variables now stand still."""
    for file, text in texts.items():
        for number, line in enumerate(text.decode().splitlines(), 1):
            for name, secret in made.items():
                if secret and secret in line:
                    yield Told(file, number, line.index(secret) + 1, f"the key of ${{{name}}} stands here still")


def _find_taken(entries: Collection[Entry]) -> Iterator[str]:
    """The variables that configs refer to, or take their keys from without saying so."""
    for entry in entries:
        yield from reference_names(entry.config)
        vendor = find_own_vendor(entry.config)
        yield from vendor.key_variables if vendor else ()


def _mend_all(problems: Sequence[Problem], texts: dict[str, bytes], variables: Variables) -> Iterator[Told]:
    """Write the mends of each file into ``texts``; yield what was mended. Keys come last: their types name them."""
    found = [mend for problem in problems if problem.file and (mend := find_mend(problem)) and mend.span]
    for is_secret in (False, True):
        done = list(_mend([mend for mend in found if mend.is_secret is is_secret], texts, variables))
        yield from done
        if done:
            return


def _mend(mends: Sequence[Mend], texts: dict[str, bytes], variables: Variables) -> Iterator[Told]:
    for file in dict.fromkeys(mend.problem.file for mend in mends):
        if file is None or not Path(file).is_file():  # an address, or standard input
            continue
        before = texts.get(file) or read_file(file)
        format = find_format(file)
        wanted: dict[Edit, tuple[Mend, str]] = {}
        for mend in mends:
            if mend.problem.file == file and (made := _build_edit(mend, before, format, variables)):
                wanted.setdefault(made[0], (mend, made[1]))
        after, done = apply(before, file, format, list(wanted))
        if done:
            texts[file] = after
        for edit in done:
            problem = wanted[edit][0].problem
            yield Told(file, problem.line or 0, problem.column or 0, wanted[edit][1])


def _build_edit(mend: Mend, text: bytes, format: str, variables: Variables) -> tuple[Edit, str] | None:
    """What to write for a mend, and what to say of it; None if it takes a person."""
    problem, span = mend.problem, mend.span
    assert span is not None and problem.file is not None
    if not mend.is_secret:
        said = problem.message.partition(";")[0]
        return Edit(span, mend.new, mend.is_key), f"{said}: now '{mend.new}'"
    value = read_text_at(text, problem.file, format, span)
    reference = _REFERENCE.fullmatch(mend.new)
    if value is None or reference is None:
        return None
    pieces = parse_pieces(value)
    label = problem.message.partition(" ")[0]
    if len(pieces) == 1 and pieces[0].is_braced:  # the key is the default of a reference
        name = variables.keep(pieces[0].default or "", pieces[0].name, problem.config_name)
        return Edit(span, f"${{{name}}}"), f"the key in {label} is now ${{{name}}} alone"
    in_place = " is a secret in plain text" in problem.message
    keys = [value[len(scheme[0]) :] if (scheme := _SCHEME.match(value)) else value] if in_place else find_keys(value)
    if len(keys) != 1 or any(piece.is_braced for piece in pieces):
        return None
    name = variables.choose(keys[0], reference[2], problem.config_name)
    return Edit(span, f"${{{name}}}", old=keys[0]), f"the key in {label} is now ${{{name}}}"
