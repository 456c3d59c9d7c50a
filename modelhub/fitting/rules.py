"""What each vendor takes of tools, their names, tool_choice and JSON Schemas, as a table."""

from __future__ import annotations

from typing import NamedTuple

FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"})


class SchemaRules(NamedTuple):
    """What a schema must be; the defaults take every valid schema as it is."""

    vendor: str = ""  # as messages name it
    object_root: bool = False  # the root is of type object, and says its properties
    plain_keys: bool = False  # the properties of the root have names of letters, digits, _, . and - alone
    plain_root: bool = False  # nothing like anyOf is at the root
    closed: bool = False  # every object says additionalProperties: false, and which properties it has
    all_required: bool = False  # every property is required; one that may be missing may be null instead
    typed: bool = False  # every part says its type
    recursive: bool = True  # whether a part may hold itself
    bare_refs: bool = False  # nothing is beside a $ref
    inline: bool = False  # what a $ref points to is in its place, unless it holds itself
    const: bool = True  # whether const is taken; if not, it becomes an enum
    items: bool = False  # every array says its items
    booleans: bool = True  # whether a schema may be true or false
    kept: frozenset[str] | None = None  # the keywords that are taken, None for all
    formats: frozenset[str] | None = None  # the formats that are taken, None for all
    min_items: int | None = None  # the largest minItems, None for any
    simple_patterns: bool = False  # patterns do not look around, refer back, or know the bounds of words

    @property
    def deep(self) -> bool:
        """Whether more than the root has to be looked at."""
        return self.closed or self.bare_refs or self.inline or self.items or not (self.const and self.booleans)


class VendorRules(NamedTuple):
    """What a vendor takes; the defaults take everything."""

    vendor: str = "the vendor"
    names: str | None = None  # the alphabet of a tool's name, None for any
    length: int = 64  # of a name
    own: str = ""  # the form of its own tools, which may stay as they are
    custom: bool = True  # whether it has tools that take free text
    typed_tools: bool = True  # whether it has tools of its own, with a type
    bare_tools: bool = False  # whether it has tools of its own, without a type
    beside: bool = True  # whether it knows what Anthropic has beside a function
    parameters: bool = False  # whether a function without parameters has to say so
    choices: frozenset[str] = frozenset({"auto", "none", "required", "name", "allowed"})
    parallel: bool = True  # whether it can be told to call one tool at a time, in words of its own
    unique: bool = False  # whether it refuses two tools of one name
    stops: int | None = None  # how many texts may stop an answer, None for any number
    blank_stops: bool = True  # whether a text of nothing but white space may stop an answer
    completion: bool = True  # whether it knows max_completion_tokens, or what it is called there
    tool: SchemaRules = SchemaRules()
    strict_tool: SchemaRules | None = None  # None: like other tools
    answer: SchemaRules = SchemaRules()
    strict_answer: SchemaRules | None = None  # None: like other answers


PLAIN = VendorRules()
"""For those of which nothing is known."""

_STRUCTURE = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "anyOf", "$ref", "$defs", "definitions"}
) | {"enum", "const", "description", "title"}

# https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
_OPENAI_STRICT = SchemaRules(
    vendor="strict mode",
    object_root=True,
    plain_root=True,
    closed=True,
    all_required=True,
    typed=True,
    bare_refs=True,
    items=True,
    booleans=False,
    kept=_STRUCTURE
    | {"pattern", "format", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    | {"minItems", "maxItems"},
    formats=FORMATS - {"uri"},
)
# https://platform.openai.com/docs/guides/function-calling
OPENAI = VendorRules(
    vendor="OpenAI",
    names="plain",
    beside=False,
    tool=SchemaRules(vendor="OpenAI", object_root=True, items=True),
    strict_tool=_OPENAI_STRICT,
    strict_answer=_OPENAI_STRICT,
)

# https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
_CLAUDES_ANSWER = SchemaRules(
    vendor="Anthropic",
    closed=True,
    typed=True,
    recursive=False,
    bare_refs=True,
    booleans=False,
    kept=_STRUCTURE | {"default", "format", "minItems", "pattern"},
    formats=FORMATS,
    min_items=1,
    simple_patterns=True,
)
_CLAUDES_TOOL = SchemaRules(vendor="Anthropic", object_root=True, plain_root=True, plain_keys=True)
# https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use
ANTHROPIC = VendorRules(
    vendor="Anthropic",
    names="plain",
    length=128,
    own="anthropic",
    custom=False,
    choices=frozenset({"auto", "none", "required", "name"}),
    unique=True,
    blank_stops=False,  # https://platform.claude.com/docs/en/api/errors
    tool=_CLAUDES_TOOL,
    strict_tool=_CLAUDES_ANSWER._replace(object_root=True, plain_root=True, plain_keys=True),
    answer=_CLAUDES_ANSWER,
)

# https://ai.google.dev/api/caching#FunctionDeclaration, and its parametersJsonSchema
GEMINI = VendorRules(
    vendor="Gemini",
    names="dotted",
    own="gemini",
    custom=False,
    typed_tools=False,
    bare_tools=True,
    beside=False,
    parallel=False,
    unique=True,
    stops=5,  # https://ai.google.dev/api/generate-content#generationconfig
    tool=SchemaRules(vendor="Gemini", object_root=True, bare_refs=True, const=False),
    answer=SchemaRules(vendor="Gemini", bare_refs=True, const=False),
)

# https://help.aliyun.com/zh/model-studio/qwen-function-calling
DASHSCOPE = VendorRules(
    vendor="DashScope",
    names="plain",
    custom=False,
    beside=False,
    choices=frozenset({"auto", "none", "name"}),
    completion=False,
    tool=SchemaRules(vendor="DashScope", object_root=True),
)

# https://docs.bigmodel.cn/api-reference; tool_choice is auto and nothing else
ZHIPUAI = VendorRules(
    vendor="ZhipuAI",
    names="plain",
    custom=False,
    beside=False,
    parameters=True,
    choices=frozenset({"auto"}),
    stops=1,
    completion=False,
    tool=SchemaRules(vendor="ZhipuAI", object_root=True),
)

# https://github.com/ollama/ollama/blob/main/api/types.go
OLLAMA = VendorRules(
    vendor="Ollama",
    custom=False,
    typed_tools=False,
    beside=False,
    choices=frozenset({"auto"}),
    parallel=False,
    tool=SchemaRules(vendor="Ollama", object_root=True, inline=True, booleans=False),
)
