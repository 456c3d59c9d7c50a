"""The names that are asked of modelhub.aio."""

from modelhub.aio.driver import AsyncTransport as AsyncTransport
