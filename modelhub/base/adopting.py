"""Makes the calls that a class defines itself go through the engine, which is loaded with the first of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from modelhub.errors import ModelHubError
from modelhub.late import late
from modelhub.tracebacks import shorten

if TYPE_CHECKING:
    from modelhub.base import calling
else:
    calling = late("modelhub.base.calling")

Own = Callable[..., Any]


def adopt(cls: type, base: type) -> None:
    """Make the ``__call__`` and ``acall`` that ``cls`` itself defines go through the engine, as all calls do."""
    for name, adopted in (("__call__", _adopt_call), ("acall", _adopt_acall)):
        own = getattr(cls, name)
        if own is not getattr(base, name) and not getattr(own, "adopted", False):
            setattr(cls, name, adopted(own))
            if name == "acall" or "acall" in cls.__dict__:
                cls.call_in_thread = None  # type: ignore[attr-defined]
            else:  # an inherited ``acall`` would ask something else
                cls.call_in_thread = staticmethod(own)  # type: ignore[attr-defined]
                cls.acall = base.acall  # type: ignore[attr-defined]


def _adopt_call(own: Own) -> Own:
    @functools.wraps(own)
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return self.home.drivers.sync().run(calling.flow_of_python(self, own, None, args, kwargs))
        except ModelHubError as error:
            shorten(error)
            raise

    __call__.adopted = True  # type: ignore[attr-defined]
    return __call__


def _adopt_acall(own: Own) -> Own:
    @functools.wraps(own)
    async def acall(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await self.home.drivers.aio().run(calling.flow_of_python(self, None, own, args, kwargs))
        except ModelHubError as error:
            shorten(error)
            raise

    acall.adopted = True  # type: ignore[attr-defined]
    return acall
