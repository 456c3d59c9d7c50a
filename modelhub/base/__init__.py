"""The names that are asked of modelhub.base."""

from modelhub.base.wrapper import DEFINED as DEFINED
from modelhub.base.wrapper import Endpoint as Endpoint
from modelhub.base.wrapper import HTTPModelWrapperBase as HTTPModelWrapperBase
from modelhub.base.wrapper import ModelWrapperBase as ModelWrapperBase
from modelhub.base.wrapper import add_query as add_query
