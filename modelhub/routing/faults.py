"""What is wrong with expressions, for those who check configs."""

from __future__ import annotations

from typing import Any


def find_regex_fault(text: str) -> str | None:
    """What is wrong with a regular expression, and at which of its characters; None if it can be read."""
    import regex  # only configs with expressions need it

    try:
        regex.compile(text)
    except regex.error as error:
        fault: Any = error
        return str(fault.msg) if fault.pos is None else f"{fault.msg} at character {fault.pos + 1}"
    except (ValueError, OverflowError, RecursionError) as error:
        return str(error) or type(error).__name__
    return None


def find_jmespath_fault(text: str) -> str | None:
    """The same for a JMESPath expression."""
    import jmespath
    from jmespath.exceptions import JMESPathError, ParseError

    try:
        jmespath.compile(text)
    except ParseError as error:
        return f"{error.token_value!r} is not expected at character {error.lex_position + 1}"
    except (JMESPathError, RecursionError) as error:
        return " ".join(str(error).split())
    return None
