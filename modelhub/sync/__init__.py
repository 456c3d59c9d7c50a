"""The blocking driver; ``driver`` serves flows, ``pool`` holds the connections."""

from modelhub.sync.driver import SyncDriver as SyncDriver
