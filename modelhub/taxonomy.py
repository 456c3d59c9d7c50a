"""The old home of the errors of replies; they are in modelhub.base now."""

from modelhub.engine.classify import Codes as Codes
from modelhub.engine.classify import build_error as build_error
from modelhub.engine.classify import find_request_id as find_request_id
from modelhub.engine.failures import error_from_json as error_from_json
from modelhub.engine.failures import parse_error_body as parse_error_body
