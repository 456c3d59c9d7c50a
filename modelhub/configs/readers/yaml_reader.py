"""Reads every document of a YAML text as plain data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from modelhub.configs.readers.allowance import TOO_MANY, Allowance
from modelhub.configs.readers.positions import Node, Parsed, TextFault
from modelhub.configs.readers.yaml_plain import MOST_EVENTS, parse_events, read_plain
from modelhub.configs.readers.yaml_scalars import Scalars
from modelhub.late import late
from modelhub.patterns import expression

if TYPE_CHECKING:
    from modelhub.configs.readers import limits, yaml_errors, yaml_tree
else:
    limits = late("modelhub.configs.readers.limits")
    yaml_errors = late("modelhub.configs.readers.yaml_errors")
    yaml_tree = late("modelhub.configs.readers.yaml_tree")

_UNPRINTABLE = expression("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARK = expression("(?:^|\r)\ufeff", re.MULTILINE)


def parse_yaml(text: str, allowance: Allowance | None = None) -> Iterator[Parsed]:
    """Parse each document of a YAML text, of which no more is read than ``allowance`` has; raises TextFault."""
    if bad := _UNPRINTABLE.search(text):
        message = f"the character U+{ord(bad[0]):04X} is not allowed in YAML"
        raise TextFault("MH101", message, bad.start(), hint="remove it, or write it as an escape in double quotes")
    if mark := _MARK.search(text):
        raise TextFault("MH101", "a byte order mark stands inside the text", mark.end() - 1, hint="remove it")
    plain = read_plain(text)
    if plain is None:
        yield from _parse_fully(text, allowance)
        return
    for number, (data, size) in enumerate(plain):
        yield Parsed(data, partial(_find_nodes, text, number), size=size)


def _parse_fully(text: str, allowance: Allowance | None = None) -> Iterator[Parsed]:
    """The documents with the places of their values, and with whatever is wrong or unusual in them."""
    import yaml

    old, core = Scalars(), Scalars(core=True)
    tree = yaml_tree.Tree(text, old)
    number = 0  # of the document
    seen = 0
    try:
        for event in parse_events(text):
            if isinstance(event, yaml.DocumentStartEvent):
                tree = yaml_tree.Tree(text, core if event.version == (1, 2) else old)
            elif isinstance(event, yaml.DocumentEndEvent):
                yield Parsed(tree.data, partial(_find_nodes, text, number), tree.faults, tree.node)
                number += 1
                tree = yaml_tree.Tree(text, old)
            elif not isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent):
                tree.add_event(event)
                seen += 1
                if seen > MOST_EVENTS:
                    if allowance:
                        allowance.take_values(seen)
                    raise TextFault("MH106", TOO_MANY, event.start_mark.index)
    except TextFault:
        yield Parsed(None, partial(_find_nodes, text, number), tree.faults, tree.node)
        raise
    except (yaml.YAMLError, RecursionError, MemoryError) as error:
        mark = getattr(error, "problem_mark", None)
        if limits.is_limit(error):
            yield Parsed(None, partial(_find_nodes, text, number), tree.faults, tree.node)
            raise _find_limit(text, mark.index if mark else None) from None
        if not isinstance(error, yaml.MarkedYAMLError):
            raise TextFault("MH101", "not valid YAML: " + " ".join(str(error).split()), 0) from None
        yield Parsed(None, partial(_find_nodes, text, number), tree.faults, tree.node)
        raise yaml_errors.build_fault(text, error, tree.find_bracket()) from None


def _find_nodes(text: str, number: int) -> Node:
    """The places of the values in the document of this number, found once more."""
    parsed = next(islice(_parse_fully(text), number, None))
    return parsed.root or Node(0, 0)


def _find_limit(text: str, offset: int | None) -> TextFault:
    """Find the place of our own limit in a text that the parser has refused at ``offset``.

    A parser looks ahead: it may refuse a text before it has given the events of what comes earlier. If the text ends at
    ``offset``, it gives them all.
    """
    import yaml

    if offset is not None:
        tree = yaml_tree.Tree(text, Scalars())
        try:
            for event in parse_events(text[:offset]):
                if isinstance(event, yaml.DocumentStartEvent):
                    tree = yaml_tree.Tree(text, Scalars())
                elif isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                    tree.add_event(event)
        except TextFault as fault:
            return fault
        except (yaml.YAMLError, RecursionError, MemoryError):
            pass
    return limits.build_limit_fault(text, offset or 0)
