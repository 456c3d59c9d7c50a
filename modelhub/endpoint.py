"""The old home of Endpoint; it is in modelhub.base now."""

from modelhub.base import Endpoint as Endpoint
from modelhub.base import add_query as add_query
