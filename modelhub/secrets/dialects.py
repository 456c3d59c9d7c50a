"""References as other tools write them: ``os.environ/NAME``, ``{{ env.NAME }}``, ``$NAME``; and what to write here."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from modelhub.patterns import expression
from modelhub.secrets.shapes import MASK

_NAME = r"(?P<name>[A-Za-z_]\w*)"
_CAPITALS = r"(?P<name>[A-Z_][A-Z0-9_]+)"
_QUOTED = rf"""["']{_NAME}["']"""
_SPARE = r"""(?:\s*,\s*(?:default\s*=\s*)?["'](?P<spare>[^"']*)["'])?"""
_PIPE = r"""(?:\s*\|\s*default\s*\(?\s*["'](?P<spare>[^"']*)["'][^{}]*)?"""
_HOME = r"(?:\$?env|\.Env|\$ENV|secrets?|vars|ENV|inputs|process\.env)"
# Forms that mean nothing but a reference, by the tool that has them.
_CERTAIN = (
    rf"os\.environ/{_NAME}",  # LiteLLM
    rf"os\.environ\[{_QUOTED}\]",
    rf"(?:process|import\.meta)\.env(?:\.{_NAME}|\[{_QUOTED.replace('name', 'other')}\])",
    rf"\$?\{{\{{-?\s*{_HOME}\s*[.:]\s*{_NAME}{_PIPE}\s*-?\}}\}}",  # promptfoo, GitHub, gomplate
    rf"\$?\{{\{{-?\s*{_HOME}\s*\[\s*{_QUOTED}\s*\]{_PIPE}\s*-?\}}\}}",
    rf"\$?\{{\{{-?\s*(?:env|env_var|(?:os\.)?getenv|secret)\s*\(\s*{_QUOTED}{_SPARE}\s*\)[^{{}}]*\}}\}}",  # dbt
    rf"\{{\{{-?\s*(?:env|getenv|secret)\s+{_QUOTED}\s*-?\}}\}}",  # Packer, Helm
    rf"""\{{\{{\s*lookup\(\s*["']env["']\s*,\s*{_QUOTED}{_SPARE}\s*\)\s*\}}\}}""",  # Ansible
    rf"(?:<%=?|#\{{)\s*ENV(?:\.fetch\(|\[){_QUOTED}{_SPARE}[\])]\s*(?:-?%>|\}})",  # Ruby
    rf"(?:os\.)?(?:environ\.get|getenv|env_var)\({_QUOTED}{_SPARE}\)",
    rf"(?<!\$)\{{(?:env|ENV)[:.]{_NAME}(?::-?(?P<spare>[^{{}}]*))?\}}",  # opencode
    r"(?<!\$)\{file:(?P<file>[^{}\s]+)\}",
    rf"(?<![\w:/.])(?:env|ENV)::{_NAME}(?::{{1,2}}(?P<spare>[^\s:]+))?",  # tensorzero
    rf"(?<![\w$])\$[Ee][Nn][Vv]:{_NAME}",  # PowerShell
    rf"\$ENV\{{{_NAME}\}}",
    rf"%env\((?:\w+:)*{_NAME}\)%",  # Symfony
    rf"%\(ENV_{_NAME}\)s",
    rf"!(?:ENV|env|env_var|EnvVar)\s+(?:\$\{{{_NAME}(?::-?(?P<spare>[^}}]*))?\}}|{_NAME.replace('name', 'other')})",
    rf"(?<!\$)\$\{{(?:oc\.env|oc\.decode|ENV|Env|environ|envvar|localEnv|containerEnv):{_NAME}"
    r"(?:(?::-?|,\s*)(?P<spare>[^{}]*))?\}",  # OmegaConf, VS Code
    rf"(?<!\$)\$\{{(?:env|ENV|secrets?|vars|process\.env|os\.environ)[./]{_NAME}(?::-?(?P<spare>[^{{}}]*))?\}}",
    rf"(?<!\$)\$\{{\{{\s*{_NAME}\s*\}}\}}",
    rf"(?<!\$)\$\{{\s*env\s*:\s*{_NAME}(?:,\s*(?P<spare>[^{{}}]*))?\s*\}}",
    rf"(?<!\$)\$\{{\s*{_NAME}\s*(?::?[=|]\s*(?P<spare>[^{{}}]*)|:?[?+][^{{}}]*)?\}}",  # a shell
    r"(?<!\$)\$\{\s*(?P<name>[A-Z_][A-Z0-9_]*)-(?P<spare>[^{}]*)\}",  # lower case may be a key itself, put in braces
    r"(?<!\$)\$\{\s*(?P<name>[A-Z_][A-Z0-9_]*):(?![-?+=])(?P<spare>[^{}]*)\}",  # Spring
)
# Forms that other texts may have as well; they count where no such text stands.
_LIKELY = (
    rf"(?<![\w$\\])\${_CAPITALS}(?!\w)",  # a shell
    rf"(?<![\w$\\])\$\({_CAPITALS}\)",  # Kubernetes
    rf"%(?![0-9A-Fa-f]{{2}}%){_CAPITALS}%(?![0-9A-Fa-f]{{2}})",  # Windows
    rf"(?<![\w$])\{{\{{\s*{_CAPITALS}\s*\}}\}}",
    rf"\{{\${_NAME}\}}",  # Caddy
)
_WHOLE = (
    rf"!(?:ENV|env|env_var|EnvVar)\s+(?:\$\{{{_NAME}(?::-?(?P<spare>[^}}]*))?\}}|{_NAME.replace('name', 'other')})",
    rf"(?:env|ENV|environment|os\.env)[:/.]+{_NAME}",
    rf"(?:env|ENV|getenv)\({_NAME}\)",
    rf"@env(?::|\s+){_NAME}",
    rf"\${_CAPITALS}",
)
_ANY_CASE = (rf"\${_NAME}", rf"%{_NAME}%")
_BEFORE = r"\s*(?:(?i:bearer|basic|token|key)\s+)?"
_OWN = expression(r"\$\$\{|\$\{(?:env:)?[A-Za-z_][A-Za-z0-9_]*(?::-[^{}]*)?\}|\$\{(?:file|keyring):[^}]*\}")
_CERTAIN_SIGNS = ("env", "ENV", "Env", "secret", "vars", "inputs", "{file:", "${")
_SIGNS = (*_CERTAIN_SIGNS, "$", "%", "{")
_PLAIN_DEFAULT = (
    r"(?i)|true|false|none|null|empty|dummy|default|[\d.]{1,6}|https?://[\w.:/-]+|[a-z]{1,8}(?:[-.][a-z0-9]{1,8})*"
)
_LONGEST = 2000  # no reference, with what stands around it, is longer


class Foreign(NamedTuple):
    """A reference in another tool's form: ``text`` as it is written, and ``right`` as it is written here.

    ``default`` is the part of it that may be a secret.
    """

    text: str
    right: str
    default: str | None = None

    @property
    def hint(self) -> str:
        """``right`` with a default in it masked, unless nobody could take it for a secret."""
        if self.default is None or re.fullmatch(_PLAIN_DEFAULT, self.default):
            return self.right
        return self.right.replace(f":-{self.default}}}", f":-{MASK}}}")


def find_foreign(text: str) -> list[Foreign]:
    """The references in ``text`` that another tool would look up, those inside longer texts as well."""
    rest = _OWN.sub(" ", text) if "${" in text else text
    if not any(sign in rest for sign in _SIGNS) or len(rest) > _LONGEST:
        return []
    if whole := _match(text, _ANY_CASE + _WHOLE):
        return [whole]
    found: list[Foreign] = []
    for pattern in _compile(_CERTAIN + _LIKELY):
        matches = [(match[0], right) for match in pattern.finditer(rest) if (right := _build(match))]
        found += [right for _, right in matches]
        for written, _ in matches:
            rest = rest.replace(written, " ")
    return found


def read_foreign(text: str, *, certain: bool = False) -> Foreign | None:
    """The reference that the whole of ``text`` is, perhaps after a word such as Bearer; None for any other text.

    With ``certain``, only forms that mean nothing else are read.
    """
    if not any(sign in text for sign in (_CERTAIN_SIGNS if certain else _SIGNS)) or len(text) > _LONGEST:
        return None
    return _match(text, _CERTAIN if certain else _WHOLE + _CERTAIN + _LIKELY)


def _match(text: str, patterns: tuple[str, ...]) -> Foreign | None:
    for pattern in _compile(patterns, whole=True):
        if (match := pattern.fullmatch(text)) and (found := _build(match)):
            return found
    return None


def _build(match: re.Match[str]) -> Foreign | None:
    parts = {name: value for name, value in match.groupdict().items() if value is not None}
    if "file" in parts:
        return Foreign(match[0], f"${{file:{parts['file']}}}")
    name, default = parts.get("name") or parts.get("other"), parts.get("spare")
    if name is None or _OWN.fullmatch(match[0].strip()):
        return None
    return Foreign(match[0], f"${{{name}}}" if default is None else f"${{{name}:-{default}}}", default)


@cache
def _compile(patterns: tuple[str, ...], *, whole: bool = False) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(f"{_BEFORE}(?:{each})\\s*" if whole else each, re.ASCII) for each in patterns)
