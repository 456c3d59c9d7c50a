"""Words the syntax errors of PyYAML for people; its two parsers word them differently."""

from typing import Any

from modelhub.configs.readers.positions import Lines, TextFault


def build_fault(text: str, error: Any, bracket: int | None) -> TextFault:
    """Build the fault for a syntax error; ``bracket`` is the offset of the innermost open bracket, if there is one."""
    offset = error.problem_mark.index if error.problem_mark else 0
    opened = error.context_mark.index if error.context_mark else offset
    problem, context = error.problem or "", error.context or ""
    if "expected ':'" in problem:
        offset = opened
    lines = Lines(text)
    if bracket is not None and context.startswith("while parsing a flow"):
        message, hint = _explain_flow(text, offset, bracket, lines.span(bracket).line)
    else:
        message, hint = _explain(problem, context, text[offset : offset + 1], lines.span(opened).line)
    return TextFault("MH101", message, offset, hint=hint)


def _explain_flow(text: str, offset: int, bracket: int, line: int) -> tuple[str, str | None]:
    if text[max(offset - 1, 0) : offset + 1] == "${":
        return "${...} needs quotes inside { } and [ ]", 'write "${NAME}"'
    closing = "]" if text[bracket] == "[" else "}"
    return f"expected ',' or '{closing}'", f"close the '{text[bracket]}' opened on line {line}"


def _explain(problem: str, context: str, here: str, line: int) -> tuple[str, str | None]:
    """Say what is wrong and what to do, given the character at the place and where its block or quote opened."""
    if "tab" in problem.split() or ("cannot start any token" in problem and here == "\t"):
        return "a tab stands where spaces indent the line", "indent with spaces, not tabs"
    if "cannot start any token" in problem:
        return f"a value cannot start with {here}", "put the value in quotes"
    if "mapping values are not allowed" in problem:
        return "a ':' is not expected here", "check the indentation, or put text that holds ': ' in quotes"
    if "expected ':'" in problem:
        return "this line is not 'key: value'", "write a ':' and a space after the key"
    if "unknown escape" in problem:
        return "unknown escape in double quotes", "write \\\\ for a backslash, or use single quotes"
    if "quoted scalar" in context or "double-quoted" in context:
        return "the text ends inside quotes", f"close the quote opened on line {line}"
    if "block sequence entries" in problem or "mapping keys are not allowed" in problem:
        return f"a '{here}' is not expected here", "check the indentation, or put the text in quotes"
    if "incompatible YAML document" in problem:
        return "this version of YAML is not known", "write %YAML 1.2 or %YAML 1.1, or remove the line"
    if "<document start>" in problem:
        return "more text after the end of the value", "check the indentation and the quotes"
    if "block scalar" in context:
        return "only a line break may follow '|' and '>'", "put text that starts with '|' or '>' in quotes"
    if "tag" in context or "tag" in problem:
        return "the tag cannot be read", "put the value in quotes if its '!' is text"
    if "while parsing a block" in context:
        return f"this does not fit the block that starts on line {line}", "check the indentation and the quotes"
    if "alias" in context or "anchor" in context:
        return "a name must follow & and *", "put the value in quotes if it is text"
    return f"not valid YAML: {problem}", None
