"""The old home of Endpoint; it is in modelhub.base now."""

from modelhub.base.endpoint import Endpoint as Endpoint
from modelhub.base.endpoint import add_query as add_query
