"""Tokens that another server gives (OAuth 2.0): asked for once by all who need one, and kept while they are good."""

from __future__ import annotations

from copy import copy

from modelhub.adapters.auth.base import AuthorizationBase, with_headers
from modelhub.adapters.auth.token_endpoint import Token, TokenEndpoint
from modelhub.engine.effects import Flow, Wait
from modelhub.engine.interface import Authorized, Sources
from modelhub.engine.patience import find_patience
from modelhub.engine.redirects import followed
from modelhub.engine.single_flight import Flights
from modelhub.errors import ModelCallError, TimeoutError
from modelhub.locks import Lock
from modelhub.overriding import override
from modelhub.wire import Reply, Request

_ONE = ""  # there is one flight at a time: one client has one token


class ClientToken(AuthorizationBase):
    """The token of one client, which threads and event loops share."""

    def __init__(self, identity: str, secrets: tuple[str, ...], endpoint: TokenEndpoint) -> None:
        super().__init__(identity, secrets)
        self._endpoint = endpoint
        self._lock = Lock()
        self._token: Token | None = None
        self._last: tuple[str, ...] = ()  # the last tokens, which must not be shown
        self._flights: Flights[Token | ModelCallError] = Flights()

    @property
    @override
    def secrets(self) -> tuple[str, ...]:
        return (*self._secrets, *self._last)

    @override
    def authorize(self, request: Request, sources: Sources) -> Authorized | None:
        token = self._find_kept(sources)
        return None if token is None else _bear(request, token)

    @override
    def ask(self, request: Request, sources: Sources) -> Flow[Authorized]:
        token = yield from self._ask_together(request, sources)
        return _bear(request, token)

    @override
    def forget(self, refused: Request) -> bool:
        """Ask for another token than the one that was refused, unless that has been done meanwhile."""
        with self._lock:
            if self._token is not None and refused.headers.get("Authorization") == f"Bearer {self._token.text}":
                self._token = None
        return True

    def _find_kept(self, sources: Sources) -> Token | None:
        token = self._token
        return token if token is not None and sources.clock() < token.until else None

    def _ask_together(self, request: Request, sources: Sources) -> Flow[Token]:
        """The token that the first of those who need one asks for.

        What that one fails with, all who wait for it do; but not with what is only its own: that it was cancelled, or
        that its time is over. Another one asks then.
        """
        flights = self._flights
        seat = flights.board(_ONE)
        try:
            while not seat.leads:
                yield Wait(seat, find_patience(request))
                if isinstance(seat.outcome, ModelCallError):
                    raise copy(seat.outcome)
                if seat.outcome is not None:
                    return seat.outcome
            token = self._find_kept(sources)  # of a flight that has landed just before
            if token is None:
                try:
                    token = yield from self._ask(request, sources)
                except ModelCallError as error:
                    if not (isinstance(error, TimeoutError) and error.bound == "total"):
                        flights.land(_ONE, seat, copy(error))
                    raise
            flights.land(_ONE, seat, token)
            return token
        finally:
            flights.leave(_ONE, seat)

    def _ask(self, request: Request, sources: Sources) -> Flow[Token]:
        asked_at = sources.clock()
        asked = self._endpoint.build_request(request)
        reply = yield from followed(asked, (yield from _send(asked)), _send)
        token = self._endpoint.parse_reply(reply, asked_at)
        with self._lock:
            self._token = token
            self._last = (*self._last[-1:], token.text)
        return token


def _bear(request: Request, token: Token) -> Authorized:
    return Authorized(with_headers(request, {"Authorization": f"Bearer {token.text}"}), (token.text,))


def _send(request: Request) -> Flow[Reply]:
    request.aside = True
    reply: Reply = yield request
    return reply
