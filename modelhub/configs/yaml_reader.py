"""YAML text as plain data, every document of it."""

import re
from collections.abc import Iterator

from modelhub.configs.positions import Parsed, TextFault
from modelhub.configs.yaml_errors import build_fault
from modelhub.configs.yaml_scalars import Scalars
from modelhub.configs.yaml_tree import Tree

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARK = re.compile("(?:^|\r)\ufeff", re.MULTILINE)


def parse_yaml(text: str) -> Iterator[Parsed]:
    """Parse each document of a YAML text; raises TextFault for a syntax error."""
    import yaml

    if bad := _UNPRINTABLE.search(text):
        message = f"the character U+{ord(bad[0]):04X} is not allowed in YAML"
        raise TextFault("MH101", message, bad.start(), hint="remove it, or write it as an escape in double quotes")
    if mark := _MARK.search(text):
        raise TextFault("MH101", "a byte order mark stands inside the text", mark.end() - 1, hint="remove it")
    scalars = Scalars()
    tree = Tree(text, scalars)
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(event, yaml.DocumentStartEvent):
                tree = Tree(text, scalars)
            elif isinstance(event, yaml.DocumentEndEvent):
                yield Parsed(tree.data, tree.find_nodes, tree.faults)
                tree = Tree(text, scalars)
            elif not isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent):
                tree.add_event(event)
    except (yaml.MarkedYAMLError, TextFault) as error:
        yield Parsed(None, tree.find_nodes, tree.faults)
        raise error if isinstance(error, TextFault) else build_fault(text, error, tree.find_bracket()) from None
    except yaml.YAMLError as error:
        raise TextFault("MH101", "not valid YAML: " + " ".join(str(error).split()), 0) from None
