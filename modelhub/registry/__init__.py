"""Models by name."""

from modelhub.registry.registry import ModelRegistry as ModelRegistry
from modelhub.registry.registry import get_model as get_model
from modelhub.registry.registry import init as init
