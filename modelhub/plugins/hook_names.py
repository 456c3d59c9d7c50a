"""Whether a plugin may implement a hook, as far as its source tells: what cannot is not imported for it."""

from __future__ import annotations

import ast
import sys

from modelhub.plugins.declared import EntryPoint
from modelhub.plugins.flaws import explain_flaw, is_dynamic, list_bound
from modelhub.plugins.modules import read_tree


def may_have(entry_point: EntryPoint, hook: str) -> bool:
    """Whether what an entry point names may implement ``hook``; nothing is imported."""
    if explain_flaw(entry_point, lambda _: None) is not None:
        return False
    if entry_point.module in sys.modules or is_dynamic(entry_point.module):
        return True
    tree = read_tree(entry_point.module)
    if tree is None:
        return True
    if entry_point.attr is None:
        return any(_binds(statement, hook) for statement in tree.body)
    # Of an object, the class may be imported: then only the import tells.
    imports = any(isinstance(node, ast.ImportFrom | ast.Import) and _is_own(node, entry_point) for node in tree.body)
    return imports or any(isinstance(node, ast.FunctionDef) and node.name == hook for node in ast.walk(tree))


def _binds(statement: ast.stmt, hook: str) -> bool:
    """Whether a statement of a module gives it a name like that of the hook."""
    return any(
        hook in list_bound(node) or (isinstance(node, ast.ImportFrom) and node.names[0].name == "*")
        for node in ast.walk(statement)
    )


def _is_own(node: ast.ImportFrom | ast.Import, entry_point: EntryPoint) -> bool:
    """Whether something of the plugin's own package is imported."""
    top = entry_point.module.partition(".")[0]
    if isinstance(node, ast.ImportFrom):
        return bool(node.level) or (node.module or "").partition(".")[0] == top
    return any(alias.name.partition(".")[0] == top for alias in node.names)
