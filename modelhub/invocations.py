"""AgentScope's hooks; their home is modelhub.telemetry."""

from modelhub.telemetry.invocations import Invocation as Invocation
from modelhub.telemetry.invocations import ignore as ignore
from modelhub.telemetry.invocations import observe as observe
