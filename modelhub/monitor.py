"""What calls have cost; its home is modelhub.telemetry."""

from modelhub.telemetry.usage import MONITOR as MONITOR
from modelhub.telemetry.usage import Monitor as Monitor
