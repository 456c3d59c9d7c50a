"""The values of YAML scalars: by PyYAML's safe rules, except that timestamps stay text, or by those of YAML 1.2."""

from typing import Any

from modelhub.configs.readers.yaml_versions import explain_difference, read_core

CORE = "tag:yaml.org,2002:"
_MAX_DIGITS = 4000  # what Python, too, refuses to read as a number
_TEXT = {CORE + name for name in ("str", "timestamp", "merge", "value")}


class BadScalar(Exception):
    """A scalar that does not fit its tag, or a tag that is not allowed."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


class Scalars:
    """Turns scalars into JSON types; it remembers plain scalars, since many entries repeat them.

    With ``core``, plain scalars are read by the core schema of YAML 1.2.
    """

    def __init__(self, *, core: bool = False) -> None:
        import yaml

        self._node = yaml.ScalarNode
        self._resolver: Any = yaml.resolver.Resolver()
        constructor = yaml.constructor.SafeConstructor()
        self._construct = {
            CORE + "null": lambda _: None,
            CORE + "bool": constructor.construct_yaml_bool,
            CORE + "int": constructor.construct_yaml_int,
            CORE + "float": constructor.construct_yaml_float,
        }
        self._core = core
        self._plain: dict[str, Any] = {}
        self.differing: dict[str, tuple[str, str]] = {}  # what YAML 1.2 reads otherwise, and what to write

    def build_plain(self, text: str) -> Any:
        """Build the value of an unquoted scalar; raises BadScalar."""
        try:
            return self._plain[text]
        except KeyError:
            value = self._read_core(text) if self._core else self._read(text)
            self._plain[text] = value
            return value

    def _read(self, text: str) -> Any:
        value = self.build_tagged(text, self._resolver.resolve(self._node, text, (True, False)))
        if difference := explain_difference(text, value):
            self.differing[text] = difference
        return value

    def _read_core(self, text: str) -> Any:
        try:
            return read_core(text)
        except ValueError:
            raise BadScalar("MH106", "the number is too large") from None

    def build_tagged(self, text: str, tag: str) -> Any:
        """Build the value of a scalar with this tag; raises BadScalar."""
        if tag in _TEXT:
            return text
        if tag not in self._construct:
            raise BadScalar("MH101", *describe_tag(tag))
        if len(text) > _MAX_DIGITS:
            raise BadScalar("MH106", "the number is too large")
        try:
            return self._construct[tag](self._node(tag, text))
        except OverflowError:  # 1:59:59 ..., to the base of 60
            raise BadScalar("MH106", "the number is too large") from None
        except (ValueError, KeyError, IndexError):
            kind = tag.removeprefix(CORE)
            raise BadScalar(
                "MH101", f"the text is not a valid !!{kind}", "put it in quotes and remove the tag"
            ) from None


def describe_tag(tag: str) -> tuple[str, str]:
    """Say that a tag is not allowed and what to write instead. The tag may be a password, so it is not shown."""
    if tag.startswith(CORE):
        return f"the tag !!{tag.removeprefix(CORE):.80} is not allowed", "remove the tag"
    if "env" in tag.casefold():
        return "a tag is not allowed", "write ${NAME} for an environment variable"
    return "a tag is not allowed", "put the value in quotes if its '!' is text"
