"""Compares two request bodies modulo what a vendor's API does not see.

proto3's JSON takes snake_case and lowerCamelCase and both alphabets of base64 (Gemini); null is the same as absent;
empty containers that an SDK always sends say nothing; 5.0 is 5.
"""

from __future__ import annotations

import re

# keys whose children are user data (names must not be rewritten)
_OPAQUE = {
    "args",
    "response",
    "properties",
    "parametersJsonSchema",
    "responseJsonSchema",
    "$defs",
    "enum",
    "metadata",
    "labels",
}


def _camel(k):
    return (
        re.sub(r"_([a-z0-9])", lambda m: m.group(1).upper(), k)
        if re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)+", k)
        else k
    )


def _drop_null(o):
    if isinstance(o, dict):
        return {k: _drop_null(v) for k, v in o.items() if v is not None}
    if isinstance(o, list):
        return [_drop_null(v) for v in o]
    return o


def _num(o):
    if isinstance(o, dict):
        return {k: _num(v) for k, v in o.items()}
    if isinstance(o, list):
        return [_num(v) for v in o]
    if isinstance(o, float) and o == int(o):
        return int(o)
    return o


def gemini(o, opaque=False):
    if isinstance(o, dict):
        out = {}
        for k, v in o.items():
            c = k if opaque else _camel(k)
            if c == "type" and isinstance(v, str) and not opaque:
                v = (
                    v.upper()
                    if v.upper() in ("OBJECT", "STRING", "INTEGER", "NUMBER", "BOOLEAN", "ARRAY", "NULL")
                    else v
                )
            if c == "data" and isinstance(v, str) and not opaque:
                v = v.replace("-", "+").replace("_", "/")
            if c == "propertyOrdering":
                continue
            if c == "properties" and not opaque and isinstance(v, dict):
                out[c] = {pk: gemini(pv) for pk, pv in v.items()}
                continue
            out[c] = gemini(v, opaque or c in _OPAQUE - {"properties"})
        if not opaque:
            out = {k: v for k, v in out.items() if not (k in ("generationConfig",) and v == {})}
            if "systemInstruction" in out and isinstance(out["systemInstruction"], dict):
                out["systemInstruction"].pop("role", None)
        return out
    if isinstance(o, list):
        return [gemini(v, opaque) for v in o]
    return o


def canon(provider, o):
    if o is None:
        return None
    o = _num(o)
    if provider == "gemini":
        return gemini(_drop_null(o))
    o = _drop_null(o)
    if provider == "ollama" and isinstance(o, dict):
        o = {k: v for k, v in o.items() if not (k in ("tools", "options", "images") and v in ([], {}))}
    return o


def diff(a, b, path="$"):
    if type(a) is not type(b) and not (isinstance(a, (int, float)) and isinstance(b, (int, float))):
        return [f"{path}: {a!r} != {b!r}"]
    if isinstance(a, dict):
        out = []
        for k in sorted(set(a) | set(b)):
            if k not in a:
                out.append(f"{path}.{k}: only in ours = {b[k]!r}"[:300])
            elif k not in b:
                out.append(f"{path}.{k}: only in recorded = {a[k]!r}"[:300])
            else:
                out += diff(a[k], b[k], f"{path}.{k}")
        return out
    if isinstance(a, list):
        if len(a) != len(b):
            return [f"{path}: length {len(a)} != {len(b)}"]
        return [d for i, (x, y) in enumerate(zip(a, b, strict=True)) for d in diff(x, y, f"{path}[{i}]")]
    return [] if a == b else [f"{path}: {a!r} != {b!r}"]


def compare(provider, recorded, ours):
    return diff(canon(provider, recorded), canon(provider, ours))
