"""Models whose tools, tool_choice and response_format may have any form: they get the one that the vendor takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelhub.base.http import HTTPModelWrapperBase
from modelhub.base.options import EXTRAS
from modelhub.errors import BadRequestError
from modelhub.fitting import PLAIN, VendorRules
from modelhub.overriding import override

if TYPE_CHECKING:
    from modelhub.engine.call import Call

_KEYS = frozenset({"tools", "tool_choice", "parallel_tool_calls", "functions", "function_call", "response_format"})
_ANY_FORM = (_KEYS - {"parallel_tool_calls"}) | {"stop"}
_NORMALIZED = _KEYS | {"stop", "max_completion_tokens"}


class FittedWrapper(HTTPModelWrapperBase):
    """A model over HTTP that may be given tools and a ``response_format``.

    ``fitting`` says what the vendor takes of them; None leaves them in the caller's form, for services that have
    their own. ``build_request`` is given them in OpenAI's form, with names and schemas that the vendor takes.
    """

    fitting: ClassVar[VendorRules | None] = PLAIN
    checked_elsewhere = EXTRAS | _ANY_FORM

    @override
    def merge(self, options: dict[str, Any]) -> dict[str, Any]:
        merged = super().merge(options)
        if _NORMALIZED.isdisjoint(merged):
            return merged
        from modelhub.fitting.options import normalize_foreign, normalize_options  # few calls need it

        return normalize_foreign(merged) if self.fitting is None else normalize_options(merged, self.fitting)

    @override
    def fit_call(self, call: Call) -> None:
        if _KEYS.isdisjoint(call.options):
            return
        from modelhub.fitting.options import fit_options

        if self.fitting is not None:
            call.options, call.sent = fit_options(call.options, self.fitting)
        elif call.response_format is not None:
            from modelhub.fitting.formats import normalize_format

            try:
                call.response_format = normalize_format(call.response_format)
            except BadRequestError:  # a form of the service's own
                call.response_format = None
