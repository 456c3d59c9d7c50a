"""The names that are asked of modelhub.sync."""

from modelhub.sync.driver import SyncTransport as SyncTransport
