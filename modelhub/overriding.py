"""``override``, the mark of a method that replaces one of a base class, for Python 3.11 too.

Type checkers see the decorator that they know; a running program needs no library for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import override as override
else:

    def override(method):
        """Mark a method as replacing one of a base class; type checkers say where there is none to replace."""
        method.__override__ = True
        return method
