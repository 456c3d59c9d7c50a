"""What all kinds of authorization have in common: what must not be shown of them, and who they say one is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from modelhub.engine.effects import Flow
from modelhub.engine.extras import merge_headers
from modelhub.engine.interface import Authorized, Sources
from modelhub.secrets import scrub
from modelhub.wire import Request


class AuthorizationBase(ABC):
    """One kind of authorization, compiled; ``identity`` tells apart who asks, ``secrets`` must not be shown."""

    def __init__(self, identity: str, secrets: tuple[str, ...]) -> None:
        self.identity = identity
        self._secrets = secrets

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must not be shown: those of the config, and those that are in use now."""
        return self._secrets

    @abstractmethod
    def authorize(self, request: Request, sources: Sources) -> Authorized | None:
        """``request`` as it may be sent; None where something has to be asked for first."""

    def ask(self, request: Request, sources: Sources) -> Flow[Authorized]:
        """The same for a kind that has to ask for something."""
        raise NotImplementedError(f"{type(self).__name__} has nothing to ask for")

    def forget(self, refused: Request) -> bool:
        """False: who is refused once is refused again, unless a kind knows better."""
        return False

    def conceal(self, text: str, made: tuple[str, ...]) -> str:
        """``text`` without its secrets, and without those that were ``made`` for the requests of a call."""
        # The longest first: a shorter one may be a part of it, and would leave the rest of it.
        return scrub(text, sorted((*made, *self.secrets), key=len, reverse=True))


def with_headers(request: Request, headers: Mapping[str, str]) -> Request:
    """``request`` with ``headers``, in place of those that have the same names."""
    return request.replace(headers=merge_headers(request.headers, headers))
