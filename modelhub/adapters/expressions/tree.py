"""The tree of an expression, as the parser of jmespath gives it, and what is wrong with a text that has none."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NoReturn

from modelhub.adapters.expressions.bounds import DEPTH, LENGTH

Node = dict[str, Any]

# How many arguments each function takes, the most being None where there is no end, and which of them is an expression.
SIGNATURES: dict[str, tuple[int, int | None, int | None]] = {
    **dict.fromkeys(("abs", "avg", "ceil", "floor", "keys", "length", "max", "min"), (1, 1, None)),
    **dict.fromkeys(("reverse", "sort", "sum", "to_array", "to_number", "to_string", "type"), (1, 1, None)),
    "values": (1, 1, None),
    **dict.fromkeys(("contains", "ends_with", "join", "starts_with"), (2, 2, None)),
    **dict.fromkeys(("max_by", "min_by", "sort_by"), (2, 2, 1)),
    "map": (2, 2, 0),
    **dict.fromkeys(("merge", "not_null"), (1, None, None)),
}


class SyntaxFault(ValueError):
    """What is wrong with the text of an expression; ``column`` is that of the character, the first being 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


def parse_tree(text: str) -> Node:
    """The tree of an expression; raises SyntaxFault when it has none, or calls functions that cannot be called so."""
    if len(text) > LENGTH:
        raise SyntaxFault(f"it has more than {LENGTH:,} characters", LENGTH + 1)
    from jmespath.exceptions import JMESPathError, LexerError, ParseError

    from modelhub.adapters.expressions.parser import ForgetfulParser

    try:
        parsed: Any = ForgetfulParser().parse_once(text)
    except LexerError as error:
        raise SyntaxFault(_word(error.message), error.lexer_position + 1) from None
    except ParseError as error:
        value, at = error.token_value, min(error.lex_position, len(text))
        said = f"{value!r} is not expected here" if value not in (None, "") else "it ends too early"
        raise SyntaxFault(said, at + 1) from None
    except RecursionError:
        raise SyntaxFault("it is nested too deep", 1) from None
    except (JMESPathError, LookupError, TypeError, AttributeError, ValueError, Warning) as error:
        raise SyntaxFault("it is empty" if not text else " ".join(str(error).split()), 1) from None
    tree: Node = parsed.parsed
    _check(tree, text)
    return tree


def _word(message: str) -> str:
    """What jmespath says of a character, in the words of the other messages."""
    kind, _, rest = message.partition(" ")
    if kind == "Unclosed":
        return f"what begins here with {rest.split()[0]} is never closed"
    return f"{rest.removeprefix('token ')[:80]} means nothing here" if kind in ("Unknown", "Bad") else message


def _check(tree: Node, text: str) -> None:
    """Raise SyntaxFault for what is certain to fail whatever the document is."""
    calls: dict[str, int] = {}
    references = 0
    stack = [(tree, 1, False)]
    while stack:
        node, depth, may_refer = stack.pop()
        kind = node["type"]
        if depth > DEPTH:
            raise SyntaxFault(f"it has more than {DEPTH} levels", 1)
        children = node["children"]
        if kind == "expref":
            if not may_refer:
                _refuse("& stands only where a function takes an expression", text, "expref", references)
            references += 1
        elif kind == "slice":
            if children[2] == 0:
                raise SyntaxFault("the step of a slice is not 0", _find_zero_step(text))
            continue
        place: int | None = None
        if kind == "function_expression":
            name = node["value"]
            number = calls[name] = calls.get(name, -1) + 1
            place = _check_call(name, children, text, number)
        if kind == "filter_projection":  # as they are written
            children = [children[0], children[2], children[1]]
        stack += [(child, depth + 1, number == place) for number, child in reversed(list(enumerate(children)))]


def _check_call(name: str, arguments: list[Node], text: str, number: int) -> int | None:
    """The place of the argument of a call that is an expression."""
    signature = SIGNATURES.get(name)
    if signature is None:
        from modelhub.adapters.near import ask_near

        _refuse(f"there is no function {name}{ask_near(name, SIGNATURES)}", text, name, number)
    least, most, place = signature
    if len(arguments) < least or (most is not None and len(arguments) > most):
        wanted = f"{least} argument{'s' if least > 1 else ''}" + (" or more" if most is None else "")
        _refuse(f"{name} takes {wanted}, not {len(arguments)}", text, name, number)
    if place is not None and arguments[place]["type"] != "expref":
        which = ("first", "second")[place]
        _refuse(f"the {which} argument of {name} is an expression, such as &name", text, name, number)
    return place


def _refuse(message: str, text: str, wanted: str, number: int) -> NoReturn:
    """Raise the fault at the call of this number of a function, or at this ``&``."""
    tokens = _tokenize(text)
    if wanted == "expref":
        places = [token["start"] for token in tokens if token["type"] == "expref"]
    else:
        pairs = pairwise(tokens)
        places = [token["start"] for token, after in pairs if token["value"] == wanted and after["type"] == "lparen"]
    raise SyntaxFault(message, places[number] + 1 if number < len(places) else 1)


def _find_zero_step(text: str) -> int:
    tokens = _tokenize(text)
    for number, token in enumerate(tokens):
        before = [each["type"] for each in tokens[max(0, number - 3) : number]]
        if token["value"] == 0 and (before[-2:] == ["colon", "colon"] or before == ["colon", "number", "colon"]):
            return int(token["start"]) + 1
    return 1


def _tokenize(text: str) -> list[Any]:
    from jmespath.lexer import Lexer

    return list(Lexer().tokenize(text))
