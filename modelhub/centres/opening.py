"""Opens the connection to a centre that its address asks for."""

from __future__ import annotations

from modelhub.centres.address import PORTS, Address
from modelhub.centres.answers import Refused
from modelhub.centres.connection import Connection


def open_connection(address: Address) -> Connection:
    """A connection to the centre of ``address``; it connects when it is first asked. Raises Refused."""
    if address.scheme not in PORTS:
        from modelhub.centres.plugins import PluginConnection

        return PluginConnection(address)
    if address.scheme in ("redis", "rediss"):
        try:
            from modelhub.centres.redis import RedisConnection
        except ImportError:
            raise Refused("configs in Redis need the library redis", "install it with `pip install redis`") from None
        return RedisConnection(address)
    from modelhub.centres.http import HttpConnection

    return HttpConnection(address)
