"""The codes of problems: one table for reports, for ``modelhub explain-code`` and for docs/codes.md.

It is as long as there are codes: each has its examples beside it, which tests try, and nothing else is here.
"""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """The meaning of one code; ``wrong`` is an example of the mistake, ``right`` shows what to write or do instead."""

    code: str
    title: str
    meaning: str
    wrong: str
    right: str


_GPT = "config_name: gpt\nmodel_type: openai_chat\n"
_GPT_ITEM = "- {config_name: gpt, model_type: openai_chat}\n"
_SERVICE = "config_name: service\nmodel_type: post_api_chat\n"
_TABLE = (
    Code(
        "MH100",
        "the config does not fit the schema of its model_type",
        "The schema of the model_type, often a plugin's, has a rule with no clearer name.",
        "config_name: a\nmodel_type: acme_chat\nodd: 4   # where the plugin's schema says: not 4",
        "modelhub schema acme_chat   # shows the rule that the message names",
    ),
    Code(
        "MH101",
        "the file cannot be read, or its syntax is wrong",
        "There is no such file, a pattern matches none, what an address names cannot be had, it is not text, or it is "
        "no YAML, JSON or TOML.",
        "config_name: [gpt",
        "config_name: gpt\nmodel_type: openai_chat",
    ),
    Code(
        "MH102",
        "a required key is missing",
        "Every config needs config_name and model_type, and some types need more, such as the URL of a service.",
        _SERVICE,
        _SERVICE + "api_url: http://localhost:8000/chat",
    ),
    Code(
        "MH103",
        "a key that does not exist here, often a misspelt one",
        "The model_type ignores this key, so what it was meant to do would not happen. The hint names the key that was "
        "probably meant, or the mapping where this one belongs.",
        _GPT + "generate_args:\n  temprature: 0.5",
        _GPT + "generate_args:\n  temperature: 0.5",
    ),
    Code(
        "MH104",
        "a value of the wrong type",
        "A number in quotes is a string, and a name that looks like a number is one unless it is quoted.",
        _GPT + 'timeout: "30"',
        _GPT + "timeout: 30",
    ),
    Code(
        "MH105",
        "the same key twice in one mapping",
        "Only one of the two values could count, and it would be easy to change the other.",
        _GPT + "timeout: 30\ntimeout: 60",
        _GPT + "timeout: 60",
    ),
    Code(
        "MH106",
        "not a model config",
        "A file holds one config, a list or a mapping by name of them, or a mapping that has those under 'models'. "
        "The files of some other programs are recognised, and what to do with them is said.",
        "- gpt-4o-mini",
        "- config_name: gpt\n  model_type: openai_chat\n  model_name: gpt-4o-mini",
    ),
    Code(
        "MH107",
        "a model_type that nothing installed provides",
        "It is misspelt, or the plugin that provides it is not installed here; `modelhub types` lists the known ones.",
        "config_name: gpt\nmodel_type: opnai_chat",
        "config_name: gpt\nmodel_type: openai_chat",
    ),
    Code(
        "MH108",
        "a config_name that another config already has",
        "Names are unique across all files that are loaded together; the message says where the first one is.",
        "- {config_name: gpt, model_type: openai_chat}\n- {config_name: gpt, model_type: openai_chat}",
        "- {config_name: gpt, model_type: openai_chat}\n- {config_name: gpt-2, model_type: openai_chat}",
    ),
    Code(
        "MH109",
        "an old spelling, or a key without effect",
        "The config loads: AgentScope's spellings are read as their modern form, and a key that this model_type "
        "ignores is passed over. The message says what to write in its place.",
        "config_name: gpt\nmodel_type: openai\nmodel: gpt-4o-mini\nbudget: 100",
        "config_name: gpt\nmodel_type: openai_chat\nmodel_name: gpt-4o-mini",
    ),
    Code(
        "MH110",
        "an option that modelhub does not know; it may be misspelt",
        "Vendors add options, so one that is near no known option is kept and sent as it is, with this warning.",
        _GPT + "generate_args:\n  brand_new_option: 1",
        _GPT + "generate_args:\n  extra_body:\n    brand_new_option: 1",
    ),
    Code(
        "MH111",
        "a value that YAML 1.1 and YAML 1.2 read differently",
        "Files are read as YAML 1.1, in which `on` is true and 017 is 15; most editors and JavaScript programs "
        "read YAML 1.2, in which `on` is text and 017 is 17. Quotes make it text for both. A file that begins with "
        "`%YAML 1.2` and `---` is read as YAML 1.2.",
        _GPT + "timeout: 017",
        _GPT + "timeout: 15",
    ),
    Code(
        "MH112",
        "a character that cannot be seen, or that looks like another",
        "Text from chats, web pages and PDFs brings along zero-width spaces, no-break spaces and letters of other "
        "alphabets. Names that look alike are then different, and a program that asks for one does not find it.",
        'config_name: "gpt\\u200b"\nmodel_type: openai_chat',
        "config_name: gpt\nmodel_type: openai_chat",
    ),
    Code(
        "MH201",
        "a value out of its range",
        "The server would refuse it, or it makes no sense, like a timeout of nothing.",
        _GPT + "generate_args:\n  temperature: 3",
        _GPT + "generate_args:\n  temperature: 1.5",
    ),
    Code(
        "MH202",
        "a value that is not one of the choices",
        "The message lists the choices, and the hint the one that was probably meant.",
        "config_name: local\nmodel_type: ollama_chat\nmodel_name: qwen3\nthink: hihg",
        "config_name: local\nmodel_type: ollama_chat\nmodel_name: qwen3\nthink: high",
    ),
    Code(
        "MH203",
        "a value in the wrong format",
        "A URL without its scheme or slashes, with spaces or an impossible port, a duration nobody can read, a "
        "${...} that names neither a variable nor a file, or a header that HTTP cannot carry.",
        _GPT + "client_args:\n  base_url: http:localhost:8000/v1",
        _GPT + "client_args:\n  base_url: http://localhost:8000/v1",
    ),
    Code(
        "MH204",
        "an expression that cannot be read",
        "A regular expression, a JMESPath expression or a JSON Schema of a router or a cascade has a mistake in it. "
        "The message says what it is, and at which character.",
        _GPT_ITEM + '- config_name: front\n  model_type: router\n  routes: [{to: gpt, when: {matches: "(sql"}}]',
        _GPT_ITEM + "- config_name: front\n  model_type: router\n  routes: [{to: gpt, when: {matches: '\\bsql\\b'}}]",
    ),
    Code(
        "MH206",
        "an expression of a private protocol that cannot be used",
        "It is no JMESPath expression, calls a function that JMESPath lacks, or reads a name that no call document has "
        "or none of this kind of model. The column is that of the character, where the value stands on one line.",
        _SERVICE + "api_url: http://localhost:8000/chat\nrequest: {body: {input: '=lenght(messages)'}}",
        _SERVICE + "api_url: http://localhost:8000/chat\nrequest: {body: {input: '=length(messages)'}}",
    ),
    Code(
        "MH207",
        "parts of a private protocol that do not fit each other",
        "One part needs another that is missing, or that speaks against it: what is sent would not be read, or what is "
        "said has no effect.",
        _SERVICE + "api_url: http://localhost:8000/chat\nrequest: {body: {messages: =messages, tools: =tools}}\n"
        "response: {text: answer}",
        _SERVICE + "api_url: http://localhost:8000/chat\nrequest: {body: {messages: =messages, tools: =tools}}\n"
        "response: {text: answer, tool_calls: {each: calls, name: name, arguments: arguments}}",
    ),
    Code(
        "MH300",
        "no model of that name",
        "The program, or a command, asked for a config_name that no loaded config has.",
        'modelhub.get_model("gtp")  # the config_name is gpt',
        'modelhub.get_model("gpt")',
    ),
    Code(
        "MH301",
        "an environment variable that is not set",
        "A ${NAME} is looked up when the model is first used; `modelhub validate --env` asks beforehand.",
        _GPT + "organization: ${TEAM_ORGANIZATION}",
        _GPT + "organization: ${TEAM_ORGANIZATION:-org-123}   # or set the variable",
    ),
    Code(
        "MH302",
        "a file of a secret or of a certificate that cannot be read",
        "A ${file:...} or a file of `tls` is read when the model is first used; `modelhub validate --env` looks "
        "beforehand.",
        _GPT + "api_key: ${file:/run/secrets/no_such_key}",
        _GPT + "api_key: ${OPENAI_API_KEY:-}   # or create the file, where this process may read it",
    ),
    Code(
        "MH303",
        "a reference to something that is not defined",
        "A config extends or names one that does not exist, or a profile or an included file of that name is nowhere.",
        "- config_name: cheap\n  extends: gtp",
        "- config_name: gpt\n  model_type: openai_chat\n- config_name: cheap\n  extends: gpt",
    ),
    Code(
        "MH304",
        "references that go in a circle",
        "Two configs extend or name each other, or two files include each other, so neither can be completed.",
        "- {config_name: a, extends: b}\n- {config_name: b, extends: a}",
        "- {config_name: a, model_type: openai_chat}\n- {config_name: b, extends: a}",
    ),
    Code(
        "MH305",
        "something that no config can ever use",
        "An abstract config that no model is made from, a profile's overlay for a config that does not exist, or "
        "defaults for a model_type that no config they reach has. It may be misspelt, or left over.",
        "- {config_name: base, abstract: true, model_type: openai_chat}\n- {config_name: gpt, model_type: openai_chat}",
        "- {config_name: base, abstract: true, model_type: openai_chat}\n- {config_name: gpt, extends: base}",
    ),
    Code(
        "MH306",
        "a model of another task",
        "The program asked by `chat`, `embedding` or `image` for a model that does something else.",
        'modelhub.chat("emb")  # whose model_type is openai_embedding',
        'modelhub.embedding("emb")',
    ),
    Code(
        "MH310",
        "limits or budgets that do not agree within a group",
        "Configs with the same `limits.group` share their limits, and those with the same `budget.group` a budget, so "
        "that there is one set of numbers for all of them: write the same ones, or only the group. A group is wrong, "
        "too, if none of its configs says a number.",
        "- {config_name: a, model_type: openai_chat, limits: {group: team, rpm: 600}}\n"
        "- {config_name: b, model_type: openai_chat, limits: {group: team, rpm: 60}}",
        "- {config_name: a, model_type: openai_chat, limits: {group: team, rpm: 600}}\n"
        "- {config_name: b, model_type: openai_chat, limits: {group: team}}",
    ),
    Code(
        "MH311",
        "models of different tasks in one config",
        "The models that a fallback, router, cascade or chain asks all chat, or all make embeddings, or all make "
        "images, also where they are such configs themselves.",
        _GPT_ITEM + "- {config_name: emb, model_type: openai_embedding}\n"
        "- {config_name: safe, model_type: fallback, models: [gpt, emb]}",
        _GPT_ITEM + "- {config_name: gpt-2, model_type: openai_chat}\n"
        "- {config_name: safe, model_type: fallback, models: [gpt, gpt-2]}",
    ),
    Code(
        "MH312",
        "a route to a model that cannot do what the route is for",
        "The route is for calls with tools, or with images or other input, and its model takes none; or a model that "
        "it may ask in turn. Where nobody knows, it is a warning: `capabilities` in the config of the model settles "
        "it.",
        "- {config_name: eye, model_type: ollama_chat, model_name: llava}\n"
        "- {config_name: front, model_type: router, routes: [{to: eye, when: {tools: true}}]}",
        "- {config_name: eye, model_type: ollama_chat, model_name: qwen3, capabilities: {tools: true}}\n"
        "- {config_name: front, model_type: router, routes: [{to: eye, when: {tools: true}}]}",
    ),
    Code(
        "MH313",
        "a route that no call can take",
        "Of the routes of a router the first that fits is taken. One without `when` fits all calls, so that those "
        "behind it are never looked at.",
        _GPT_ITEM + "- config_name: front\n  model_type: router\n  routes:\n    - to: gpt\n"
        "    - {to: gpt, when: {min_tokens: 8000}}",
        _GPT_ITEM + "- config_name: front\n  model_type: router\n  routes:\n"
        "    - {to: gpt, when: {min_tokens: 8000}}\n    - to: gpt",
    ),
    Code(
        "MH314",
        "a budget in dollars for a model whose price is not known",
        "Nothing can be charged to it then, so that it is never used up. The price of a config counts, then those that "
        "a file lists, then those of known models where their vendors themselves are asked.",
        "- {config_name: ours, model_type: openai_chat, model_name: our-model, budget: {usd: 5, per: day}}",
        "- {config_name: ours, model_type: openai_chat, model_name: our-model, budget: {usd: 5, per: day},\n"
        "   price: {prompt: 0.5, completion: 1.5}}",
    ),
    Code(
        "MH401",
        "a key or password in plain text",
        "Config files are shared and committed, and secrets with them. Write where the secret is to be found instead.",
        _GPT + "api_key: sk-9f3kq81mz02xv7",
        _GPT + "api_key: ${OPENAI_API_KEY}",
    ),
    Code(
        "MH402",
        "a placeholder that was never replaced, or a reference in another tool's form",
        "The value is that of an example, or it has the form in which another tool refers to a variable, such as "
        "os.environ/NAME, so the first call would fail.",
        _GPT + 'api_key: "{your_api_key}"',
        _GPT + "api_key: ${OPENAI_API_KEY}",
    ),
    Code(
        "MH403",
        "a server that is not checked",
        "With `verify: false` nobody checks whose certificate a server shows. Whoever is on the way can read all that "
        "is sent, the key included, and change the answers. Trust the server's own CA instead.",
        _GPT + "tls:\n  verify: false",
        _GPT + "tls:\n  verify: true   # and ca: the file with the certificate of your own CA",
    ),
    Code(
        "MH501",
        "a plugin that cannot be loaded",
        "It is installed but broken, or its schema is; all other types work.",
        "modelhub plugins   # shows the reason",
        "pip install --upgrade the-plugin   # or tell its author",
    ),
    Code(
        "MH502",
        "a plugin that claims a name already taken",
        "Two installed packages provide the same model_type, or the same formatter; a built-in keeps it, else the "
        "first by name. The name of the package before it, with a colon, says which one is meant.",
        "model_type: acme_chat   # which the-acme and the-twin both provide; `modelhub plugins` shows both",
        'model_type: "the-twin:acme_chat"   # or uninstall the other one',
    ),
    Code(
        "MH503",
        "a model_type whose keys cannot be checked",
        "Its package has no schema for it, and the source of its class does not say what it takes, so that misspelt "
        "keys pass.",
        "modelhub schema the_type   # prints {}",
        "pip install --upgrade the-plugin   # or ask its author for the file schemas/the_type.json",
    ),
    Code(
        "MH504",
        "a model_type that is Python code, where that is not allowed",
        "A config that names a class runs the module of that class. Only the program, or who runs the command, may say "
        "that its configs are trusted like code.",
        "config_name: a\nmodel_type: python:my_package.models:MyChatWrapper",
        "modelhub.init(path, allow_python=True)  # or modelhub validate --allow-python",
    ),
    Code(
        "MH505",
        "an observer that cannot be made",
        "Nothing that is installed has an observer of this name, or the text after its colon means nothing to it.",
        'modelhub.init(path, observers=["promethues"])',
        'modelhub.init(path, observers=["prometheus"])  # or MODELHUB_OBSERVERS=prometheus',
    ),
    Code(
        "MH506",
        "an observer whose library is not installed",
        "What an observer needs beside modelhub is installed with the extra that is called like it.",
        "MODELHUB_OBSERVERS=prometheus   # without prometheus_client",
        "pip install prometheus-client",
    ),
)
EXPLANATIONS: dict[str, Code] = {code.code: code for code in _TABLE}
CODES: dict[str, str] = {code.code: code.title for code in _TABLE}
